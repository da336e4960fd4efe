import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import optimize

from keras_gen.errors import InputError
from keras_gen.losses import FDivergence, NonSaturating, f_divergences
from keras_gen.losses.f_gan import ORDERS

LOG2, LOG3, LOG4 = np.log([2, 3, 4])

every_divergence = pytest.mark.parametrize("name", f_divergences.names())
every_order = pytest.mark.parametrize("order", ORDERS)
either_generator = pytest.mark.parametrize("non_saturating", [False, True])


def column(scores):
    return tf.constant(scores, tf.float32)[:, tf.newaxis]


def gradients(loss, real, fake):
    """The slopes of T's loss in the real and in the fake scores, and of G's in the fake ones."""
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([real, fake])
        discriminator = loss.discriminator_loss(real, fake)
        generator = loss.generator_loss(fake)
    return [*tape.gradient(discriminator, [real, fake]), tape.gradient(generator, fake)]


class TestGoldenValues:
    """By hand; sums of a few float32 numbers of order 1."""

    @pytest.mark.parametrize(
        "name, order, real, fake, value",
        [
            ("kl", "real_fake", [1, 2], [1, 1 + LOG3], 0.5),  # -((1 + 2)/2 - (e^0 + e^log 3)/2)
            ("kl", "fake_real", [-1, -1 - LOG3], [-1, -2], 0.5),  # -((1 + 2)/2 - (1 + 3)/2)
            ("reverse_kl", "real_fake", [0, LOG2], [3, 5], 3.75),  # -((-1 - 1/2)/2 - (2 + 4)/2)
            ("reverse_kl", "fake_real", [-3, -5], [0, -LOG2], 3.75),
            ("hellinger", "real_fake", [LOG2, 0], [LOG3, 0], 0.75),  # -((1/2 + 0)/2 - ((3 - 1) + 0)/2)
            ("neyman", "real_fake", [0, LOG4], [LOG4, 0], 0.125),  # -((-1 + 0)/2 - (0 - 3/4)/2)
        ],
    )
    def test_discriminator(self, name, order, real, fake, value):
        loss = FDivergence(name, order).discriminator_loss(column(real), column(fake))
        assert loss.shape == ()
        assert float(loss) == pytest.approx(value, rel=1e-6, abs=1e-6)

    @pytest.mark.parametrize(
        "name, order, fake, equation, non_saturating",
        [
            ("kl", "real_fake", [1, 1 + LOG3], -2.0, -1 - LOG3 / 2),  # -(1 + 3)/2; -(1 + 1 + log 3)/2
            ("kl", "fake_real", [-1, -1 - LOG3], 1 + LOG3 / 2, 2.0),
            ("reverse_kl", "real_fake", [0, LOG2], 1 - LOG2 / 2, 0.75),  # -(-1 - 1 + log 2)/2; -(-1 - 1/2)/2
            ("hellinger", "real_fake", [LOG3, 0], -1.0, -1 / 3),  # -((3 - 1) + 0)/2; -((1 - 1/3) + 0)/2
            ("hellinger", "fake_real", [-LOG3, 0], 1 / 3, 1.0),
        ],
    )
    def test_generator(self, name, order, fake, equation, non_saturating):
        for switch, value in ((False, equation), (True, non_saturating)):
            loss = FDivergence(name, order, switch).generator_loss(column(fake))
            assert loss.shape == ()
            assert float(loss) == pytest.approx(value, rel=1e-6, abs=1e-6)


class TestBestScores:
    """On three points, with p and q in eighths."""

    p, q = np.array([1, 2, 5]), np.array([4, 3, 1])

    @staticmethod
    def scores(divergence, ratio):
        """The scores x whose activation is f'(ratio)."""
        return np.array(
            [
                optimize.brentq(lambda x, t=t: float(divergence.activation(tf.constant(x, tf.float64))) - t, -50, 50)
                for t in np.asarray(divergence.derivative(ratio))
            ]
        )

    @every_divergence
    @every_order
    def test_their_loss_is_minus_the_divergence_and_the_least(self, name, order):
        divergence = f_divergences.get(name)
        one, other, sign = (self.p, self.q, 1) if order == "real_fake" else (self.q, self.p, -1)
        expected = np.sum(other / 8 * divergence.f(one / other))
        best = sign * self.scores(divergence, one / other)
        loss = FDivergence(name, order)

        def value(scores):
            return float(loss.discriminator_loss(column(np.repeat(scores, self.p)), column(np.repeat(scores, self.q))))

        assert value(best) == pytest.approx(-expected, rel=1e-5)
        assert best[0] <= best[1] <= best[2] and best[0] < best[2]  # as p/q
        random = np.random.RandomState(0)
        for _ in range(5):
            assert value(np.clip(best, -3, 3) + random.normal(size=3)) > -expected + 1e-4


class TestStandardGAN:
    """SGAN's divergence is twice Jensen and Shannon's, and its loss that of the standard GAN, up to log 4."""

    real, fake = tf.random.stateless_normal((2, 16, 1), seed=(0, 1)) * 3

    def test_discriminator(self):
        loss = FDivergence("sgan").discriminator_loss(self.real, self.fake)
        standard = NonSaturating().discriminator_loss(self.real, self.fake)
        assert float(loss) == pytest.approx(float(standard) - LOG4, rel=1e-6)

    def test_generator_that_does_not_saturate(self):
        loss = FDivergence("sgan", non_saturating=True).generator_loss(self.fake)
        assert float(loss) == pytest.approx(float(NonSaturating().generator_loss(self.fake)), rel=1e-6)

    def test_generator_of_the_equation(self):
        """E_q[log(1 - sigma(T))], in NumPy."""
        fake = self.fake.numpy().astype("float64")
        expected = np.log(1 - 1 / (1 + np.exp(-fake))).mean() + LOG4
        assert float(FDivergence("sgan").generator_loss(self.fake)) == pytest.approx(expected, rel=1e-5)

    def test_the_other_order_is_the_same_game(self):
        for loss in (FDivergence("sgan", "fake_real"), FDivergence("sgan", "fake_real", non_saturating=True)):
            twin = FDivergence("sgan", "real_fake", loss.non_saturating)
            slopes, twins = gradients(loss, self.real, self.fake), gradients(twin, self.real, self.fake)
            for one, other in zip(slopes, twins, strict=True):
                np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)

    def test_jensen_and_shannons_is_half_of_it(self):
        losses = [FDivergence(name).discriminator_loss(self.real, self.fake) for name in ("js", "sgan")]
        assert float(losses[0]) == pytest.approx(float(losses[1]) / 2, rel=1e-5)


@every_divergence
@every_order
@either_generator
class TestEveryLoss:
    def test_each_side_pulls_its_way(self, name, order, non_saturating):
        loss = FDivergence(name, order, non_saturating)
        real_slope, fake_slope, generator_slope = gradients(loss, column([0.3, -1.2]), column([0.8, -0.1]))
        assert (real_slope.numpy() < 0).all()
        assert (fake_slope.numpy() > 0).all()
        assert (generator_slope.numpy() < 0).all()

    def test_large_scores(self, name, order, non_saturating):
        loss = FDivergence(name, order, non_saturating)
        scores = column(np.linspace(-50, 50, 101))
        values = [loss.discriminator_loss(scores, scores), loss.generator_loss(scores)]
        for tensor in (*values, *gradients(loss, scores, scores)):
            assert np.isfinite(tensor).all()

    def test_low_precision_scores_give_float32_losses(self, name, order, non_saturating):
        loss = FDivergence(name, order, non_saturating)
        scores = tf.cast(column([0.5, -0.25]), tf.bfloat16)
        assert loss.discriminator_loss(scores, scores).dtype == tf.float32
        assert loss.generator_loss(scores).dtype == tf.float32

    def test_its_config_gives_it_back(self, name, order, non_saturating):
        loss = FDivergence(name, order, non_saturating)
        copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
        assert type(copy) is FDivergence
        assert copy.get_config() == {"divergence": name, "order": order, "non_saturating": non_saturating}


@pytest.mark.parametrize("name", ["kl", "hellinger", "js", "sgan"])
def test_where_the_equations_loss_saturates_the_other_does_not(name):
    scores = column([-20])
    equation, non_saturating = (
        gradients(FDivergence(name, "real_fake", switch), scores, scores)[2] for switch in (False, True)
    )
    assert -1e-8 < float(equation[0, 0]) < 0
    assert float(non_saturating[0, 0]) < -0.4


@pytest.mark.parametrize("shape", [(4,), (4, 2), ()])
@every_order
def test_wrong_shapes_are_named(order, shape):
    good, bad = tf.zeros((4, 1)), tf.zeros(shape)
    loss = FDivergence("js", order)
    with pytest.raises(InputError, match=r"real_scores has shape .*\[batch, 1\]"):
        loss.discriminator_loss(bad, good)
    with pytest.raises(InputError, match=r"fake_scores has shape .*\[batch, 1\]"):
        loss.discriminator_loss(good, bad)
    with pytest.raises(InputError, match=r"fake_scores has shape .*\[batch, 1\]"):
        loss.generator_loss(bad)


def test_bad_arguments_are_named():
    with pytest.raises(InputError, match="divergence='wasserstein': choose one of total_variation, kl, "):
        FDivergence("wasserstein")
    with pytest.raises(InputError, match="order='forward': choose one of real_fake, fake_real"):
        FDivergence("kl", "forward")

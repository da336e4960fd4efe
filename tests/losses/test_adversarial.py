from dataclasses import dataclass, field

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.losses import AdversarialLoss, Hinge, LeastSquares, NonSaturating, Relativistic, Wasserstein, adversarial

LOG2, LOG3, LOG4 = np.log([2, 3, 4])


@dataclass
class Golden:
    """What a loss is worth, by hand; every loss with such values goes through all the tests below."""

    loss: AdversarialLoss
    name: str
    discriminator: list[tuple[list[float], list[float], float]] = field(default_factory=list)  # real, fake, value
    generator: list[tuple] = field(default_factory=list)  # fake, real too if the loss is relativistic, value
    slope: float = -0.5  # of a score of 1e4 on the wrong side, one of two

    def generator_loss(self, fake, real):
        return self.loss.generator_loss(fake, real) if self.loss.relativistic else self.loss.generator_loss(fake)


LOSSES = [
    Golden(
        NonSaturating(),
        "non_saturating",
        # sigma(0) = 1/2, sigma(log 3) = 3/4, sigma(-log 3) = 1/4.
        discriminator=[
            ([0, 0], [0, 0], 2 * LOG2),  # -log 1/2 - log 1/2
            # -(log 3/4 + log 1/2)/2 - (log(1 - 1/4) + log(1 - 3/4))/2 = log(4/3)/2 + log(2)/2 + log(4/3)/2 + log(4)/2
            ([LOG3, 0], [-LOG3, LOG3], (3 * LOG4 + LOG2 - 2 * LOG3) / 2),
        ],
        generator=[
            ([0, 0], LOG2),  # -log 1/2
            ([-LOG3, 0], (LOG4 + LOG2) / 2),  # -(log 1/4 + log 1/2)/2
        ],
    ),
    Golden(
        Wasserstein(),
        "wasserstein",
        discriminator=[
            ([3, 5], [1, -2], -4.5),  # -(4 - (-1/2))
            ([-1, 0], [2, 1], 2.0),  # -(-1/2 - 3/2)
        ],
        generator=[([1, -2], 0.5), ([3, 5], -4.0)],
    ),
    Golden(
        Hinge(),
        "hinge",
        discriminator=[
            ([0, 0], [0, 0], 2.0),
            ([3, 0.5], [-2, 1], 1.25),  # (0 + 1/2)/2 + (0 + 2)/2
            ([-1, 1], [-1, 3], 3.0),  # (2 + 0)/2 + (0 + 4)/2
        ],
        generator=[([1, -2], 0.5), ([3, 5], -4.0)],
    ),
    Golden(
        LeastSquares(),
        "least_squares",
        discriminator=[
            ([0, 0], [0, 0], 0.5),
            ([1, 1], [0, 0], 0.0),
            ([3, 0], [2, -1], 2.5),  # (4 + 1)/4 + (4 + 1)/4
        ],
        generator=[([0, 0], 0.5), ([1, 1], 0.0), ([3, -1], 2.0)],  # (4 + 4)/4
        slope=-5000.5,  # (T - 1)/2
    ),
    Golden(
        Relativistic(),
        "relativistic",
        discriminator=[
            ([5, -3], [5, -3], LOG2),  # -log 1/2
            ([LOG3, 0], [0, LOG3], (2 * LOG4 - LOG3) / 2),  # -(log 3/4 + log 1/4)/2
            ([1, 1 + LOG3], [1, 1], (LOG2 + LOG4 - LOG3) / 2),  # -(log 1/2 + log 3/4)/2
        ],
        generator=[
            ([5, -3], [5, -3], LOG2),
            ([1, 1 + LOG3], [1, 1], (LOG2 + LOG4 - LOG3) / 2),
            ([1, 1], [1, 1 + LOG3], (LOG2 + LOG4) / 2),  # -(log 1/2 + log 1/4)/2
        ],
    ),
    Golden(
        Relativistic(pairs="average"),
        "relativistic_average",
        discriminator=[
            ([5, 5], [5, 5], 2 * LOG2),  # -log 1/2 - log(1 - 1/2)
            # The mean of either kind is 0: -(log 3/4 + log 1/4)/2 - log(1 - 1/2)
            ([LOG3, -LOG3], [0, 0], (2 * LOG4 - LOG3) / 2 + LOG2),
            ([LOG3, LOG3], [0, 0], 2 * (LOG4 - LOG3)),  # -log 3/4 - log(1 - 1/4)
        ],
        generator=[
            ([5, 5], [5, 5], 2 * LOG2),
            ([0, 0], [LOG3, -LOG3], LOG2 + (2 * LOG4 - LOG3) / 2),  # -log 1/2 - (log(1 - 3/4) + log(1 - 1/4))/2
            ([0, 0], [LOG3, LOG3], 2 * LOG4),  # -log 1/4 - log(1 - 3/4)
        ],
        slope=-1.0,  # it counts in both means
    ),
]


def column(scores):
    return tf.constant(scores, tf.float32)[:, tf.newaxis]


@pytest.mark.parametrize("golden", LOSSES, ids=lambda golden: golden.name)
class TestEveryLoss:
    def test_golden_values(self, golden):
        # sums of a few float32 numbers of order 1
        for real, fake, value in golden.discriminator:
            loss = golden.loss.discriminator_loss(column(real), column(fake))
            assert loss.shape == ()
            assert float(loss) == pytest.approx(value, rel=1e-6, abs=1e-6)
        for *scores, value in golden.generator:
            loss = golden.loss.generator_loss(*map(column, scores))
            assert loss.shape == ()
            assert float(loss) == pytest.approx(value, rel=1e-6, abs=1e-6)

    def test_each_side_pulls_its_way(self, golden):
        real, fake = column([0.3, -1.2]), column([0.8, 0.1])
        with tf.GradientTape(persistent=True) as tape:
            tape.watch([real, fake])
            discriminator = golden.loss.discriminator_loss(real, fake)
            generator = golden.generator_loss(fake, real)
        assert (tape.gradient(discriminator, real).numpy() < 0).all()
        assert (tape.gradient(discriminator, fake).numpy() > 0).all()
        assert (tape.gradient(generator, fake).numpy() < 0).all()

    @pytest.mark.parametrize("real", [1e4, -1e4])
    @pytest.mark.parametrize("fake", [1e4, -1e4])
    def test_huge_scores(self, golden, real, fake):
        real, fake = column([real, 0]), column([fake, 0])
        with tf.GradientTape(persistent=True) as tape:
            tape.watch([real, fake])
            discriminator = golden.loss.discriminator_loss(real, fake)
            generator = golden.generator_loss(fake, real)
        gradients = [*tape.gradient(discriminator, [real, fake]), tape.gradient(generator, fake)]
        for tensor in (discriminator, generator, *gradients):
            assert np.isfinite(tensor).all()

    def test_a_score_far_on_the_wrong_side_still_pulls(self, golden):
        # Where log(sigma(T) + 1e-8) saturates: the slope at a wrong score of 1e4 is 1 over the batch of 2.
        low, high = column([-1e4, 0]), column([1e4, 0])
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(low)
            discriminator = golden.loss.discriminator_loss(low, high)
            generator = golden.generator_loss(low, high)
        assert float(tape.gradient(discriminator, low)[0, 0]) == pytest.approx(golden.slope)
        assert float(tape.gradient(generator, low)[0, 0]) == pytest.approx(golden.slope)

    @pytest.mark.parametrize("shape", [(4,), (4, 2), (4, 1, 1), ()])
    def test_wrong_shapes_are_named(self, golden, shape):
        good, bad = tf.zeros((4, 1)), tf.zeros(shape)
        message = r"{} has shape " + str(shape).replace("(", r"\(").replace(")", r"\)") + r".*\[batch, 1\]"
        with pytest.raises(InputError, match=message.format("real_scores")):
            golden.loss.discriminator_loss(bad, good)
        with pytest.raises(InputError, match=message.format("fake_scores")):
            golden.loss.discriminator_loss(good, bad)
        with pytest.raises(InputError, match=message.format("fake_scores")):
            golden.generator_loss(bad, good)
        if golden.loss.relativistic:
            with pytest.raises(InputError, match=message.format("real_scores")):
                golden.loss.generator_loss(good, bad)

    def test_low_precision_scores_give_float32_losses(self, golden):
        scores = tf.cast(column([0.5, -0.25]), tf.bfloat16)
        assert golden.loss.discriminator_loss(scores, scores).dtype == tf.float32
        assert golden.generator_loss(scores, scores).dtype == tf.float32

    def test_its_name_and_its_config_give_it_back(self, golden):
        assert adversarial.get(golden.loss) is golden.loss
        config = keras.saving.serialize_keras_object(golden.loss)
        for loss in (adversarial.get(golden.name), keras.saving.deserialize_keras_object(config)):
            assert type(loss) is type(golden.loss)
            assert loss.get_config() == golden.loss.get_config()


def test_the_stable_form_is_the_formula():
    # float64 NumPy, where sigma(T) is far from 0 and 1
    real, fake = np.random.RandomState(0).uniform(-3, 3, (2, 8, 1))
    sigma_real, sigma_fake = 1 / (1 + np.exp(-real)), 1 / (1 + np.exp(-fake))
    loss = NonSaturating()
    expected = -np.log(sigma_real).mean() - np.log(1 - sigma_fake).mean()
    assert float(loss.discriminator_loss(real, fake)) == pytest.approx(expected, rel=1e-6)
    assert float(loss.generator_loss(fake)) == pytest.approx(-np.log(sigma_fake).mean(), rel=1e-6)


def test_every_name_is_tested():
    assert {golden.name for golden in LOSSES} == set(adversarial.names())


def test_unknown_name():
    with pytest.raises(InputError, match="adversarial_loss='hinged': choose one of non_saturating, wasserstein"):
        adversarial.get("hinged")

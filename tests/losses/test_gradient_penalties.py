import keras
import numpy as np
import pytest
import tensorflow as tf

from helpers.quick import slow_unless
from keras_gen.errors import InputError
from keras_gen.losses import OneSidedPenalty, PowerPenalty, R1Penalty, TwoSidedPenalty, gradient_sampling
from keras_gen.losses.gradient_penalties import scores_and_squared_norms

POWERS = [PowerPenalty(), PowerPenalty(0.5, 2.0), PowerPenalty(3.0, 1.5), R1Penalty()]
PENALTIES = [*POWERS, TwoSidedPenalty(), OneSidedPenalty()]


def described(penalty):
    return f"{type(penalty).__name__}-{penalty.get_config()}"


every_penalty = pytest.mark.parametrize("penalty", PENALTIES, ids=described)
every_sampling = pytest.mark.parametrize("sampling", gradient_sampling.SAMPLINGS)


def batches(dim=3, batch_size=6, dtype="float64"):
    """Real and fake vectors and the noise of their points; the means of the two differ."""
    random = np.random.RandomState(0)
    real = tf.constant(random.randn(batch_size, dim) + 1, dtype)
    fake = tf.constant(random.randn(batch_size, dim) - [0.5, 0, 1], dtype)
    return real, fake, tf.constant(random.uniform(size=(batch_size, 3)), dtype)


class TestPenalty:
    @pytest.mark.parametrize(
        "penalty, value",
        [
            # norms 1, 2, 3: squared 1, 4, 9
            (PowerPenalty(k=2, p=6), 2 * (1 + 64 + 729) / 3),
            (PowerPenalty(k=0.5, p=2), 0.5 * (1 + 4 + 9) / 3),
            (PowerPenalty(k=3, p=1.5), 3 * (1 + 2**1.5 + 3**1.5) / 3),
            (PowerPenalty(k=1, p=3), (1 + 8 + 27) / 3),
            (TwoSidedPenalty(10), 10 * (0 + 1 + 4) / 3),
            (R1Penalty(), 10 / 2 * (1 + 4 + 9) / 3),
            (R1Penalty(0.5, "fake"), 0.5 / 2 * (1 + 4 + 9) / 3),
            (OneSidedPenalty(10), 10 * (0 + 1 + 4) / 3),
        ],
    )
    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_golden_values(self, penalty, value, dtype):
        result = penalty(tf.constant([1, 4, 9], dtype))
        assert result.shape == () and result.dtype == dtype
        assert float(result) == pytest.approx(value, rel=1e-6)

    def test_golden_values_below_one(self):
        # norms 1/2 and 1/4
        squared_norms = tf.constant([1 / 4, 1 / 16])
        assert float(TwoSidedPenalty(3)(squared_norms)) == pytest.approx(3 * (1 / 4 + 9 / 16) / 2, rel=1e-6)
        assert float(OneSidedPenalty(3)(squared_norms)) == 0
        assert float(PowerPenalty(3, 4)(squared_norms)) == pytest.approx(3 * (1 / 16 + 1 / 256) / 2, rel=1e-6)

    @every_penalty
    def test_at_zero_slope_value_and_gradient_are_finite(self, penalty):
        slope = tf.zeros((4, 2))
        with tf.GradientTape() as tape:
            tape.watch(slope)
            value = penalty(tf.reduce_sum(slope**2, axis=1))
        # (0 - 1)^2 for the two-sided one, else 0, but for what is taken for zero: (1e-12)^(1.5/2) = 1e-9
        expected = penalty.weight if isinstance(penalty, TwoSidedPenalty) else 0.0
        assert float(value) == pytest.approx(expected, rel=1e-5, abs=1e-8)
        np.testing.assert_array_equal(tape.gradient(value, slope), np.zeros((4, 2)))

    @every_penalty
    def test_huge_slopes(self, penalty):
        squared_norms = tf.constant([1e8, 1e-30])
        with tf.GradientTape() as tape:
            tape.watch(squared_norms)
            value = penalty(squared_norms)
        assert np.isfinite(value)
        assert np.isfinite(tape.gradient(value, squared_norms)).all()

    @every_penalty
    @every_sampling
    def test_its_config_gives_it_back(self, penalty, sampling):
        penalty = type(penalty)(**{**penalty.get_config(), "sampling": sampling})
        copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(penalty))
        assert type(copy) is type(penalty)
        assert copy.get_config() == penalty.get_config()
        assert copy.sampling == sampling
        squared_norms = tf.constant([0.3, 2.5])
        assert float(copy(squared_norms)) == float(penalty(squared_norms))

    @pytest.mark.parametrize(
        "build, message",
        [
            (lambda: PowerPenalty(k=0), "k=0"),
            (lambda: PowerPenalty(k=float("nan")), "k=nan"),
            (lambda: PowerPenalty(p=1), "p=1"),
            (lambda: TwoSidedPenalty(0), "weight=0"),
            (lambda: OneSidedPenalty(-1), "weight=-1"),
            (lambda: R1Penalty(0), "gamma=0"),
            (lambda: PowerPenalty(sampling="normal"), "sampling='normal'"),
            (lambda: TwoSidedPenalty(sampling="normal"), "sampling='normal'"),
        ],
    )
    def test_bad_arguments_are_named(self, build, message):
        with pytest.raises(InputError, match=message):
            build()


class TestScoresAndSquaredNorms:
    # The batches that are scored: real and fake, and the points where these are others.
    @pytest.mark.parametrize(
        "sampling, calls",
        list(zip(gradient_sampling.SAMPLINGS, [3, 4, 3, 2, 2, 2, 3], strict=True)),
    )
    def test_each_batch_is_scored_once(self, sampling, calls):
        scored = []

        def score(x):
            scored.append(x)
            return tf.reduce_sum(x**2, axis=1, keepdims=True)

        real, fake, noise = batches()
        points = gradient_sampling.points(sampling, real, fake, noise)
        real_scores, fake_scores, squared_norms = scores_and_squared_norms(score, real, fake, points)

        assert len(scored) == calls
        np.testing.assert_allclose(real_scores, np.sum(real.numpy() ** 2, 1, keepdims=True))
        np.testing.assert_allclose(fake_scores, np.sum(fake.numpy() ** 2, 1, keepdims=True))
        # The gradient of |x|^2 is 2x.
        np.testing.assert_allclose(squared_norms, 4 * np.sum(np.concatenate(points) ** 2, 1))

    def test_norms_run_over_all_pixels_of_an_image(self):
        weights = np.random.RandomState(0).randn(4, 5, 3)
        images = tf.constant(np.random.RandomState(1).randn(2, 4, 5, 3))
        _, _, squared_norms = scores_and_squared_norms(
            lambda x: tf.reduce_sum(x * weights, axis=(1, 2, 3))[:, tf.newaxis], images, -images, (images,)
        )
        np.testing.assert_allclose(squared_norms, [np.sum(weights**2)] * 2)


class TestLinearCritic:
    """T(x) = a x has the slope |a| everywhere, so the Wasserstein divergence over such T is known in closed form."""

    @every_sampling
    @pytest.mark.parametrize("k, p", [(2.0, 6.0), (0.5, 2.0), (3.0, 1.5)])
    def test_the_penalty_is_k_times_the_norm_to_the_p(self, sampling, k, p):
        critic = keras.layers.Dense(1, use_bias=False, dtype="float64")
        critic.build((None, 3))
        a = critic.get_weights()[0]
        real, fake, noise = batches()
        penalty = PowerPenalty(k, p, sampling)
        _, _, squared_norms = scores_and_squared_norms(
            critic, real, fake, gradient_sampling.points(sampling, real, fake, noise)
        )
        assert float(penalty(squared_norms)) == pytest.approx(k * np.linalg.norm(a) ** p, rel=1e-12)

    @every_sampling
    @pytest.mark.parametrize("k, p", [(2.0, 6.0), pytest.param(0.5, 2.0, marks=pytest.mark.slow)])
    def test_the_optimum(self, sampling, k, p):
        real, fake, noise = batches()
        difference = np.mean(real, 0) - np.mean(fake, 0)
        distance = np.linalg.norm(difference)

        a, value = self.trained(PowerPenalty(k, p, sampling), real, fake, noise)

        # d/d|a| of |a| distance - k |a|^p vanishes; a points from the fakes to the reals. The ascent has converged to
        # float64's rounding.
        norm = (distance / (k * p)) ** (1 / (p - 1))
        np.testing.assert_allclose(a, norm * difference / distance, rtol=1e-9)
        assert value == pytest.approx(norm * distance * (1 - 1 / p), rel=1e-12)

        swapped_a, swapped_value = self.trained(PowerPenalty(k, p, sampling), fake, real, noise)
        np.testing.assert_allclose(swapped_a, -a, rtol=1e-9)
        assert swapped_value == pytest.approx(value, rel=1e-12)

    @staticmethod
    def trained(penalty, real, fake, noise):
        """The maximiser a of E_p[T] - E_q[T] - penalty, and the maximum."""
        a = tf.Variable([[0.1], [0.0], [0.0]], dtype=tf.float64)
        # 1 / the objective's curvature along a at the optimum, so that the steps converge
        rate = 0.1 / (penalty.k * penalty.p * (penalty.p - 1))
        points = gradient_sampling.points(penalty.sampling, real, fake, noise)

        @tf.function
        def ascend(steps):
            value = tf.constant(0.0, tf.float64)
            for _ in tf.range(steps):
                with tf.GradientTape() as tape:
                    real_scores, fake_scores, squared_norms = scores_and_squared_norms(
                        lambda x: x @ a, real, fake, points
                    )
                    value = tf.reduce_mean(real_scores) - tf.reduce_mean(fake_scores) - penalty(squared_norms)
                a.assign_add(rate * tape.gradient(value, a))
            return value

        value = ascend(5000)
        return a.numpy()[:, 0], float(value)


@pytest.mark.parametrize(
    "penalty",
    [PowerPenalty(2, 6), PowerPenalty(2, 3), PowerPenalty(3, 1.5), TwoSidedPenalty(10), OneSidedPenalty(10)],
    ids=described,
)
@pytest.mark.parametrize(
    "sampling", slow_unless(["interpolate_real_fake"], ["real_and_fake", "interpolate_real_fake", "interpolate_within"])
)
def test_gradient_in_the_critics_weights(penalty, sampling):
    """The second derivative d/dw phi(|dT/dx|) against central differences, for T(x) = v tanh(W x + b)."""
    random = np.random.RandomState(0)
    real, fake, noise = batches()
    penalty = type(penalty)(**{**penalty.get_config(), "sampling": sampling})
    points = gradient_sampling.points(sampling, real, fake, noise)
    shapes = [(3, 5), (5,), (5, 1)]
    start = [0.7 * random.randn(*shape) for shape in shapes]

    def value(weights):
        matrix, bias, vector = weights
        _, _, squared_norms = scores_and_squared_norms(
            lambda x: tf.tanh(x @ matrix + bias) @ vector, real, fake, points
        )
        return penalty(squared_norms), squared_norms

    weights = [tf.constant(weight) for weight in start]
    with tf.GradientTape() as tape:
        tape.watch(weights)
        loss, squared_norms = value(weights)
    gradients = tape.gradient(loss, weights, unconnected_gradients="zero")

    # Slopes on both sides of 1, the one-sided penalty's kink, and none so near that a difference straddles it.
    norms = np.sqrt(squared_norms)
    assert norms.min() < 1 < norms.max() and np.abs(norms - 1).min() > 1e-3

    step = 1e-5
    for which, weight in enumerate(start):
        for index in np.ndindex(weight.shape):
            ends = []
            for sign in (1, -1):
                moved = [w.copy() for w in start]
                moved[which][index] += sign * step
                ends.append(float(value([tf.constant(w) for w in moved])[0]))
            difference = (ends[0] - ends[1]) / (2 * step)
            # truncation of order step^2 times the third derivative, rounding of order 1e-16 loss / step
            tolerance = 1e-8 * (1 + float(loss))
            assert float(gradients[which][index]) == pytest.approx(difference, rel=1e-6, abs=tolerance)

"""Tests of `keras_gen/losses/relativistic.py`; values by hand, and every loss's tests, are in `test_adversarial.py`."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.special import expit, rel_entr

from helpers.quick import slow_unless
from keras_gen.errors import InputError
from keras_gen.losses import Relativistic
from keras_gen.losses.relativistic import PAIRS, H

# A finite space of five points, and how often each comes in a batch of ten: all pairs of two such batches give
# expectations under p(x_r) q(x_f) exactly.
REAL_COUNTS = np.array([1, 2, 4, 2, 1])
FAKE_COUNTS = np.array([3, 1, 1, 2, 3])
P, Q = REAL_COUNTS / 10, FAKE_COUNTS / 10

FORMULAS = {
    "log_sigmoid": lambda t: -np.log(expit(t)),
    "linear": lambda t: -t,
    "log_one_minus_sigmoid": lambda t: np.log(1 - expit(t)),
}


def column(scores):
    return tf.constant(scores, tf.float32)[:, tf.newaxis]


def scores_of(counts, scores):
    """The scores [10, 1] of a batch in which each point comes as often as `counts` says."""
    return np.repeat(np.eye(5, dtype="float32"), counts, axis=0) @ scores[:, tf.newaxis]


def random_scores(count=6):
    return np.random.RandomState(0).uniform(-2, 2, (2, count))


def differences(pairs, one, other):
    if pairs == "position":
        return [x - y for x, y in zip(one, other, strict=True)]
    return [x - y for x in one for y in other]


class TestFormulas:
    """Against NumPy in float64, where no sigmoid is near 0 or 1: what is left is float32's rounding."""

    @pytest.mark.parametrize("h", H)
    @pytest.mark.parametrize("pairs", ["position", "all"])
    def test_pairs(self, h, pairs):
        real, fake = random_scores()
        loss = Relativistic(h, pairs)
        expected = np.mean([FORMULAS["log_sigmoid"](t) for t in differences(pairs, real, fake)])
        assert float(loss.discriminator_loss(column(real), column(fake))) == pytest.approx(expected, rel=1e-5)
        expected = np.mean([FORMULAS[h](t) for t in differences(pairs, fake, real)])
        assert float(loss.generator_loss(column(fake), column(real))) == pytest.approx(expected, rel=1e-5)

    def test_average_is_the_papers(self):
        """Algorithm 2 of the paper. Its first code took E_q[T] - T(x_r) for T(x_f) - E_p[T]."""
        real, fake = random_scores()
        real_is_real, fake_is_real = expit(real - fake.mean()), expit(fake - real.mean())
        loss = Relativistic(pairs="average")
        expected = -np.log(real_is_real).mean() - np.log(1 - fake_is_real).mean()
        assert float(loss.discriminator_loss(column(real), column(fake))) == pytest.approx(expected, rel=1e-5)
        assert expected != pytest.approx(2 * -np.log(real_is_real).mean(), rel=0.01)
        expected = -np.log(fake_is_real).mean() - np.log(1 - real_is_real).mean()
        assert float(loss.generator_loss(column(fake), column(real))) == pytest.approx(expected, rel=1e-5)

    @pytest.mark.parametrize("h", H)
    def test_average_with_any_h(self, h):
        real, fake = random_scores()
        expected = FORMULAS[h](fake - real.mean()).mean() + FORMULAS[h](fake.mean() - real).mean()
        loss = Relativistic(h, "average").generator_loss(column(fake), column(real))
        assert float(loss) == pytest.approx(expected, rel=1e-5)

    @pytest.mark.parametrize(
        "h, fake, real, value",
        [
            ("log_sigmoid", 0, np.log(3), np.log(4)),  # -log 1/4
            ("linear", 2, -1, -3),  # -(2 - (-1))
            ("log_one_minus_sigmoid", np.log(3), 0, -np.log(4)),  # log(1 - 3/4)
        ],
    )
    def test_h_by_hand(self, h, fake, real, value):
        loss = Relativistic(h).generator_loss(column([fake]), column([real]))
        assert float(loss) == pytest.approx(value, rel=1e-6)


class TestTheory:
    def test_the_trained_score_is_the_log_ratio(self):
        """Equation (10), by gradient descent on (7) over the five scores."""
        loss = Relativistic(pairs="all")
        scores = tf.Variable(tf.zeros(5))

        @tf.function
        def train(steps):
            for _ in tf.range(steps):
                with tf.GradientTape() as tape:
                    value = loss.discriminator_loss(scores_of(REAL_COUNTS, scores), scores_of(FAKE_COUNTS, scores))
                # Curvatures from 0.02 to 0.2: the slowest direction shrinks by a tenth a step.
                scores.assign_sub(5.0 * tape.gradient(value, scores))

        train(tf.constant(300))
        log_ratio = np.log(P / Q)
        expected = log_ratio - log_ratio.mean()
        np.testing.assert_allclose(scores.numpy() - scores.numpy().mean(), expected, atol=1e-3)

    def test_equal_distributions_cost_log_2(self):
        """By Jensen no score gets below log 2 where p = q, and a constant one gets there."""
        loss = Relativistic(pairs="all")
        batch = scores_of(REAL_COUNTS, tf.fill([5], 3.7))
        assert float(loss.discriminator_loss(batch, batch)) == pytest.approx(np.log(2), rel=1e-6)
        for seed in range(5):
            batch = scores_of(REAL_COUNTS, tf.random.stateless_normal([5], [seed, 0]))
            assert float(loss.discriminator_loss(batch, batch)) > np.log(2) + 1e-3

    @pytest.mark.parametrize("pairs", PAIRS)
    def test_equal_scores_have_no_slope(self, pairs):
        """Where p = q, a constant score is the optimum of every kind of pairs."""
        scores = tf.fill([5], -1.3)
        with tf.GradientTape() as tape:
            tape.watch(scores)
            batch = scores_of(REAL_COUNTS, scores)
            value = Relativistic(pairs=pairs).discriminator_loss(batch, batch)
        np.testing.assert_allclose(tape.gradient(value, scores), np.zeros(5), atol=1e-7)

    def test_linear_h_measures_jeffreys_divergence(self):
        """Equation (11) with h(t) = -t, at the best T."""
        scores = tf.constant(np.log(P / Q) + 2.5, tf.float32)
        real, fake = scores_of(REAL_COUNTS, scores), scores_of(FAKE_COUNTS, scores)
        jeffreys = rel_entr(P, Q).sum() + rel_entr(Q, P).sum()
        assert float(Relativistic("linear", "all").generator_loss(fake, real)) == pytest.approx(jeffreys, rel=1e-5)

    @pytest.mark.parametrize("h", H)
    def test_g_minimises_an_f_divergence(self, h):
        """Equation (11): with f(t) = h(log t), from p(x_r) q(x_f) to the pair with its images swapped."""
        product = P[:, np.newaxis] * Q
        scores = tf.constant(np.log(P / Q), tf.float32)
        loss = Relativistic(h, "all").generator_loss(scores_of(FAKE_COUNTS, scores), scores_of(REAL_COUNTS, scores))
        divergence = (product * FORMULAS[h](np.log(product.T / product))).sum()
        assert float(loss) == pytest.approx(divergence, rel=1e-5)
        assert divergence > FORMULAS[h](0) + 0.1  # f(1), where p = q


@pytest.mark.parametrize("pairs", PAIRS)
@pytest.mark.parametrize("h", H)
class TestEveryChoice:
    def test_a_common_shift_changes_nothing(self, h, pairs):
        loss = Relativistic(h, pairs)
        values = []
        for shift in (0, 1000):
            # halves, which float32 adds exactly
            real, fake = (column(np.round(2 * scores) / 2 + shift) for scores in random_scores(8))
            with tf.GradientTape(persistent=True) as tape:
                tape.watch([real, fake])
                losses = loss.discriminator_loss(real, fake), loss.generator_loss(fake, real)
            values.append([*losses, *(tape.gradient(value, [real, fake]) for value in losses)])
        for one, other in zip(*map(tf.nest.flatten, values), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)

    def test_huge_scores(self, h, pairs):
        loss = Relativistic(h, pairs)
        real, fake = column([1e4, 1e4, -1e4, -1e4, 0]), column([1e4, -1e4, 1e4, -1e4, 2])
        with tf.GradientTape(persistent=True) as tape:
            tape.watch([real, fake])
            losses = loss.discriminator_loss(real, fake), loss.generator_loss(fake, real)
        for value in losses:
            for tensor in (value, *tape.gradient(value, [real, fake])):
                assert np.isfinite(tensor).all()

    def test_the_generator_lifts_fakes_above_reals(self, h, pairs):
        real, fake = map(column, random_scores())
        with tf.GradientTape() as tape:
            tape.watch([real, fake])
            loss = Relativistic(h, pairs).generator_loss(fake, real)
        real_slope, fake_slope = tape.gradient(loss, [real, fake])
        assert (fake_slope.numpy() < 0).all() and (real_slope.numpy() > 0).all()

    def test_its_config_gives_it_back(self, h, pairs):
        config = keras.saving.serialize_keras_object(Relativistic(h, pairs))
        loss = keras.saving.deserialize_keras_object(config)
        assert type(loss) is Relativistic
        assert (loss.h, loss.pairs) == (h, pairs)


def test_all_pairs_of_unequal_numbers():
    real, fake = random_scores()
    expected = np.mean([FORMULAS["log_sigmoid"](x - y) for x in real for y in fake[:2]])
    loss = Relativistic(pairs="all").discriminator_loss(column(real), column(fake[:2]))
    assert float(loss) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"h": "sigmoid"}, "h='sigmoid': choose one of log_sigmoid, linear, log_one_minus_sigmoid"),
        ({"pairs": "each"}, "pairs='each': choose one of position, all, average"),
    ],
)
def test_bad_arguments(wrong, message):
    with pytest.raises(InputError, match=message):
        Relativistic(**wrong)


@pytest.mark.parametrize("pairs", PAIRS)
@pytest.mark.parametrize("h", slow_unless(["log_sigmoid"], H))
def test_two_replicas_are_one(h, pairs, two_replicas):
    """Both losses and their gradients in the parameters of a T, which every replica has and which are summed."""
    loss = Relativistic(h, pairs)
    weights = tf.constant([[0.3], [-1.1], [0.7]])
    x = np.random.RandomState(1).normal(size=(2, 8, 3)).astype("float32")

    def losses(real, fake):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(weights)
            real, fake = real @ weights, fake @ weights
            values = loss.discriminator_loss(real, fake), loss.generator_loss(fake, real)
        return [*values, *(tape.gradient(value, weights) for value in values)]

    def half(array):
        return two_replicas.experimental_distribute_values_from_function(
            lambda context: tf.constant(np.split(array, 2)[context.replica_id_in_sync_group])
        )

    @tf.function
    def distributed(real, fake):
        values = two_replicas.run(losses, (real, fake))
        return [two_replicas.reduce("MEAN", value, axis=None) for value in values]

    for one, two in zip(losses(*x), distributed(*map(half, x)), strict=True):
        np.testing.assert_allclose(two, one, rtol=1e-5, atol=1e-6)


def test_real_scores_that_are_missing():
    with pytest.raises(InputError, match="^real_scores: a relativistic loss compares with real images; give their sco"):
        Relativistic().generator_loss(tf.zeros([3, 1]))

"""On finite joint distributions, where the information and every expectation are sums."""

import math
from functools import partial

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import expit, rel_entr

from keras_gen.errors import InputError
from keras_gen.losses import mutual_information as mi
from keras_gen.models import ReproducibleModel

# How often each pair (x, z) comes in a batch of 24: its rows are expectations under P exactly.
COUNTS = np.array([[6, 1, 1], [1, 5, 2], [0, 2, 6]])
P = COUNTS / COUNTS.sum()
Q = np.outer(P.sum(1), P.sum(0))
INFORMATION = rel_entr(P, Q).sum()
JENSEN_SHANNON = (rel_entr(P, (P + Q) / 2) + rel_entr(Q, (P + Q) / 2)).sum() / 2
SLOPES = np.random.RandomState(0).normal(size=(3, 3))

every_estimator = pytest.mark.parametrize("name", mi.names())


def scores_of(table):
    """Scores of 24 pairs from P [24, 1], and of each one's x with the z of all, themselves included [24, 24].

    The latter are expectations under Q exactly.
    """
    xs, zs = np.repeat(np.argwhere(np.ones((3, 3))), COUNTS.ravel(), axis=0).T
    matrix = np.asarray(table)[np.ix_(xs, zs)]
    return tf.constant(np.diag(matrix)[:, np.newaxis], tf.float32), tf.constant(matrix, tf.float32)


def value(name, table):
    return float(mi.get(name).estimate(*scores_of(table)))


def log_ratio():
    with np.errstate(divide="ignore"):
        return np.maximum(np.log(P / Q), -50)  # -50 stands for the logarithm of the pair that never comes


class TestFormulas:
    """Against NumPy in float64; what is left is float32's rounding."""

    def test_jensen_shannon(self):
        expected = ((P * np.log(expit(SLOPES))).sum() + (Q * np.log(1 - expit(SLOPES))).sum()) / 2 + np.log(2)
        assert value("jensen_shannon", SLOPES) == pytest.approx(expected, abs=1e-6)

    def test_nwj(self):
        expected = (P * SLOPES).sum() - (Q * np.exp(SLOPES - 1)).sum()
        assert value("nwj", SLOPES) == pytest.approx(expected, abs=1e-6)

    def test_donsker_varadhan(self):
        expected = (P * SLOPES).sum() - np.log((Q * np.exp(SLOPES)).sum())
        assert value("donsker_varadhan", SLOPES) == pytest.approx(expected, abs=1e-6)

    def test_info_nce(self):
        joint, shuffled = np.random.RandomState(0).normal(size=(7, 1)), np.random.RandomState(1).normal(size=(7, 4))
        candidates = np.exp(np.concatenate([joint, shuffled], axis=1))
        expected = np.log(np.exp(joint[:, 0]) / candidates.mean(axis=1)).mean()
        assert float(mi.info_nce(joint, shuffled)) == pytest.approx(expected, abs=1e-6)

    def test_barber_agakov(self):
        assert float(mi.barber_agakov(tf.constant([[-1.0, -2.0], [-3.0, 0.0]]), 4.0)) == pytest.approx(2.5)


class TestTheory:
    @pytest.mark.parametrize(
        ("name", "shift", "expected"),
        [
            ("jensen_shannon", 0, JENSEN_SHANNON),
            ("nwj", 1, INFORMATION),
            ("donsker_varadhan", -3, INFORMATION),
        ],
    )
    def test_the_best_scores_reach_it(self, name, shift, expected):
        assert value(name, log_ratio() + shift) == pytest.approx(expected, abs=1e-6)

    @every_estimator
    def test_other_scores_stay_below(self, name):
        for seed in range(50):
            table = log_ratio() + np.random.RandomState(seed).normal(scale=1 + seed / 10, size=(3, 3))
            assert float(mi.get(name).bound(*scores_of(table))) < INFORMATION

    def test_a_bound_is_the_estimate_and_twice_jensen_shannons(self):
        for name in mi.names():
            factor = 2 if name == "jensen_shannon" else 1
            assert float(mi.get(name).bound(*scores_of(SLOPES))) == pytest.approx(factor * value(name, SLOPES))

    def test_half_the_information_bounds_jensen_shannon(self):
        for seed in range(200):
            joint = np.random.RandomState(seed).dirichlet(np.full(12, 0.2)).reshape(3, 4) + 1e-12
            marginals = np.outer(joint.sum(1), joint.sum(0))
            middle = (joint + marginals) / 2
            divergence = (rel_entr(joint, middle) + rel_entr(marginals, middle)).sum() / 2
            assert 0 <= divergence <= rel_entr(joint, marginals).sum() / 2

    @every_estimator
    def test_independent_pairs_have_no_information(self, name):
        """The same rows as P and as Q: no T gives more than zero, and the best constant gives zero."""
        constant = {"nwj": 1.0}.get(name, 0.0)
        estimate = mi.get(name).estimate
        assert float(estimate(tf.fill([8, 1], constant), tf.fill([8, 5], constant))) == pytest.approx(0, abs=1e-6)
        for seed in range(20):
            scores = tf.random.stateless_normal([8, 1], [seed, 0]) * 3
            # Every x meets every z of the batch equally often, so that P = Q; T depends on z alone.
            assert float(estimate(scores, tf.tile(tf.transpose(scores), [8, 1]))) < 1e-6

    @every_estimator
    def test_no_scores_exceed_the_limit(self, name):
        estimator = mi.get(name)
        for scale in (1, 30, 1000):
            joint, shuffled = tf.fill([6, 1], float(scale)), tf.fill([6, 9], -float(scale))
            assert float(estimator.estimate(joint, shuffled)) <= estimator.limit(9) + 1e-6
        if math.isfinite(estimator.limit(9)):
            assert float(estimator.estimate(joint, shuffled)) == pytest.approx(estimator.limit(9), abs=1e-6)

    def test_the_limits_are_logarithms_of_counts(self):
        assert mi.get("jensen_shannon").limit(9) == math.log(2)
        assert mi.get("info_nce").limit(9) == math.log(10)

    def test_small_batches_lift_donsker_varadhan_alone_above_the_information(self):
        """With the best scores, 20,000 batches of two draws from P and from Q; bounds are in standard errors."""
        random = np.random.RandomState(0)
        table = np.maximum(log_ratio(), -5).ravel()
        joint, shuffled = (table[random.choice(9, size=(20_000, 2), p=distribution.ravel())] for distribution in (P, Q))
        for name, shift, too_high in (("donsker_varadhan", 0, True), ("nwj", 1, False), ("jensen_shannon", 0, False)):
            estimate = tf.function(partial(tf.vectorized_map, lambda pair, name=name: mi.get(name).estimate(*pair)))
            batches = [tf.constant(scores[..., np.newaxis] + shift, tf.float32) for scores in (joint, shuffled)]
            values = estimate(batches).numpy()
            error = values.std() / np.sqrt(len(values))
            assert (values.mean() > INFORMATION + 5 * error) == too_high
            assert mi.get(name).is_lower_bound != too_high

    @every_estimator
    def test_huge_scores_stay_finite_where_the_estimate_is(self, name):
        joint, shuffled = tf.constant([[60.0], [-60.0]]), tf.constant([[-60.0, 5.0], [60.0, -5.0]])
        with tf.GradientTape() as tape:
            tape.watch([joint, shuffled])
            estimate = mi.get(name).estimate(joint, shuffled)
        for tensor in (estimate, *tape.gradient(estimate, [joint, shuffled])):
            assert np.isfinite(tensor).all()


def halves(two_replicas, array):
    """An array's first half on the first replica, and its second on the other."""
    return two_replicas.experimental_distribute_values_from_function(
        lambda context: tf.constant(np.split(array, 2)[context.replica_id_in_sync_group])
    )


@every_estimator
def test_two_replicas_are_one(name, two_replicas):
    """The estimate and its gradient in the parameters of a T, which every replica has and which are summed."""
    weights = tf.constant([[0.3], [-1.1], [0.7]])
    random = np.random.RandomState(0)
    x = random.normal(size=(8, 6, 3)).astype("float32")
    x[4:] += 2  # so that the two halves' means have other logarithms
    pairs = x[:, 0], x[:, 1:]

    def step(joint, shuffled):
        with tf.GradientTape() as tape:
            tape.watch(weights)
            estimate = mi.get(name).estimate(joint @ weights, tf.squeeze(shuffled @ weights, axis=-1))
        return estimate, tape.gradient(estimate, weights)

    @tf.function
    def distributed(joint, shuffled):
        return [two_replicas.reduce("MEAN", value, axis=None) for value in two_replicas.run(step, (joint, shuffled))]

    found = distributed(*(halves(two_replicas, array) for array in pairs))
    for one, two in zip(step(*pairs), found, strict=True):
        np.testing.assert_allclose(two, one, rtol=1e-5, atol=1e-6)


class Noise(ReproducibleModel):
    def at(self, step, num_rows):
        self.step.assign(step)
        return self.uniform(num_rows, (), "shuffle")


class TestShuffled:
    @pytest.mark.parametrize("num_rows", [2, 3, 8])
    def test_no_row_meets_itself_and_every_row_is_met_once(self, num_rows):
        model, rows = Noise(seed=1), tf.range(float(num_rows))
        for step in range(20):
            partners = mi.shuffled(rows, model.at(step, num_rows), num_rows - 1).numpy()
            assert partners.shape == (num_rows, num_rows - 1)
            for own, others in enumerate(partners):
                assert sorted(others) == [row for row in range(num_rows) if row != own]
            for shuffle in partners.T:
                assert sorted(shuffle) == list(range(num_rows))

    def test_every_cycle_comes_equally_often(self):
        model, counts = Noise(seed=2), {}
        shuffle = tf.function(lambda step: mi.shuffled(tf.range(4.0), model.at(step, 4))[:, 0])
        for step in range(1200):
            cycle = tuple(shuffle(tf.constant(step, tf.int64)).numpy())
            counts[cycle] = counts.get(cycle, 0) + 1
        # 3! cycles; 200 each, five standard deviations of a binomial count
        assert len(counts) == 6
        assert max(abs(count - 200) for count in counts.values()) < 5 * np.sqrt(1200 * 5 / 36)

    def test_the_seed_and_the_step_decide(self):
        rows = tf.range(50.0)
        one = mi.shuffled(rows, Noise(seed=1).at(3, 50))
        np.testing.assert_array_equal(mi.shuffled(rows, Noise(seed=1).at(3, 50)), one)
        assert np.mean(mi.shuffled(rows, Noise(seed=1).at(4, 50)) == one) < 0.2
        assert np.mean(mi.shuffled(rows, Noise(seed=2).at(3, 50)) == one) < 0.2

    def test_a_small_last_batch_has_too_few_rows(self):
        shuffle = tf.function(
            lambda rows, noise: mi.shuffled(rows, noise, 3),
            input_signature=[tf.TensorSpec([None, 2]), tf.TensorSpec([None])],
        )
        assert shuffle(tf.zeros([4, 2]), tf.zeros([4])).shape == (4, 3, 2)
        with pytest.raises(tf.errors.InvalidArgumentError, match="InputError: num_shuffles=3 of a batch of.*3"):
            shuffle(tf.zeros([3, 2]), tf.zeros([3]))

    def test_two_replicas_shuffle_one_batch_and_gradients_pass_between_them(self, two_replicas):
        codes = np.random.RandomState(0).normal(size=(8, 3)).astype("float32")
        noise = np.random.RandomState(1).uniform(size=8).astype("float32")
        weights = tf.constant([[0.3], [-1.1], [0.7]])

        def step(codes, noise):
            with tf.GradientTape() as tape:
                tape.watch(weights)
                scores = codes @ weights
                loss = tf.reduce_mean(scores**2 * mi.shuffled(scores, noise, 2)[:, :, 0])
            return mi.shuffled(codes, noise, 2), loss, tape.gradient(loss, weights)

        @tf.function
        def distributed(codes, noise):
            pairs, *values = two_replicas.run(step, (codes, noise))
            means = [two_replicas.reduce("MEAN", value, axis=None) for value in values]
            return tf.concat(two_replicas.experimental_local_results(pairs), axis=0), *means

        for one, two in zip(
            step(codes, noise), distributed(*(halves(two_replicas, array) for array in (codes, noise))), strict=True
        ):
            np.testing.assert_allclose(two, one, rtol=1e-5, atol=1e-6)


FALSE_NWJ = mi.Estimator("nwj", mi.donsker_varadhan, is_lower_bound=True, limit=lambda m: math.inf)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mi.get(FALSE_NWJ), "^name='nwj' is that of another estimator; give yours another$"),
        (lambda: mi.get("mine"), "estimator='mine': choose one of jensen_shannon, nwj, donsker_varadhan, info_nce"),
        (lambda: mi.nwj(tf.zeros([4]), tf.zeros([4])), r"joint_scores has shape \(4,\), shuffled_scores \(4,\): give"),
        (lambda: mi.nwj(tf.zeros([4, 2]), tf.zeros([4, 1])), r"joint_scores has shape \(4, 2\)"),
        (lambda: mi.info_nce(tf.zeros([4, 1]), tf.zeros([3, 1])), r"shuffled_scores \(3, 1\)"),
        (lambda: mi.shuffled(tf.zeros([1, 2]), tf.zeros([1])), "num_shuffles=1 of a batch of 1: give at least 1, and"),
        (lambda: mi.shuffled(tf.zeros([4, 2]), tf.zeros([4]), 4), "num_shuffles=4 of a batch of 4"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(InputError, match=message):
        call()

"""The study `estimators` of the post on the VAE and mutual information."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from helpers.quick import slow_unless
from reproductions.experiments import estimators
from reproductions.experiments.estimators import DIMENSIONS
from reproductions.studies.estimators import LEVELS, STUDY


def settings(title, **changes):
    return STUDY.presets["smoke"].replace({**STUDY.variants[title], **changes})


def covariance_of(rho):
    """Of x and z together, [2 dimensions, 2 dimensions]."""
    return np.kron([[1, rho], [rho, 1]], np.eye(DIMENSIONS))


class TestPairs:
    @pytest.mark.parametrize("information", LEVELS)
    def test_the_correlation_makes_the_information(self, information):
        """I(x, z) = (log|C_x| + log|C_z| - log|C|) / 2 of Gaussians, by NumPy's determinants."""
        covariance = covariance_of(estimators.correlation(information))
        assert -np.linalg.slogdet(covariance)[1] / 2 == pytest.approx(information, abs=1e-9)

    def test_the_draws_have_that_correlation(self):
        x, z = estimators.pairs(20_000, tf.constant(0.6), tf.constant([0, 1]))
        covariance = np.cov(np.concatenate([x, z], axis=1).T)
        # of 1,600 entries, whose standard errors are at most sqrt(2/n)
        assert np.abs(covariance - covariance_of(0.6)).max() < 5 * np.sqrt(2 / 20_000)


def test_scores_of_every_x_with_its_own_and_all_other_z():
    f, g = np.random.RandomState(0).normal(size=(2, 5, 4)).astype("float32")
    joint, shuffled = estimators.separable_scores(tf.constant(f), tf.constant(g))
    matrix = f @ g.T / 2
    np.testing.assert_allclose(joint[:, 0], np.diag(matrix), rtol=1e-6)
    for row in range(5):
        np.testing.assert_allclose(np.sort(shuffled[row]), np.sort(np.delete(matrix[row], row)), atol=1e-6)


@pytest.fixture(scope="module")
def short_run():
    title = "InfoNCE, batch of 64"
    changes = {"steps": 120, "batch_size": 16, "learning_rate": 3e-3, "widths": (64,), "embedding": 16}
    return STUDY.perform(settings(title, **changes), None)


class TestARun:
    def test_climbs_and_stays_below_the_limit(self, short_run):
        assert [level["information"] for level in short_run["levels"]] == list(LEVELS)
        means = [level["mean"] for level in short_run["levels"]]
        assert means == sorted(means)
        assert 1.5 < means[-1] < np.log(16)
        assert short_run["limit"] == pytest.approx(np.log(16))
        assert max(level["largest"] for level in short_run["levels"]) <= np.log(16)

    def test_numbers_are_of_the_last_quarter_and_the_trace_of_all(self, short_run):
        assert len(short_run["trace"]) == 5 * len(LEVELS)
        # the last fifth of a level lies within its last quarter
        for level, last in zip(short_run["levels"], short_run["trace"][4::5], strict=True):
            assert level["median"] == pytest.approx(last, abs=level["standard_deviation"])
            assert level["largest"] >= max(level["mean"], level["median"])

    @pytest.mark.parametrize(
        "title", slow_unless(["NWJ"], ["Jensen-Shannon, its T read as NWJ", "Donsker-Varadhan", "NWJ"])
    )
    def test_other_estimators_have_no_limit_but_the_information(self, title):
        found = STUDY.perform(settings(title, batch_size=8), None)
        assert found["limit"] is None
        assert np.isfinite(found["trace"]).all()


class TestADecoder:
    def test_a_decoder_that_is_the_posterior_estimates_the_information(self, monkeypatch):
        """q(x|z) = N(rho z, 1 - rho^2) is p(x|z), where the bound is I: a mean over 20,000 pairs, to five errors."""
        rho = estimators.correlation(4.0)

        log_scale = np.log(1 - rho**2) / 2
        posterior = keras.layers.Lambda(lambda z: keras.ops.concatenate([rho * z, log_scale + 0 * z], axis=-1))
        monkeypatch.setattr(estimators, "mlp", lambda *args, **kwargs: posterior)
        _, objective, limit = estimators._by_decoder(settings("Barber-Agakov"))
        _, estimate = objective(*estimators.pairs(20_000, tf.constant(rho, tf.float32), tf.constant([0, 1])))
        # log p(x|z)/p(x) has the variance 20 rho^2: of each dimension, half the difference of two squares.
        assert float(estimate) == pytest.approx(4.0, abs=5 * np.sqrt(20 * rho**2 / 20_000))
        assert limit == np.inf

    def test_its_run_climbs(self):
        changes = {"steps": 400, "batch_size": 64, "learning_rate": 1e-2, "widths": (128,)}
        found = STUDY.perform(settings("Barber-Agakov", **changes), None)
        means = [level["mean"] for level in found["levels"]]
        assert means == sorted(means)
        assert means[-1] > 6
        for level in found["levels"]:
            # a lower bound in expectation: three standard errors of the last quarter's mean
            assert level["mean"] < level["information"] + 3 * level["standard_deviation"] / np.sqrt(100)
        assert found["limit"] is None


def test_the_table_by_hand():
    def run(seed, mean, limit):
        row = {"median": mean, "standard_deviation": 0.5, "largest": mean + 1}
        levels = [{"information": information, "mean": mean + information, **row} for information in LEVELS]
        return {"variant": "NWJ", "seed": seed, "levels": levels, "limit": limit}

    runs = [run(0, -1.0, None), run(1, 0.0, None)]
    record = {"question": "What?", "flags": {"steps": 20}, "runs": runs}
    lines = STUDY.table(record).splitlines()
    assert lines[0] == "20 steps on each level, seeds 0, 1."
    cells = " | ".join(f"{information - 0.5:.2f} ± 0.5" for information in LEVELS)
    assert lines[-1] == f"| NWJ | {cells} | 1 |  |"

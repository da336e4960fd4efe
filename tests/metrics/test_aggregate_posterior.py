import sys

import numpy as np
import pytest
import tensorflow_probability as tfp

from keras_gen.errors import InputError
from keras_gen.metrics import aggregate_posterior

tfd = tfp.distributions


def test_the_prior_kl_is_that_of_tfp():
    means, log_variances = np.random.RandomState(0).normal(size=(2, 30, 4))
    posterior = tfd.MultivariateNormalDiag(means, np.exp(log_variances / 2))
    expected = np.mean(posterior.kl_divergence(tfd.MultivariateNormalDiag(np.zeros(4), np.ones(4))))
    assert aggregate_posterior(means, log_variances)["prior_kl"] == pytest.approx(expected, rel=1e-10)


def test_the_information_is_that_of_tfps_mixture():
    """The same expectation from draws and densities of TFP; five standard errors of both together."""
    means, log_variances = np.random.RandomState(1).normal(size=(2, 20, 3))
    scales = np.exp(log_variances / 2)
    posterior = tfd.MultivariateNormalDiag(means, scales)
    mixture = tfd.MixtureSameFamily(tfd.Categorical(logits=np.zeros(20)), posterior)
    z = posterior.sample(500, seed=(0, 0))
    ratios = (posterior.log_prob(z) - mixture.log_prob(z)).numpy()
    found = aggregate_posterior(means, log_variances, num_draws=500)
    assert found["information"] == pytest.approx(ratios.mean(), abs=5 * ratios.std() * np.sqrt(2 / ratios.size))
    assert found["information"] + found["marginal_kl_upper_bound"] == pytest.approx(found["prior_kl"], rel=1e-12)


def test_the_rest_is_a_bound_that_narrow_posteriors_leave_far_above_the_kl():
    """Codes that together are N(0, I), whose KL to it is 0: prior KL 64 (log 1/0.3), information log 1,000."""
    means = np.sqrt(1 - 0.3**2) * np.random.RandomState(0).normal(size=(1_000, 64))
    found = aggregate_posterior(means, np.full_like(means, 2 * np.log(0.3)))
    assert found["information"] == pytest.approx(np.log(1_000), abs=1e-6)
    # The mean of |means|^2 / 2 has the standard error 0.91 sqrt(64/2) / sqrt(1,000).
    expected = -64 * np.log(0.3) - np.log(1_000)
    assert found["marginal_kl_upper_bound"] == pytest.approx(expected, abs=5 * 0.91 * np.sqrt(32 / 1_000))


def test_codes_far_apart_tell_everything_and_equal_ones_nothing():
    far = np.arange(50)[:, np.newaxis] * 100.0
    assert aggregate_posterior(far, np.zeros((50, 1)))["information"] == pytest.approx(np.log(50), abs=1e-9)
    none = aggregate_posterior(np.zeros((50, 2)), np.zeros((50, 2)))
    assert none == pytest.approx({"prior_kl": 0, "information": 0, "marginal_kl_upper_bound": 0}, abs=1e-9)


@pytest.mark.parametrize("log_variance", [-2, -12, -24, -36, -40, -200])
@pytest.mark.parametrize("shift", [0, 100])
def test_the_narrowest_posteriors_tell_log_n_and_no_more(log_variance, shift):
    """Codes that are far apart for their deviations, and however far they all are from 0."""
    means = shift + 4 * np.random.RandomState(0).normal(size=(100, 16))
    found = aggregate_posterior(means, np.full_like(means, log_variance))
    assert found["information"] == pytest.approx(np.log(100), abs=1e-9)


def test_the_information_of_narrow_posteriors_beside_each_other():
    """Pairs of equal means: each draw is from one of two, so that one bit is missing."""
    means = np.repeat(np.random.RandomState(0).normal(size=(50, 16)), 2, axis=0)
    for log_variance in (-20, -36, -40):
        found = aggregate_posterior(means, np.full_like(means, log_variance))
        assert found["information"] == pytest.approx(np.log(50), abs=1e-9)


def test_many_codes_in_blocks(monkeypatch):
    means, log_variances = np.random.RandomState(0).normal(size=(2, 30, 4))
    whole = aggregate_posterior(means, log_variances)
    monkeypatch.setattr(sys.modules["keras_gen.metrics.aggregate_posterior"], "BLOCK", 7)
    assert aggregate_posterior(means, log_variances) == pytest.approx(whole, rel=1e-12)
    assert aggregate_posterior(means, log_variances, seed=1) != whole


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.zeros((3, 2)), np.zeros((3, 1))), r"means \(3, 2\) and log_variances \(3, 1\) must both be"),
        ((np.full((3, 2), np.nan), np.zeros((3, 2))), "contain NaN or infinite values"),
        ((np.zeros((3, 2)), np.zeros((3, 2)), 0), "num_draws=0: must be a whole number of at least 1"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(InputError, match=message):
        aggregate_posterior(*arguments)

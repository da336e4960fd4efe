"""The discrepancy between codes and the standard normal, against closed forms, NumPy and draws."""

import sys

import numpy as np
import pytest

from keras_gen.errors import InputError
from keras_gen.metrics import maximum_mean_discrepancy


def kernel(x, y, bandwidth):
    return np.exp(-np.sum((x[:, np.newaxis] - y) ** 2, axis=-1) / (2 * bandwidth**2))


def test_the_estimate_is_numpys_with_draws_in_the_place_of_the_exact_terms():
    """Of 20,000 draws y: each mean over draws is exact to five of its standard errors."""
    random = np.random.default_rng(0)
    codes, draws = random.normal(0.3, 1.5, (50, 3)), random.standard_normal((20_000, 3))
    own = kernel(codes, codes, 2.0)
    of_codes = (own.sum() - 50) / (50 * 49)
    to_draws = kernel(codes, draws, 2.0).mean(axis=0)
    of_draws = kernel(draws[::2][:1_000], draws[1::2][:1_000], 2.0)
    expected = of_codes - 2 * to_draws.mean() + of_draws.mean()
    # The mean over pairs of 1,000 x 1,000 draws varies no more than that of 1,000 independent ones.
    error = 2 * to_draws.std() / np.sqrt(20_000) + of_draws.std() / np.sqrt(1_000)
    assert maximum_mean_discrepancy(codes, 2.0)[0] == pytest.approx(expected, abs=5 * error)


def test_codes_of_another_normal_against_the_closed_form():
    """Of N(a, b^2 I): E_pp k = (s/(s + 2 b^2))^(d/2), E_pq k = (s/(s + 1 + b^2))^(d/2) exp(-|a|^2 / 2(s + 1 + b^2))."""
    dim, a, b = 4, 0.5, 1.4
    codes = np.random.default_rng(1).normal(a, b, (4_000, dim))
    s = dim
    between = (s / (s + 1 + b**2)) ** (dim / 2) * np.exp(-dim * a**2 / (2 * (s + 1 + b**2)))
    expected = (s / (s + 2 * b**2)) ** (dim / 2) - 2 * between + (s / (s + 2)) ** (dim / 2)
    # Parts of the same size have independent estimates, of which the whole is about the mean.
    parts = [maximum_mean_discrepancy(part)[0] for part in np.split(codes, 20)]
    assert expected > 0.01
    assert maximum_mean_discrepancy(codes)[0] == pytest.approx(expected, abs=5 * np.std(parts) / np.sqrt(20))


def test_true_draws_have_the_mean_zero_and_the_deviation_that_is_said():
    random = np.random.default_rng(2)
    found = [maximum_mean_discrepancy(random.standard_normal((40, 3))) for _ in range(2_000)]
    values, deviations = np.transpose(found)
    assert len(set(deviations)) == 1
    assert values.mean() == pytest.approx(0, abs=5 * deviations[0] / np.sqrt(2_000))
    # The distribution has heavy tails: its fourth moment makes the deviation of 2,000 values good to some 4 %.
    assert values.std() == pytest.approx(deviations[0], rel=0.15)


def test_narrow_posteriors_around_a_normal_are_told_from_the_normal():
    """Where the prior KL less the information cannot: 1,000 codes that together are N(0, I) up to their number."""
    random = np.random.default_rng(3)
    means = np.sqrt(1 - 0.3**2) * random.standard_normal((1_000, 64))
    codes = means + 0.3 * random.standard_normal((1_000, 64))
    value, deviation = maximum_mean_discrepancy(codes)
    assert abs(value) < 5 * deviation
    assert maximum_mean_discrepancy(1.2 * codes)[0] > 20 * deviation


def test_many_codes_in_blocks(monkeypatch):
    codes = np.random.default_rng(4).standard_normal((30, 2))
    whole = maximum_mean_discrepancy(codes)
    monkeypatch.setattr(sys.modules["keras_gen.metrics.maximum_mean_discrepancy"], "BLOCK", 7)
    assert maximum_mean_discrepancy(codes) == pytest.approx(whole, rel=1e-10)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.zeros(3),), r"codes \(3,\): give \[n, dim\]"),
        ((np.zeros((1, 3)),), r"codes \(1, 3\): give"),
        ((np.zeros((3, 0)),), r"codes \(3, 0\): give"),
        ((np.full((3, 2), np.inf),), "contain NaN or infinite"),
        ((np.zeros((3, 2)), 0.0), "bandwidth=0.0: must be a finite number above 0"),
        ((np.zeros((3, 2)), np.nan), "bandwidth=nan: must"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(InputError, match=message):
        maximum_mean_discrepancy(*arguments)

"""Effective rank and excess kurtosis of codes, against closed forms and SciPy."""

import numpy as np
import pytest
import scipy.stats

from keras_gen.errors import InputError
from keras_gen.metrics import effective_rank, excess_kurtosis


@pytest.fixture(scope="module")
def normal():
    """4,000 draws from N(0, I) in 32 dimensions."""
    return np.random.default_rng(0).standard_normal((4_000, 32))


def test_of_true_draws(normal):
    assert effective_rank(normal) == pytest.approx(32 / (1 + 33 / 4_000), rel=2e-3)
    # The square of a dimension's excess has the mean 24 / n; of 32 dimensions the root is good to some 15 %.
    assert excess_kurtosis(normal) == pytest.approx(np.sqrt(24 / 4_000), rel=0.5)


def test_neither_shift_nor_scale_changes_them(normal):
    changed = 7 - 3 * normal
    assert effective_rank(changed) == pytest.approx(effective_rank(normal), rel=1e-9)
    assert excess_kurtosis(changed) == pytest.approx(excess_kurtosis(normal), rel=1e-9)


def test_codes_of_rank_4(normal):
    """In 32 dimensions, turned: as many directions as there are, and as Gaussian as before."""
    turn = np.linalg.qr(np.random.default_rng(1).standard_normal((32, 32)))[0]
    flat = normal[:, :4] @ turn[:4]
    assert effective_rank(flat) == pytest.approx(4 / (1 + 5 / 4_000), rel=5e-3)
    assert excess_kurtosis(flat) < 0.2


def test_the_rank_weighs_directions_by_their_variances():
    """Of 1, 4 and 9 along orthogonal axes: 14^2 / (1 + 16 + 81)."""
    signs = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    assert effective_rank(5 + signs * np.array([1.0, 2.0, 3.0])) == pytest.approx(2, rel=1e-12)


def test_codes_of_plus_and_minus_1_are_far_from_gaussian_in_every_dimension():
    """Their discrepancy, mean, deviation and rank are those of N(0, I)."""
    half = np.random.default_rng(2).choice([-1.0, 1.0], (1_000, 32))
    binary = np.concatenate([half, -half])
    assert excess_kurtosis(binary) == pytest.approx(2, rel=1e-12)
    assert effective_rank(binary) == pytest.approx(32 / (1 + 31 / 1_000), rel=0.01)


def test_the_kurtosis_is_scipys():
    codes = np.random.default_rng(3).laplace(size=(500, 6)) ** np.array([1, 1, 1, 2, 3, 1])
    expected = np.sqrt(np.mean(scipy.stats.kurtosis(codes, axis=0) ** 2))
    assert excess_kurtosis(codes) == pytest.approx(expected, rel=1e-10)


def test_dimensions_without_variance_count_for_nothing(normal):
    with_constants = np.concatenate([normal, np.full((len(normal), 3), 0.1)], axis=1)
    assert effective_rank(with_constants) == pytest.approx(effective_rank(normal), rel=1e-9)
    assert excess_kurtosis(with_constants) == pytest.approx(excess_kurtosis(normal), rel=1e-9)
    constant = np.full((7, 3), 0.1)
    assert (effective_rank(constant), excess_kurtosis(constant)) == (0, 0)


@pytest.mark.parametrize("measure", [effective_rank, excess_kurtosis])
@pytest.mark.parametrize(
    ("codes", "message"),
    [
        (np.zeros(3), r"codes \(3,\): give \[n, dim\]"),
        (np.zeros((1, 3)), r"codes \(1, 3\): give"),
        (np.full((3, 2), np.nan), "contain NaN or infinite"),
    ],
)
def test_bad_codes(measure, codes, message):
    with pytest.raises(InputError, match=message):
        measure(codes)

"""The kernel distance between two sets of features."""

import numpy as np
from numpy.typing import ArrayLike

from keras_gen.checks import feature_pair
from keras_gen.errors import InputError


def kernel_distance(
    real_features: ArrayLike,
    fake_features: ArrayLike,
    subset_size: int | None = None,
    num_subsets: int = 100,
    seed: int = 0,
) -> tuple[float, float]:
    """Squared maximum mean discrepancy with a cubic kernel, averaged over random subsets.

    Bińkowski et al. 2018, "Demystifying MMD GANs", arXiv 1801.01401, section 4: the unbiased
    estimator with k(x, y) = (x·y / dim + 1)^3. Its expectation is 0 when both sets come from the same distribution,
    whatever the counts, so single values may be negative. It is the "KID" only on Inception features; name the features
    beside the number.

    Args:
        real_features: [num_real, dim].
        fake_features: [num_fake, dim].
        subset_size: Rows drawn from each set, without replacement, for one estimate; by default 1,000, or half of the
            smaller set if that is less (at least 2).
        num_subsets: Number of estimates.
        seed: Seed of the subsets.

    Returns:
        The mean of the estimates and their standard deviation. The latter is the spread of single estimates, from
        `subset_size` rows each, and not the standard error of the mean: the subsets overlap, so the error of the mean
        does not vanish with their number.

    Raises:
        InputError: `subset_size` is larger than a set or below 2, or `num_subsets` below 1; or see
            `keras_gen.checks.feature_pair`.
    """
    real, fake = feature_pair(real_features, fake_features)
    smaller = min(len(real), len(fake))
    if subset_size is None:
        subset_size = max(2, min(1000, smaller // 2))
    if not 2 <= subset_size <= smaller:
        raise InputError(f"subset_size must be from 2 to {smaller}, got {subset_size}")
    if num_subsets < 1:
        raise InputError(f"num_subsets must be at least 1, got {num_subsets}")

    random = np.random.default_rng(seed)
    estimates = [
        _squared_discrepancy(
            random.choice(real, subset_size, replace=False, shuffle=False),
            random.choice(fake, subset_size, replace=False, shuffle=False),
        )
        for _ in range(num_subsets)
    ]
    return float(np.mean(estimates)), float(np.std(estimates))


def _squared_discrepancy(x: np.ndarray, y: np.ndarray) -> float:
    """Unbiased estimate of the squared discrepancy (Gretton et al. 2012, equation 3)."""
    return _mean_off_diagonal(_kernel(x, x)) + _mean_off_diagonal(_kernel(y, y)) - 2.0 * _kernel(x, y).mean()


def _kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    inner = x @ y.T / x.shape[1] + 1.0
    return inner * inner * inner  # ten times as fast as inner**3


def _mean_off_diagonal(matrix: np.ndarray) -> float:
    size = len(matrix)
    return (matrix.sum() - np.trace(matrix)) / (size * (size - 1))

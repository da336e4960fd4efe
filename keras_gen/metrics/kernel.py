"""The kernel distance between two sets of features."""

import numpy as np
from numpy.typing import ArrayLike

from keras_gen.checks import feature_pair
from keras_gen.errors import InputError

BLOCK = 1024  # rows of a matrix of kernel values in memory at a time


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
    return KernelDistanceTo(real)(fake, subset_size, num_subsets, seed)


class KernelDistanceTo:
    """`kernel_distance` to the same real features, again and again: the part of these alone is computed once.

    Subsets overlap, so that each value of the kernel is computed once for all of them: the sum over a subset is that of
    the whole matrix between rows of ones and zeros.

    Args:
        real: Checked features, float64 [num_real, dim].
    """

    def __init__(self, real: np.ndarray):
        self._real = real
        self._within_real: dict[tuple, np.ndarray] = {}

    def __call__(
        self, fake: np.ndarray, subset_size: int | None = None, num_subsets: int = 100, seed: int = 0
    ) -> tuple[float, float]:
        """The mean of the estimates and their standard deviation; arguments and errors as of `kernel_distance`."""
        smaller = min(len(self._real), len(fake))
        if subset_size is None:
            subset_size = max(2, min(1000, smaller // 2))
        if not 2 <= subset_size <= smaller:
            raise InputError(f"subset_size must be from 2 to {smaller}, got {subset_size}")
        if num_subsets < 1:
            raise InputError(f"num_subsets must be at least 1, got {num_subsets}")
        in_real, in_fake = _subsets(len(self._real), len(fake), subset_size, num_subsets, seed)
        drawn = (len(fake), subset_size, num_subsets, seed)  # on which the subsets of real rows depend
        if drawn not in self._within_real:
            self._within_real[drawn] = _means_within(self._real, in_real)
        across = _sums(fake, self._real, in_fake, in_real) / subset_size**2
        # The unbiased estimate of Gretton et al. 2012, equation 3, from each pair of subsets.
        estimates = self._within_real[drawn] + _means_within(fake, in_fake) - 2.0 * across
        return float(np.mean(estimates)), float(np.std(estimates))


def _subsets(num_real: int, num_fake: int, size: int, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Random subsets of rows, each as a row of ones and zeros: [count, num_real] and [count, num_fake]."""
    random = np.random.default_rng(seed)
    in_real, in_fake = np.zeros((count, num_real)), np.zeros((count, num_fake))
    for of_real, of_fake in zip(in_real, in_fake, strict=True):
        for members in (of_real, of_fake):
            members[random.choice(len(members), size, replace=False, shuffle=False)] = 1.0
    return in_real, in_fake


def _sums(x: np.ndarray, y: np.ndarray, in_x: np.ndarray, in_y: np.ndarray) -> np.ndarray:
    """For every subset, the sum of the kernel over all pairs of its rows of x and its rows of y."""
    blocks = (slice(start, start + BLOCK) for start in range(0, len(x), BLOCK))
    return np.sum(
        [np.sum(in_x[:, rows] @ _kernel(x[rows] @ y.T, x.shape[1]) * in_y, axis=1) for rows in blocks], axis=0
    )


def _means_within(x: np.ndarray, in_x: np.ndarray) -> np.ndarray:
    """For every subset, the mean of the kernel over pairs of different rows."""
    size = in_x[0].sum()
    of_rows_with_themselves = in_x @ _kernel(np.sum(x * x, axis=1), x.shape[1])
    return (_sums(x, x, in_x, in_x) - of_rows_with_themselves) / (size * (size - 1))


def _kernel(products: np.ndarray, dim: int) -> np.ndarray:
    """k(x, y) of inner products x·y."""
    inner = products / dim + 1.0
    return inner * inner * inner  # ten times as fast as inner**3

"""How far the distribution of codes is from the standard normal."""

import math

import numpy as np
from numpy.typing import ArrayLike

from keras_gen.checks import check_positive, checked_codes

BLOCK = 1024  # rows of an n x n matrix held at a time


def maximum_mean_discrepancy(codes: ArrayLike, bandwidth: float | None = None) -> tuple[float, float]:
    """Squared maximum mean discrepancy between the distribution p of codes and q = N(0, I), with a Gaussian kernel.

        MMD^2 = E_pp k(z, z') - 2 E_p m(z) + c,   k(z, z') = exp(-|z - z'|^2 / 2s),   s = bandwidth^2
        m(z) = E_q k(z, .) = (s / (s + 1))^(dim/2) exp(-|z|^2 / 2(s + 1)),   c = E_qq k = (s / (s + 2))^(dim/2)

    Gretton et al. 2012, "A kernel two-sample test", equation 3: the unbiased estimate of the first term, over pairs of
    different codes, while the others are exact here. It is 0 in expectation if and only if the codes are distributed as
    q, whatever their number; a single estimate may be negative.

    Args:
        codes: [n, dim], at least two.
        bandwidth: Of the kernel; by default sqrt(dim), at which two draws from q have k = 1/e at their usual distance.

    Returns:
        The estimate, and the standard deviation that it has about 0 for n true draws from q, which is exact too.

    Raises:
        InputError: The codes are not two or more rows of finite numbers, or the bandwidth is not above 0.
    """
    codes = checked_codes(codes)
    num_codes, dim = codes.shape
    bandwidth = math.sqrt(dim) if bandwidth is None else bandwidth
    check_positive(bandwidth=bandwidth)
    s = bandwidth**2
    squares = np.sum(codes**2, axis=1)
    of_prior = (s / (s + 2)) ** (dim / 2)
    to_prior = (s / (s + 1)) ** (dim / 2) * np.mean(np.exp(-squares / (2 * (s + 1))))
    return _mean_of_pairs(codes, squares, s) - 2 * to_prior + of_prior, _deviation(num_codes, dim, s)


def _mean_of_pairs(codes: np.ndarray, squares: np.ndarray, s: float) -> float:
    """The mean of k over pairs of different codes."""
    num_codes, total = len(codes), 0.0
    for start in range(0, num_codes, BLOCK):
        rows = slice(start, start + BLOCK)
        distances = squares[rows, np.newaxis] + squares - 2 * codes[rows] @ codes.T
        total += np.exp(-np.maximum(distances, 0) / (2 * s)).sum()
    return float(total - num_codes) / (num_codes * (num_codes - 1))


def _deviation(num_codes: int, dim: int, s: float) -> float:
    """For codes from q the estimate is the mean over pairs of h = k - m(z) - m(z') + c, uncorrelated with mean 0."""
    of_kernel = (s / (s + 4)) ** (dim / 2)  # E k^2
    of_means = (s / (s + 1)) ** dim * ((s + 1) / (s + 3)) ** (dim / 2)  # E m^2
    variance = of_kernel - 2 * of_means + (s / (s + 2)) ** dim  # E h^2
    return math.sqrt(2 * max(variance, 0.0) / (num_codes * (num_codes - 1)))

"""What mean and spread do not tell of whether codes are Gaussian: how many directions they fill, and their tails."""

import numpy as np
from numpy.typing import ArrayLike

from keras_gen.checks import checked_codes


def effective_rank(codes: ArrayLike) -> float:
    """How many directions codes spread in: the participation ratio of their covariance C.

        (tr C)^2 / tr C^2 = (sum_i l_i)^2 / sum_i l_i^2,   l_i the variances along the principal axes

    It is r for codes that spread equally in r directions and in no other, so at most dim. Of n draws from N(0, I) it is
    about dim / (1 + (dim + 1) / n), since the covariance of few codes is never quite that of the distribution.

    Args:
        codes: [n, dim], at least two.

    Returns:
        From 1 to dim; 0 for codes that do not vary.

    Raises:
        InputError: The codes are not two or more rows of finite numbers.
    """
    centered = _centered(codes)
    covariance = centered.T @ centered / len(centered)
    trace = np.trace(covariance)
    return float(trace**2 / np.sum(covariance**2)) if trace > 0 else 0.0


def excess_kurtosis(codes: ArrayLike) -> float:
    """How far the tails of codes are from a Gaussian's: root mean square of the excess kurtosis over the dimensions.

        of one dimension:   E(z - m)^4 / (E(z - m)^2)^2 - 3,   m = E z

    Of one dimension it is 0 for a Gaussian of any mean and variance, -2 for two values that are equally frequent, and 3
    for a Laplace distribution. Of n draws from N(0, I) the root mean square is about sqrt(24 / n).

    It is taken along the dimensions of the codes, of which the prior is a product, not along their principal axes:
    where the variances are equal, those axes are arbitrary, and along them any codes look nearly Gaussian, being sums
    of many dimensions.

    Args:
        codes: [n, dim], at least two. Dimensions in which they do not vary are left out.

    Returns:
        At least 0; 0 for codes that do not vary.

    Raises:
        InputError: The codes are not two or more rows of finite numbers.
    """
    centered = _centered(codes)
    variances = np.mean(centered**2, axis=0)
    varying = variances > 0
    if not varying.any():
        return 0.0
    excess = np.mean((centered[:, varying] / np.sqrt(variances[varying])) ** 4, axis=0) - 3
    return float(np.sqrt(np.mean(excess**2)))


def _centered(codes: ArrayLike) -> np.ndarray:
    """Codes less their mean, float64 [n, dim]; exactly 0 in dimensions in which they do not vary."""
    codes = checked_codes(codes)
    shifted = codes - codes[0]  # a mean of equal numbers may differ from them in the last digit
    return shifted - shifted.mean(axis=0)

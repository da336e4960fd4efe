"""The Fréchet distance between two sets of features."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from keras_gen.checks import feature_pair


def frechet_distance(real_features: ArrayLike, fake_features: ArrayLike) -> float:
    r"""Squared Fréchet (2-Wasserstein) distance between Gaussians fitted to the two sets.

    Heusel et al. 2017, "GANs trained by a two time-scale update rule converge to a local Nash
    equilibrium", arXiv 1706.08500, equation 6:

        |m - m_w|^2 + tr(C + C_w - 2 (C C_w)^{1/2})

    with means m and unbiased covariances C. It is the "FID" only on the features of that paper's Inception network;
    name the features beside the number. It is biased upwards by an amount that depends on the numbers of samples, so
    only distances with equal counts can be compared.

    With factors C = R^T R and C_w = R_w^T R_w the last trace is the sum of the singular values of R R_w^T. This needs
    no matrix square root, so it stays real and accurate for covariances without full rank, and is symmetric in the
    sets.

    Args:
        real_features: [num_real, dim].
        fake_features: [num_fake, dim].

    Returns:
        The distance, at least 0.

    Raises:
        InputError: See `keras_gen.checks.feature_pair`.
    """
    real, fake = feature_pair(real_features, fake_features)
    return distance(fitted_gaussian(real), fitted_gaussian(fake))


class Gaussian(NamedTuple):
    """A Gaussian that was fitted to features.

    Attributes:
        mean: [dim].
        factor: R with R^T R the unbiased covariance, at most [dim, dim].
    """

    mean: np.ndarray
    factor: np.ndarray


def fitted_gaussian(features: np.ndarray) -> Gaussian:
    """The Gaussian with the mean and covariance of features [n, dim]."""
    mean = features.mean(axis=0)
    return Gaussian(mean, np.linalg.qr(features - mean, mode="r") / np.sqrt(len(features) - 1))


def distance(one: Gaussian, other: Gaussian) -> float:
    """The squared Fréchet distance between two Gaussians; see `frechet_distance`."""
    means = np.sum((one.mean - other.mean) ** 2)
    traces = np.sum(one.factor**2) + np.sum(other.factor**2)
    trace_of_root = np.linalg.svd(one.factor @ other.factor.T, compute_uv=False).sum()
    # Rounding may leave -1e-16 for equal sets.
    return float(max(means + traces - 2.0 * trace_of_root, 0.0))

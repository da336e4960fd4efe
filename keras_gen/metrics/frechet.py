"""The Fréchet distance between two sets of features."""

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
    real_factor, fake_factor = _covariance_factor(real), _covariance_factor(fake)
    means = np.sum((real.mean(axis=0) - fake.mean(axis=0)) ** 2)
    traces = np.sum(real_factor**2) + np.sum(fake_factor**2)
    trace_of_root = np.linalg.svd(real_factor @ fake_factor.T, compute_uv=False).sum()
    # Rounding may leave -1e-16 for equal sets.
    return float(max(means + traces - 2.0 * trace_of_root, 0.0))


def _covariance_factor(features: np.ndarray) -> np.ndarray:
    """R with R^T R the unbiased covariance, at most [dim, dim]."""
    centred = features - features.mean(axis=0)
    return np.linalg.qr(centred, mode="r") / np.sqrt(len(features) - 1)

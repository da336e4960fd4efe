"""How many modes of a mixture a generator finds, and how many of its samples are good."""

import numpy as np
import scipy.spatial

from keras_gen.checks import check_positive
from keras_gen.errors import InputError


def mode_coverage(samples: np.ndarray, centers: np.ndarray, deviation: float, within: float = 3.0) -> dict[str, float]:
    """Compares samples with a mixture of equal, narrow, isotropic Gaussians.

    A sample is good if it lies within `within` standard deviations of the nearest centre. A mode is found if it is the
    nearest one of any good sample, as in Srivastava et al. 2017 (VEEGAN, arXiv 1705.07761, section 4.1).

    Args:
        samples: Finite numbers [n, dim], with n at least 1.
        centers: The modes' centres, finite numbers [m, dim], with m at least 1.
        deviation: Their standard deviation in every direction, above 0.
        within: How many standard deviations a good sample may be away from the nearest centre.

    Returns:
        `modes_found`, at most m; `good_share` of all samples, in [0, 1]; and `kl_from_uniform` in nats, of the
        distribution of good samples over the modes: 0 if it is uniform, at most log m, NaN if no sample is good.

    Raises:
        InputError: The shapes do not fit, a number is not finite, or `deviation` or `within` is not above 0.
    """
    samples, centers = np.asarray(samples, np.float64), np.asarray(centers, np.float64)
    shapes_fit = samples.ndim == centers.ndim == 2 and samples.shape[1:] == centers.shape[1:]
    if not (shapes_fit and samples.size and centers.size):
        raise InputError(f"samples {samples.shape} and centers {centers.shape} must be [n > 0, dim] and [m > 0, dim]")
    for name, points in (("samples", samples), ("centers", centers)):
        if not np.isfinite(points).all():
            raise InputError(f"{name} contain NaN or infinite values")
    check_positive(deviation=deviation, within=within)
    distances, nearest = scipy.spatial.KDTree(centers).query(samples)
    good = nearest[distances <= within * deviation]
    shares = np.bincount(good, minlength=len(centers)) / max(len(good), 1)
    found = shares[shares > 0]
    return {
        "modes_found": int(len(found)),
        "good_share": len(good) / len(samples),
        "kl_from_uniform": float(np.sum(found * np.log(found * len(centers)))) if len(good) else float("nan"),
    }

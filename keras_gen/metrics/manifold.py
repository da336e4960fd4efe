"""Precision, recall, density and coverage, which measure fidelity and variety separately."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from keras_gen.checks import feature_pair
from keras_gen.errors import InputError

BLOCK = 1024  # rows of a distance matrix in memory at a time


def precision_recall(real_features: ArrayLike, fake_features: ArrayLike, num_neighbors: int = 5) -> dict[str, float]:
    """Compares two sets through balls around each point that reach to its k-th neighbour.

    Neighbours are taken from the point's own set, without the point itself; a ball contains its boundary.

    - Precision: the share of fakes in at least one real ball. Recall: the share of reals in at least one fake ball
      (Kynkäänniemi et al. 2019, arXiv 1904.06991, equations 1 and 2).
    - Density: the mean number of real balls around a fake, divided by k; it may exceed 1. Coverage: the share of real
      balls that contain a fake (Naeem et al. 2020, arXiv 2002.09797, section 3).

    All four depend on the numbers of samples. Only a block of rows of the distances is in memory at a time.

    Args:
        real_features: [num_real, dim].
        fake_features: [num_fake, dim].
        num_neighbors: k.

    Returns:
        {"precision", "recall", "density", "coverage"}.

    Raises:
        InputError: k is below 1, or not below both counts; or see `keras_gen.checks.feature_pair`.
    """
    real, fake = feature_pair(real_features, fake_features)
    check_num_neighbors(num_neighbors, len(real), len(fake))
    return compared(manifold(real, num_neighbors), manifold(fake, num_neighbors))


class Manifold(NamedTuple):
    """A set of points, each with the ball that reaches to its k-th neighbour.

    Attributes:
        points: [n, dim].
        squared_radii: [n].
        num_neighbors: k.
    """

    points: np.ndarray
    squared_radii: np.ndarray
    num_neighbors: int


def check_num_neighbors(num_neighbors: int, num_real: int, num_fake: int) -> None:
    """Checks that points of both sets have a k-th neighbour.

    Raises:
        InputError: They do not.
    """
    if not 1 <= num_neighbors < min(num_real, num_fake):
        raise InputError(
            f"num_neighbors must be from 1 to {min(num_real, num_fake) - 1} (one less than the "
            f"smaller set), got {num_neighbors}"
        )


def manifold(points: np.ndarray, num_neighbors: int) -> Manifold:
    """The balls around points [n, dim], of which there are more than k."""
    squared_radii = np.empty(len(points))
    for start in range(0, len(points), BLOCK):
        rows = slice(start, start + BLOCK)
        distances = _squared_distances(points[rows], points)
        # The smallest distance in each row is that of the point to itself.
        squared_radii[rows] = np.partition(distances, num_neighbors, axis=1)[:, num_neighbors]
    return Manifold(points, squared_radii, num_neighbors)


def compared(real: Manifold, fake: Manifold) -> dict[str, float]:
    """What `precision_recall` gives, of two sets and their balls."""
    balls_around_fake = np.zeros(len(fake.points))
    real_is_recalled = np.zeros(len(real.points), dtype=bool)
    real_is_covered = np.zeros(len(real.points), dtype=bool)
    for start in range(0, len(fake.points), BLOCK):
        rows = slice(start, start + BLOCK)
        distances = _squared_distances(fake.points[rows], real.points)
        in_real_ball = distances <= real.squared_radii
        balls_around_fake[rows] = in_real_ball.sum(axis=1)
        real_is_covered |= in_real_ball.any(axis=0)
        real_is_recalled |= (distances <= fake.squared_radii[rows, None]).any(axis=0)
    return {
        "precision": float(np.mean(balls_around_fake > 0)),
        "recall": float(real_is_recalled.mean()),
        "density": float(balls_around_fake.mean() / real.num_neighbors),
        "coverage": float(real_is_covered.mean()),
    }


def _squared_distances(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    squares = np.sum(x * x, axis=1)[:, None] + np.sum(y * y, axis=1)
    return np.maximum(squares - 2.0 * (x @ y.T), 0.0)

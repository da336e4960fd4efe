"""Precision, recall, density and coverage: fidelity and variety apart."""

import numpy as np

from keras_gen.checks import feature_pair
from keras_gen.errors import InputError

BLOCK = 1024  # rows of a distance matrix held at a time


def precision_recall(real_features, fake_features, num_neighbors: int = 5) -> dict[str, float]:
    """Compares the two sets through balls that reach from each point to its k-th neighbour.

    The neighbours of a point are sought in its own set, without itself; a ball contains its
    boundary. Then

    - precision: share of fakes in at least one real ball; recall: share of reals in at least one
      fake ball (Kynkäänniemi et al. 2019, arXiv 1904.06991, equations 1 and 2);
    - density: number of real balls around a fake, on average, divided by k; it may exceed 1;
      coverage: share of real balls that contain a fake (Naeem et al. 2020, arXiv 2002.09797,
      section 3).

    All four depend on the numbers of samples. Memory grows with one block of rows, not with
    num_real * num_fake.

    Args:
        real_features: [num_real, dim].
        fake_features: [num_fake, dim].
        num_neighbors: k.

    Returns:
        {"precision", "recall", "density", "coverage"}.

    Raises:
        InputError: k below 1 or not below both counts, or see
            `keras_gen.checks.feature_pair`.
    """
    real, fake = feature_pair(real_features, fake_features)
    if not 1 <= num_neighbors < min(len(real), len(fake)):
        raise InputError(
            f"num_neighbors must be from 1 to {min(len(real), len(fake)) - 1} (one less than the "
            f"smaller set), got {num_neighbors}"
        )
    real_radii = _squared_radii(real, num_neighbors)
    fake_radii = _squared_radii(fake, num_neighbors)

    balls_around_fake = np.zeros(len(fake))
    real_is_recalled = np.zeros(len(real), dtype=bool)
    real_is_covered = np.zeros(len(real), dtype=bool)
    for start in range(0, len(fake), BLOCK):
        rows = slice(start, start + BLOCK)
        distances = _squared_distances(fake[rows], real)
        in_real_ball = distances <= real_radii
        balls_around_fake[rows] = in_real_ball.sum(axis=1)
        real_is_covered |= in_real_ball.any(axis=0)
        real_is_recalled |= (distances <= fake_radii[rows, None]).any(axis=0)
    return {
        "precision": float(np.mean(balls_around_fake > 0)),
        "recall": float(real_is_recalled.mean()),
        "density": float(balls_around_fake.mean() / num_neighbors),
        "coverage": float(real_is_covered.mean()),
    }


def _squared_radii(points: np.ndarray, num_neighbors: int) -> np.ndarray:
    """Squared distance of each point to its k-th nearest other point."""
    radii = np.empty(len(points))
    for start in range(0, len(points), BLOCK):
        rows = slice(start, start + BLOCK)
        distances = _squared_distances(points[rows], points)
        # The smallest of each row is the point itself.
        radii[rows] = np.partition(distances, num_neighbors, axis=1)[:, num_neighbors]
    return radii


def _squared_distances(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    squares = np.sum(x * x, axis=1)[:, None] + np.sum(y * y, axis=1)
    return np.maximum(squares - 2.0 * (x @ y.T), 0.0)

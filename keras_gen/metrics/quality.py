"""All measures of sample quality at once."""

from numpy.typing import ArrayLike

from keras_gen.checks import feature_pair
from keras_gen.metrics.frechet import distance, fitted_gaussian
from keras_gen.metrics.kernel import KernelDistanceTo
from keras_gen.metrics.manifold import check_num_neighbors, compared, manifold

NUM_NEIGHBORS = 5  # of precision, recall, density and coverage


def sample_quality(real_features: ArrayLike, fake_features: ArrayLike, seed: int = 0) -> dict[str, float | int]:
    """Fréchet and kernel distance, precision, recall, density, coverage and both counts.

    The counts are given because all measures but the mean of the kernel distance depend on them.

    Args:
        real_features: [num_real, dim], more than five rows.
        fake_features: [num_fake, dim], more than five rows.
        seed: Seed of the subsets of the kernel distance.

    Returns:
        `frechet_distance`; `kernel_distance` and `kernel_distance_std`, the spread of its estimates (see
        `kernel_distance`); `precision`, `recall`, `density` and `coverage` with five neighbours; `num_real` and
        `num_fake`.

    Raises:
        InputError: The features have a wrong shape, are not finite, or are too few.
    """
    return QualityAgainst(real_features, seed)(fake_features)


class QualityAgainst:
    """`sample_quality` against the same real features, again and again: what depends on these alone is computed once.

    Args:
        real_features: [num_real, dim], more than five rows.
        seed: Seed of the subsets of the kernel distance.

    Raises:
        InputError: The features have a wrong shape, are not finite, or are too few.
    """

    def __init__(self, real_features: ArrayLike, seed: int = 0):
        self._real, _ = feature_pair(real_features, real_features)
        check_num_neighbors(NUM_NEIGHBORS, len(self._real), len(self._real))
        self._seed = seed
        self._gaussian = fitted_gaussian(self._real)
        self._manifold = manifold(self._real, NUM_NEIGHBORS)
        self._kernel_distance = KernelDistanceTo(self._real)

    def __call__(self, fake_features: ArrayLike) -> dict[str, float | int]:
        """The numbers of `sample_quality`, of features [num_fake, dim], more than five rows.

        Raises:
            InputError: The features have a wrong shape, are not finite, or are too few.
        """
        real, fake = feature_pair(self._real, fake_features)
        check_num_neighbors(NUM_NEIGHBORS, len(real), len(fake))
        mean, standard_deviation = self._kernel_distance(fake, seed=self._seed)
        return {
            "frechet_distance": distance(self._gaussian, fitted_gaussian(fake)),
            "kernel_distance": mean,
            "kernel_distance_std": standard_deviation,
            **compared(self._manifold, manifold(fake, NUM_NEIGHBORS)),
            "num_real": len(real),
            "num_fake": len(fake),
        }

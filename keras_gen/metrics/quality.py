"""All measures of sample quality at once."""

from numpy.typing import ArrayLike

from keras_gen.checks import feature_pair
from keras_gen.metrics.frechet import frechet_distance
from keras_gen.metrics.kernel import kernel_distance
from keras_gen.metrics.manifold import precision_recall


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
    real, fake = feature_pair(real_features, fake_features)
    mean, standard_deviation = kernel_distance(real, fake, seed=seed)
    return {
        "frechet_distance": frechet_distance(real, fake),
        "kernel_distance": mean,
        "kernel_distance_std": standard_deviation,
        **precision_recall(real, fake),
        "num_real": len(real),
        "num_fake": len(fake),
    }

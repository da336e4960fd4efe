"""The ways to keep the spectral norms of a network's kernels, and of the scales of its batch norms, at 1."""

from typing import Any

import keras

from keras_gen.checks import check_choice
from keras_gen.constraints import UnitSpectralNorm
from keras_gen.layers import BatchNormalization, SpectralNormalization, UnitScaleBatchNormalization
from keras_gen.utils import spectral

SPECTRAL_NORMALIZATIONS = ("none", "persistent", "from_ones", "projection")


def spectrally_normalized(layer: keras.Layer, how: str) -> keras.Layer:
    """The layer with its kernel kept at spectral norm 1.

    Args:
        layer: A layer with a kernel that is not built yet.
        how: `none` leaves the layer as it is. `persistent` and `from_ones` reparameterise the kernel inside the graph
            (`SpectralNormalization`), the first as in the paper, the second with the author's five iterations per
            call. `projection` divides the kernel after each update of the optimiser (`UnitSpectralNorm`), which the
            gradient ignores; the post on Lipschitz constraints warns against it.

    Raises:
        InputError: There is no such spectral normalisation.
    """
    check_choice("spectral_normalization", how, SPECTRAL_NORMALIZATIONS)
    if how == "persistent":
        return SpectralNormalization(layer)
    if how == "from_ones":
        return SpectralNormalization(layer, power_iterations=5, persistent=False)
    if how == "projection":
        layer.kernel_constraint = UnitSpectralNorm(output_axis=spectral.output_axis(layer))
    return layer


def batch_normalization(how: str, **kwargs: Any) -> keras.Layer:
    """A batch norm whose scale gamma is kept at Euclidean norm 1, the spectral norm of gamma as a matrix of one row.

    Without that, the batch norms of a spectrally normalised network scale its slope by as much as they like.

    Args:
        how: As in `spectrally_normalized`; both ways to reparameterise are one here, since the norm is exact.
        **kwargs: Arguments of `keras.layers.BatchNormalization`.

    Raises:
        InputError: There is no such spectral normalisation.
    """
    check_choice("spectral_normalization", how, SPECTRAL_NORMALIZATIONS)
    if how == "none":
        return BatchNormalization(**kwargs)
    if how == "projection":
        return BatchNormalization(gamma_constraint=keras.constraints.UnitNorm(axis=0), **kwargs)
    return UnitScaleBatchNormalization(**kwargs)

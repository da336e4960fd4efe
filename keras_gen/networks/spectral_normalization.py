"""The ways to keep the spectral norms of a network's kernels at 1."""

import keras

from keras_gen.constraints import UnitSpectralNorm
from keras_gen.errors import InputError
from keras_gen.layers import SpectralNormalization
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
    match how:
        case "none":
            return layer
        case "persistent":
            return SpectralNormalization(layer)
        case "from_ones":
            return SpectralNormalization(layer, power_iterations=5, persistent=False)
        case "projection":
            layer.kernel_constraint = UnitSpectralNorm(output_axis=spectral.output_axis(layer))
            return layer
        case _:
            allowed = ", ".join(SPECTRAL_NORMALIZATIONS)
            raise InputError(f"spectral_normalization={how!r}: choose one of {allowed}")

"""Weight regularisers that Keras does not have."""

from keras_gen.regularizers.spectral_norm import SpectralNorm

__all__ = ["SpectralNorm"]

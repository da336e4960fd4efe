"""Layers that Keras does not have, or has otherwise."""

from keras_gen.layers import flows
from keras_gen.layers.spectral_normalization import SpectralNormalization

__all__ = ["SpectralNormalization", "flows"]

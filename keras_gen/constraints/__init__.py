"""Weight constraints that Keras does not have."""

from keras_gen.constraints.unit_spectral_norm import UnitSpectralNorm

__all__ = ["UnitSpectralNorm"]

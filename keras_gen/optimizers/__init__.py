"""Optimisers that Keras does not have, or implements differently."""

from keras_gen.optimizers.adam import Adam

__all__ = ["Adam"]

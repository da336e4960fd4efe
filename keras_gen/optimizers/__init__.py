"""Optimisers that Keras does not have, or has otherwise."""

from keras_gen.optimizers.adam import Adam

__all__ = ["Adam"]

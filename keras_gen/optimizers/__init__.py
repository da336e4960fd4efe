"""Optimisers that Keras does not have, or has otherwise."""

from keras_gen.keras_privates import Adam

__all__ = ["Adam"]

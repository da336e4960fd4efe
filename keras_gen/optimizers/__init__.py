"""Optimisers that Keras does not have, or implements differently."""

from keras_gen.keras_privates import Adam

__all__ = ["Adam"]

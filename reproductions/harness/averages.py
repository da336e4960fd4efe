"""Measures and pictures of averaged weights, with which `fit` leaves a model whose optimiser has `use_ema`."""

from collections.abc import Callable
from typing import TypeVar

import keras

from keras_gen.keras_privates import averaged_weights

Seen = TypeVar("Seen")


def of_averages(look: Callable[[keras.Model], Seen]) -> Callable[[keras.Model], Seen]:
    """A measure or a picture, of a model with averaged weights if its optimiser has `use_ema`; else as it is."""

    def looked(model: keras.Model) -> Seen:
        with averaged_weights(model.optimizer):
            return look(model)

    return looked

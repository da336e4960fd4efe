"""Measurements of the model during training, such as a distance between samples and data."""

from collections.abc import Callable

import keras

from keras_gen.callbacks.step_callback import StepCallback
from keras_gen.callbacks.step_table import StepTable


class Measures(StepCallback):
    """Measures the model, and puts the numbers into `logs` and, if wanted, a row of a table.

    In `fit`, callbacks behind it in the list find the numbers in `logs`, where they stay until the next measurement:
    Keras's `ModelCheckpoint` and `EarlyStopping` can monitor them, with `mode="min"` or `"max"`. In `evaluate` it
    measures once, at the end, and the numbers are among those that are returned.

    Args:
        measure: Takes the model and returns numbers by name.
        table: The table that gets the rows; None for no table.
        every: Steps between two measurements, a multiple of the steps in an epoch; None for every epoch.
    """

    doing = "measuring"

    def __init__(
        self,
        measure: Callable[[keras.Model], dict[str, float]],
        table: StepTable | None = None,
        every: int | None = None,
    ):
        super().__init__(every)
        self.measure = measure
        self.table = table
        self.last: dict[str, float] = {}
        self._training = False

    def set_params(self, params: dict) -> None:
        """Begins a `fit` or an `evaluate`."""
        super().set_params(params)
        self._training = False

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Notes that an evaluation from now on is a validation."""
        super().on_train_begin(logs)
        self._training = True

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Measures if it is due."""
        super().on_epoch_end(epoch, logs)
        if logs is not None:
            logs.update(self.last)

    def on_test_end(self, logs: dict | None = None) -> None:
        """Measures at the end of an `evaluate`; a validation in `fit` is followed by the end of its epoch."""
        if logs is not None and not self._training:
            logs.update(self.measure(self.model))

    def on_step(self, step: int, terms: dict[str, float]) -> None:
        """Measures, and adds the row."""
        self.last = self.measure(self.model)
        if self.table is not None:
            self.table.append(step, self.last)

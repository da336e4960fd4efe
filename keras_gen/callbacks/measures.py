"""Measurements of the model during training, such as a distance between samples and data."""

from collections.abc import Callable

import keras

from keras_gen.callbacks.step_callback import StepCallback
from keras_gen.callbacks.step_table import StepTable


class Measures(StepCallback):
    """Measures the model, and puts the numbers into `logs` and, if wanted, a row of a table.

    Callbacks behind it in the list find the numbers in `logs`, where they stay until the next measurement: Keras's
    `ModelCheckpoint` and `EarlyStopping` can monitor them, with `mode="min"` or `"max"`.

    Args:
        measure: Takes the model and returns numbers by name.
        table: The table that gets the rows; None for no table.
        every: Steps between two measurements, a multiple of the steps in an epoch; None for every epoch.
    """

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

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Measures if it is due."""
        super().on_epoch_end(epoch, logs)
        if logs is not None:
            logs.update(self.last)

    def on_step(self, step: int, terms: dict[str, float]) -> None:
        """Measures, and adds the row."""
        self.last = self.measure(self.model)
        if self.table is not None:
            self.table.append(step, self.last)

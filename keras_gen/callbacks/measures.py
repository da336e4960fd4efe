"""Measurements of the model during training, such as a distance between samples and data."""

from collections.abc import Callable

import keras

from keras_gen.callbacks.step_callback import StepCallback
from keras_gen.callbacks.step_table import StepTable


class Measures(StepCallback):
    """Measures the model and writes the numbers as a row of a table.

    Args:
        measure: Takes the model and returns numbers by name.
        table: The table that gets the rows.
        every: Steps between two rows, a multiple of the steps in an epoch.
    """

    def __init__(
        self,
        measure: Callable[[keras.Model], dict[str, float]],
        table: StepTable,
        every: int,
    ):
        super().__init__(every)
        self.measure = measure
        self.table = table

    def on_step(self, step: int, terms: dict[str, float]) -> None:
        """Adds the row."""
        self.table.append(step, self.measure(self.model))

"""The reported terms of a training run, with the time spent."""

import time

from keras_gen.callbacks.step_callback import StepCallback
from keras_gen.callbacks.step_table import StepTable


class MetricsLog(StepCallback):
    """Writes the means of the reported terms since the last row, with the seconds trained so far.

    Only time spent in training steps counts, not pictures, measurements and checkpoints. A continued run counts on from
    its last row, so that the seconds of steps between that row and a stop are left out.

    Args:
        table: The table that gets the rows.
        every: Steps between two rows, which is the steps in an epoch.
    """

    def __init__(self, table: StepTable, every: int):
        super().__init__(every)
        self.table = table
        rows = table.rows()
        self.seconds = rows[-1]["seconds"] if rows else 0.0
        self._epoch_start = 0.0

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Starts the clock."""
        self._epoch_start = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Stops the clock before anything else is done."""
        self.seconds += time.perf_counter() - self._epoch_start
        super().on_epoch_end(epoch, logs)

    def on_step(self, step: int, terms: dict[str, float]) -> None:
        """Adds the row."""
        self.table.append(step, {"seconds": round(self.seconds, 3), **terms})

"""The reported terms of a training run, with the time that it took."""

import time

from keras_gen.callbacks.step_callback import StepCallback
from keras_gen.callbacks.step_table import StepTable


class MetricsLog(StepCallback):
    """Writes the means of the reported terms since the last row, with the seconds trained so far.

    Seconds are those spent in training steps; pictures, measures and checkpoints are not counted. A continued run
    goes on counting at its last row, so that those of steps before a stop between two rows are left out.

    Args:
        table: Where the rows go.
        every: Steps between two rows: the steps in an epoch.
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

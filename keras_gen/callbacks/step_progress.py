"""One progress bar over all steps of a run."""

import sys
import time
from collections.abc import Callable, Sequence

import keras

from keras_gen.callbacks.step_callback import StepCallback

# Seconds without a line, after which the step alone is shown.
SILENCE = 4.0


class StepProgress(StepCallback):
    """Shows the step, the time left and the reported terms: one bar on a terminal, otherwise one line per report.

    Where reports are rare, a line with the step alone comes every few seconds.

    Args:
        total_steps: Steps of the whole run.
        every: Steps between two lines, where the output is not a terminal.
        evaluations: Gives the rows of measurements, such as `StepTable.rows`; the first number of the last row is shown
            with its step. None: terms alone are shown.
    """

    def __init__(
        self,
        total_steps: int,
        every: int,
        evaluations: Callable[[], Sequence[dict[str, float]]] | None = None,
    ):
        super().__init__(every)
        self.total_steps = total_steps
        self._evaluations = evaluations or (lambda: [])
        self._bar: keras.utils.Progbar | None = None
        self._last_line = 0.0

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Draws the bar on a terminal."""
        super().on_train_begin(logs)
        self._last_line = time.monotonic()
        if sys.stdout.isatty():
            terms = [metric.name for metric in self.model.metrics]
            self._bar = keras.utils.Progbar(self.total_steps, stateful_metrics=terms)

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Moves the bar, or breaks a long silence."""
        if self._bar is not None:
            self._bar.update(self.step, [(name, float(value)) for name, value in (logs or {}).items()])
        elif time.monotonic() - self._last_line > SILENCE:
            self._print_line({})

    def on_step(self, step: int, terms: dict[str, float]) -> None:
        """Prints a line where there is no bar, and shows the last measurement."""
        measured = self._measured()
        if self._bar is None:
            self._print_line(terms | measured)
        elif measured:
            self._bar.stateful_metrics.update(measured)
            self._bar.update(step, list(measured.items()))

    def _measured(self) -> dict[str, float]:
        rows = self._evaluations()
        if not rows:
            return {}
        (_, step), (name, value), *_ = rows[-1].items()
        return {f"{name} at {step:.0f}": value}

    def _print_line(self, values: dict[str, float]) -> None:
        shown = "".join(f"  {name} {value:.4g}" for name, value in values.items())
        print(f"step {self.step}/{self.total_steps}{shown}", flush=True)
        self._last_line = time.monotonic()

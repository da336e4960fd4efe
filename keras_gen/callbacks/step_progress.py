"""One progress line over all steps of a run."""

import shutil
import sys
import time
from collections.abc import Callable, Sequence

from keras_gen.callbacks.step_callback import StepCallback

# Seconds without a line, after which the step alone is shown.
SILENCE = 4.0
# Seconds between two changes of the line on a terminal.
REFRESH = 0.1
BAR = 20  # characters


class StepProgress(StepCallback):
    """Shows the step, the time left, the reported terms and the last measurement.

    On a terminal this is one line with a bar that grows; elsewhere it is one line per report and, where reports are
    rare, a line without terms every few seconds.

    The time left is that of the steps still to make at the rate since training began here, with pictures, measurements
    and checkpoints, and without the first step, which is compiled.

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
        self._on_terminal = False
        self._measurement: dict[str, float] = {}
        self._begin: tuple[int, float] | None = None  # the first step's number and time
        self._last_line = 0.0

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Notes whether there is a terminal."""
        super().on_train_begin(logs)
        self._on_terminal = sys.stdout.isatty()
        self._measurement = self._measured()
        self._begin, self._last_line = None, time.monotonic()

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Moves the bar, or breaks a long silence."""
        now = time.monotonic()
        self._begin = self._begin or (self.step, now)
        if self._on_terminal and now - self._last_line > REFRESH:
            self._print_line({name: float(value) for name, value in (logs or {}).items()} | self._measurement)
        elif not self._on_terminal and now - self._last_line > SILENCE:
            self._print_line({})

    def on_step(self, step: int, terms: dict[str, float]) -> None:
        """Prints a line, with the last measurement."""
        self._measurement = self._measured()
        self._print_line(terms | self._measurement)

    def on_train_end(self, logs: dict | None = None) -> None:
        """Ends the line on a terminal."""
        super().on_train_end(logs)
        if self._on_terminal:
            print(flush=True)

    def _measured(self) -> dict[str, float]:
        rows = self._evaluations()
        if not rows:
            return {}
        (_, step), (name, value), *_ = rows[-1].items()
        return {f"{name} at {step:.0f}": value}

    def _print_line(self, values: dict[str, float]) -> None:
        step, self._last_line = self.step, time.monotonic()
        parts = [f"step {step}/{self.total_steps}", *self._time_left(step)]
        parts += [f"{name} {value:.4g}" for name, value in values.items()]
        if self._on_terminal:
            done = min(BAR, BAR * step // self.total_steps)
            parts.insert(1, "━" * done + "─" * (BAR - done))
            width = shutil.get_terminal_size().columns - 1
            print(f"\r{'  '.join(parts)[:width]}\033[K", end="", flush=True)
        else:
            print("  ".join(parts), flush=True)

    def _time_left(self, step: int) -> list[str]:
        if self._begin is None or step <= self._begin[0] or step >= self.total_steps:
            return []
        first, begin = self._begin
        return [f"{clock((self._last_line - begin) / (step - first) * (self.total_steps - step))} left"]


def clock(seconds: float) -> str:
    """A duration as hours, minutes and seconds, such as 1:02:03; as minutes and seconds, 2:03, if it is shorter."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"

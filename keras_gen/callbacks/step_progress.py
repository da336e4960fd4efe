"""One progress bar over all steps of a run."""

import sys

import keras

from keras_gen.callbacks.step_callback import StepCallback


class StepProgress(StepCallback):
    """Shows the step, the time left and the reported terms: one bar on a terminal, otherwise one line per report.

    Args:
        total_steps: Steps of the whole run.
        every: Steps between two lines, where the output is not a terminal.
    """

    def __init__(self, total_steps: int, every: int):
        super().__init__(every)
        self.total_steps = total_steps
        self._bar: keras.utils.Progbar | None = None

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Draws the bar on a terminal."""
        super().on_train_begin(logs)
        if sys.stdout.isatty():
            terms = [metric.name for metric in self.model.metrics]
            self._bar = keras.utils.Progbar(self.total_steps, stateful_metrics=terms)

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Moves the bar."""
        if self._bar is not None:
            self._bar.update(self.step, [(name, float(value)) for name, value in (logs or {}).items()])

    def on_step(self, step: int, terms: dict[str, float]) -> None:
        """Prints a line where there is no bar."""
        if self._bar is None:
            values = "  ".join(f"{name} {value:.4g}" for name, value in terms.items())
            print(f"step {step}/{self.total_steps}  {values}", flush=True)

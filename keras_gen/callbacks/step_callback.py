"""`StepCallback`: a callback that counts training steps, not epochs."""

import keras

from keras_gen.errors import InputError
from keras_gen.utils.activity import activity


class StepCallback(keras.callbacks.Callback):
    """Calls `on_step` at the end of an epoch that reaches or passes a multiple of `every`, and of the last epoch.

    Models count their steps themselves (`model.step`), so that a continued run goes on counting where it stopped. An
    epoch is merely the number of steps between two reports.

    Args:
        every: Steps between two calls, a multiple of the steps in an epoch; None for every epoch.

    Attributes:
        doing: What `on_step` does, by which programs call it that show progress; see `keras_gen.utils.activity`.

    Raises:
        InputError: In training, `every` is not a multiple of the steps in an epoch.
    """

    doing: str = "at work between two steps"

    def __init__(self, every: int | None = None):
        super().__init__()
        if every is not None and every < 1:
            raise InputError(f"{type(self).__name__}(every={every}): give at least 1, or None for every epoch")
        self.every = every
        self._last_call: int | None = None
        self._epoch_end = 0

    @property
    def step(self) -> int:
        """Training steps made so far."""
        return int(self.model.step.numpy())

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Notes where training begins: nothing is due before the next step.

        Raises:
            InputError: `every` is not a multiple of the steps in an epoch.
        """
        self._last_call = self._epoch_end = self.step
        self._check(self.params.get("steps"))

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Calls `on_step` if it is due."""
        if self.params.get("steps") is None:  # the length of the data was unknown until now
            self._check(self.step - self._epoch_end)
        passed = self.every is None or self.step // self.every > self._epoch_end // self.every
        self._epoch_end = self.step
        # Not only at the end of training: a run killed before that would find its last step made and nothing left to
        # do.
        if passed or epoch + 1 == self.params["epochs"]:
            self._call(logs)

    def on_train_end(self, logs: dict | None = None) -> None:
        """Calls `on_step` if training ended before its last epoch, unless it was just called."""
        if self._last_call != self.step:
            self._call(logs)

    def on_step(self, step: int, terms: dict[str, float]) -> None:
        """Called after `step` steps with the means of the reported terms, those of validation included."""
        raise NotImplementedError

    def _check(self, steps: int | None) -> None:
        if self.every is not None and steps and self.every % steps:
            raise InputError(
                f"{type(self).__name__}(every={self.every}): an epoch has {steps} steps; give a multiple of that, or "
                "another steps_per_epoch"
            )

    def _call(self, logs: dict | None) -> None:
        self._last_call = self.step
        reported = {metric.name for metric in self.model.metrics}
        terms = {name: value for name, value in (logs or {}).items() if name.removeprefix("val_") in reported}
        with activity(self.doing):
            self.on_step(self.step, {name: float(value) for name, value in terms.items()})

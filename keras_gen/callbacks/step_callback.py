"""`StepCallback`: a callback that counts training steps, not epochs."""

import keras


class StepCallback(keras.callbacks.Callback):
    """Calls `on_step` at the end of an epoch whose last step is a multiple of `every`, and of the last epoch.

    Models count their steps themselves (`model.step`), so that a continued run goes on counting where it stopped. An
    epoch is merely the number of steps between two reports.

    Args:
        every: Steps between two calls, a multiple of the steps in an epoch.
    """

    def __init__(self, every: int):
        super().__init__()
        self.every = every
        self._last_call: int | None = None

    @property
    def step(self) -> int:
        """Training steps made so far."""
        return int(self.model.step.numpy())

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Notes where training begins: nothing is due before the next step."""
        self._last_call = self.step

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Calls `on_step` if it is due."""
        # Not only at the end of training: a run killed before that would find its last step made and nothing left to
        # do.
        if self.step % self.every == 0 or epoch + 1 == self.params["epochs"]:
            self._call(logs)

    def on_train_end(self, logs: dict | None = None) -> None:
        """Calls `on_step` if training ended before its last epoch, unless it was just called."""
        if self._last_call != self.step:
            self._call(logs)

    def on_step(self, step: int, terms: dict[str, float]) -> None:
        """Called after `step` steps with the means of the reported terms."""
        raise NotImplementedError

    def _call(self, logs: dict | None) -> None:
        self._last_call = self.step
        self.on_step(self.step, {name: float(value) for name, value in (logs or {}).items()})

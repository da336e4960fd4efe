"""A stop between any two training steps, and the continuation from there."""

from collections.abc import Callable

import keras
import numpy as np

from keras_gen.callbacks.checkpoints import Checkpoints


class Interruptions(keras.callbacks.Callback):
    """Stops training after the present step, with a checkpoint, and finishes the epoch of a run that was so stopped.

    An epoch is the number of steps between two reports, so both halves of one that was interrupted make one report:
    the second goes on with the running means of the first, and ends where the whole would have ended.

    It stands last among the callbacks: whatever else is due after a step is done before the stop.

    Args:
        requested: Whether training should stop.
        checkpoints: What writes the checkpoint.
        every: The steps in an epoch.

    Raises:
        KeyboardInterrupt: Training was stopped; the message says after which step.
    """

    def __init__(self, requested: Callable[[], bool], checkpoints: Checkpoints, every: int):
        super().__init__()
        self.requested = requested
        self.checkpoints = checkpoints
        self.every = every
        self._running_means: list[np.ndarray] | None = None

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Keeps the running means that came with the checkpoint: Keras resets them before the first step."""
        if self._within_epoch:
            self._running_means = [keras.ops.convert_to_numpy(variable) for variable in self._variables]

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Gives the running means back, in an epoch that is continued."""
        if self._running_means is not None:
            for variable, value in zip(self._variables, self._running_means, strict=True):
                variable.assign(value)

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Stops between two reports, and ends an epoch that was continued."""
        if self._within_epoch:
            self._stop_if_requested()
        elif self._running_means is not None:
            self.model.stop_training = True

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Stops after a report, and lets training go on after the end of an epoch that was continued."""
        if self._running_means is not None:
            self._running_means = None
            self.model.stop_training = False
        self._stop_if_requested()

    def _stop_if_requested(self) -> None:
        if self.requested():
            self.checkpoints.write()
            raise KeyboardInterrupt(f"after step {self._step}")

    @property
    def _step(self) -> int:
        return int(self.model.step.numpy())

    @property
    def _within_epoch(self) -> bool:
        return self._step % self.every != 0

    @property
    def _variables(self) -> list[keras.Variable]:
        return [variable for metric in self.model.metrics for variable in metric.variables]

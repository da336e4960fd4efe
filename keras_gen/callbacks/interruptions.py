"""Stopping between any two training steps, and continuing from there."""

from collections.abc import Callable

import keras
import numpy as np

from keras_gen.callbacks.checkpoints import Checkpoints


class Interruptions(keras.callbacks.Callback):
    """Stops training after the current step, with a checkpoint; in a continued run, completes the interrupted epoch.

    An epoch is the number of steps between two reports. Both halves of an interrupted epoch make one report: the second
    half continues the running means of the first, and ends where the epoch would have ended.

    Put it last among the callbacks, so that whatever else is due after a step is done before the stop.

    Args:
        requested: Returns whether training should stop.
        checkpoints: Writes the checkpoint.
        every: Steps in an epoch.

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
        """Keeps the running means of the checkpoint, which Keras is about to reset."""
        if self._within_epoch:
            self._running_means = [keras.ops.convert_to_numpy(variable) for variable in self._variables]

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Restores the running means in a continued epoch."""
        if self._running_means is not None:
            for variable, value in zip(self._variables, self._running_means, strict=True):
                variable.assign(value)

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Stops between two reports, and ends a continued epoch."""
        if self._within_epoch:
            self._stop_if_requested()
        elif self._running_means is not None:
            self.model.stop_training = True

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Stops after a report, and lets training go on after a continued epoch."""
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

"""Stopping at the first loss that is NaN or infinite."""

import math

import keras

from keras_gen.errors import NonFiniteLossError


class StopOnNonFinite(keras.callbacks.Callback):
    """Ends training at the first step at which a reported term or a weight is not finite.

    Put it before `Checkpoints`, so that no checkpoint of a broken model is written.

    Raises:
        NonFiniteLossError: A term or a weight is not finite; the message names it and the step.
    """

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Checks the running means, which are not finite from the first such step on."""
        for name, value in (logs or {}).items():
            if not math.isfinite(value):
                raise NonFiniteLossError(f"{name} is {float(value)} at step {self._step}")

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Checks the weights, which the last update may have broken after its loss was computed."""
        for weight in self.model.weights:
            if not keras.ops.all(keras.ops.isfinite(weight)):
                raise NonFiniteLossError(f"the weight {weight.path} is not finite at step {self._step}")

    @property
    def _step(self) -> int:
        return int(self.model.step.numpy())

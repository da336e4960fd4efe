"""`Adam`: Keras's, with one operation per weight."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from keras_gen.errors import InputError


@keras.saving.register_keras_serializable("keras_gen")
class Adam(keras.optimizers.Adam):
    """The updates of `keras.optimizers.Adam` (Kingma and Ba 2014, arXiv 1412.6980) by TensorFlow's fused kernel.

    Keras builds some forty operations per weight. In a flow with hundreds of small weights that is most of the graph of
    a training step and of the time to trace it.

    Args:
        *args: As in `keras.optimizers.Adam`.
        **kwargs: As in `keras.optimizers.Adam`, except `amsgrad`.

    Raises:
        InputError: `amsgrad` is True.
    """

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if self.amsgrad:
            raise InputError("amsgrad=True: the fused Adam does not support it; use keras.optimizers.Adam")

    def _backend_update_step(
        self, grads: Sequence[tf.Tensor], trainable_variables: Sequence[keras.Variable], learning_rate: tf.Tensor
    ) -> None:
        # Keras calls this once before the updates of all weights, so what they share is computed here.
        step = tf.cast(self.iterations.value + 1, tf.float32)
        correction = tf.sqrt(1 - self.beta_2**step) / (1 - self.beta_1**step)
        super()._backend_update_step(grads, trainable_variables, tf.cast(learning_rate, tf.float32) * correction)

    def update_step(self, gradient: tf.Tensor, variable: tf.Variable, learning_rate: tf.Tensor) -> None:
        """Updates one weight and its moments; the learning rate includes the bias corrections of both moments."""
        index = self._get_variable_index(variable)
        constants = {
            "lr": learning_rate,
            "beta1": self.beta_1,
            "beta2": self.beta_2,
            "epsilon": self.epsilon,
            # no bias correction in the kernel: it is in the learning rate
            "beta1_power": 0.0,
            "beta2_power": 0.0,
        }
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            grad=tf.cast(tf.convert_to_tensor(gradient), variable.dtype),
            **{name: tf.cast(value, variable.dtype) for name, value in constants.items()},
        )

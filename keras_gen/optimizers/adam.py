"""`Adam`: Keras's, with one operation a weight."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from keras_gen.errors import InputError


@keras.saving.register_keras_serializable("keras_gen")
class Adam(keras.optimizers.Adam):
    """The updates of `keras.optimizers.Adam` (Kingma and Ba 2014, arXiv 1412.6980) by TensorFlow's fused kernel.

    Keras writes some forty operations for every weight. A flow has hundreds of small weights: there, that is most of
    the graph of a training step, and the time that it takes to be traced.

    Args:
        *args: As in `keras.optimizers.Adam`.
        **kwargs: As there; not `amsgrad`.

    Raises:
        InputError: `amsgrad` is asked for.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.amsgrad:
            raise InputError("amsgrad=True: the fused Adam has none; use keras.optimizers.Adam")

    def _backend_update_step(
        self, grads: Sequence[tf.Tensor], trainable_variables: Sequence[keras.Variable], learning_rate: tf.Tensor
    ) -> None:
        # Keras's hook before the update of every weight: what all share is computed once.
        step = tf.cast(self.iterations.value + 1, tf.float32)
        correction = tf.sqrt(1 - self.beta_2**step) / (1 - self.beta_1**step)
        super()._backend_update_step(grads, trainable_variables, tf.cast(learning_rate, tf.float32) * correction)

    def update_step(self, gradient: tf.Tensor, variable: tf.Variable, learning_rate: tf.Tensor) -> None:
        """Updates one weight and its moments; the learning rate contains the corrections of both moments' bias."""
        index = self._get_variable_index(variable)
        constants = {
            "lr": learning_rate,
            "beta1": self.beta_1,
            "beta2": self.beta_2,
            "epsilon": self.epsilon,
            # the kernel's own corrections, made already
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

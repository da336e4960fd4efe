"""`ConditionalAffine`: the whole input scaled and shifted by what a network makes of the condition."""

import keras
import tensorflow as tf

from keras_gen.layers.flows.flow_layer import InputShape, total
from keras_gen.layers.flows.network_layer import NetworkLayer


@keras.saving.register_keras_serializable("keras_gen")
class ConditionalAffine(NetworkLayer):
    """y = sigma(c) x + mu(c), with c the condition: the post's equation 10, and the links of its equation 16.

    As a map of noise u ~ N(0, I) it is the posterior N(mu(c), sigma(c)²) of a VAE.

    Args:
        network: A functional model from the condition to [mu, log sigma²], [n, ..., 2 channels].
        **kwargs: Passed on to `keras.Layer`.

    Raises:
        InputError: When built: the network is no functional model, or gives another shape.
    """

    def build(self, input_shape: InputShape) -> None:
        """Checks the network."""
        shape = tuple(input_shape[1:])
        if self.taken_shapes is None:
            raise self.complaint(
                f"its network {self.network.name!r} does not say what shape the condition has; give a functional model"
            )
        self.check_given(tuple(self.network.output_shape[1:]), (*shape[:-1], 2 * shape[-1]))

    def forward(
        self, x: tf.Tensor, condition: tf.Tensor | None = None, training: bool = False
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """See `FlowLayer.forward`."""
        mean, log_scale = self._moments(condition, training)
        return tf.exp(log_scale) * x + mean, total(log_scale)

    def inverse(self, y: tf.Tensor, condition: tf.Tensor | None = None) -> tf.Tensor:
        """See `FlowLayer.inverse`."""
        mean, log_scale = self._moments(condition)
        return (y - mean) * tf.exp(-log_scale)

    def _moments(self, condition: tf.Tensor | None, training: bool = False) -> tuple[tf.Tensor, tf.Tensor]:
        outputs = self.outputs(self.check_condition(condition), training=training)
        mean, log_variance = tf.split(outputs, 2, axis=-1)
        return mean, 0.5 * log_variance

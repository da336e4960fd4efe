"""`ConditionalAffine`: the whole input scaled and shifted by what a network makes of the condition."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from keras_gen.layers.flows.flow_layer import FlowLayer, total


@keras.saving.register_keras_serializable("keras_gen")
class ConditionalAffine(FlowLayer):
    """y = sigma(c) x + mu(c), with c the condition: the post's equation 10, and the links of its equation 16.

    As a map of noise u ~ N(0, I) it is the posterior N(mu(c), sigma(c)²) of a VAE.

    Args:
        network: From the condition to [mu, log sigma²], [n, ..., 2 channels].
        **kwargs: Passed on to `keras.Layer`.

    Raises:
        InputError: When built: the network gives another shape.
    """

    def __init__(self, network: keras.Model, **kwargs):
        super().__init__(**kwargs)
        self.network = network

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Checks the network."""
        shape = tuple(input_shape[1:])
        needed, given = (*shape[:-1], 2 * shape[-1]), tuple(self.network.output_shape[1:])
        if given != needed:
            raise self.complaint(f"its network {self.network.name!r} gives {given}, needed is {needed}")

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
        if condition is None:
            raise self.complaint("it needs a condition")
        mean, log_variance = tf.split(tf.cast(self.network(condition, training=training), tf.float32), 2, axis=-1)
        return mean, 0.5 * log_variance

    def get_config(self) -> dict:
        """The arguments that build this layer again."""
        return {**super().get_config(), "network": keras.saving.serialize_keras_object(self.network)}

    @classmethod
    def from_config(cls, config: dict) -> "ConditionalAffine":
        """Builds the layer from `get_config`."""
        deserialize = keras.saving.deserialize_keras_object
        return cls(**{name: deserialize(value) for name, value in config.items()})

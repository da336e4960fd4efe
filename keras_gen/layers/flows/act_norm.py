"""`ActNorm`: a scale and a shift for every channel."""

from typing import Any

import keras
import tensorflow as tf

from keras_gen.layers.flows.channel_affine import Affine, ChannelAffine, row_product
from keras_gen.layers.flows.flow_layer import InputShape, unchanged_volume

EPSILON = 1e-6


@keras.saving.register_keras_serializable("keras_gen")
class ActNorm(ChannelAffine):
    """y = exp(log_scale) x + bias, with one trained pair per channel.

    Kingma and Dhariwal 2018, Glow, arXiv 1807.03039, section 3.1. There, the first batch decides where the pair
    begins: each channel of y has mean 0 and variance 1 on it. The author of the post's code begins with the identity.

    Whether the first batch has been seen is a weight, saved and restored with the others, so that it happens once.

    Args:
        from_data: Begins as a function of the first batch that `initialize` is given; else as the identity.
        **kwargs: Passed on to `keras.Layer`.
    """

    def __init__(self, from_data: bool = True, **kwargs: Any):
        super().__init__(**kwargs)
        self.from_data = from_data

    def build(self, input_shape: InputShape) -> None:
        """Makes the weights, as the identity."""
        super().build(input_shape)
        self.log_scale = self.add_weight(name="log_scale", shape=(self.channels,), initializer="zeros")
        self.bias = self.add_weight(name="bias", shape=(self.channels,), initializer="zeros")
        if self.from_data:
            self.seen_data = self.add_weight(
                name="seen_data", shape=(), dtype="bool", initializer="zeros", trainable=False
            )

    @property
    def awaits_data(self) -> bool:
        """Whether `initialize` has yet to set the weights."""
        return self.from_data and not bool(self.seen_data.numpy())

    def initialize(self, x: tf.Tensor, condition: tf.Tensor | None = None) -> tf.Tensor:
        """Gives every channel mean 0 and variance 1 over x, [n > 0, ..., channels], if no data were seen; gives y.

        Raises:
            InputError: x has no rows.
        """
        if self.awaits_data:
            if not x.shape[0]:
                raise self.complaint("a batch without rows has no mean and variance to begin with")
            mean, variance = tf.nn.moments(x, list(range(x.shape.rank - 1)))
            # A channel that is constant, as in a border, is shifted only; its noise is not blown up.
            log_scale = tf.where(variance > EPSILON, -0.5 * tf.math.log(tf.maximum(variance, EPSILON)), 0.0)
            self.log_scale.assign(log_scale)
            self.bias.assign(-mean * tf.exp(log_scale))
            self.seen_data.assign(True)
        return self.forward(x, condition)[0]

    # One number per channel needs no matrix product.

    def forward(
        self, x: tf.Tensor, condition: tf.Tensor | None = None, training: bool = False
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """See `FlowLayer.forward`."""
        del condition, training
        y = x * tf.exp(self.log_scale.value) + self.bias.value
        return y, unchanged_volume(x) + self.positions * self.log_det_kernel()

    def inverse(self, y: tf.Tensor, condition: tf.Tensor | None = None) -> tf.Tensor:
        """See `FlowLayer.inverse`."""
        del condition
        return (y - self.bias.value) * tf.exp(-self.log_scale.value)

    def affine(self) -> Affine:
        """See `ChannelAffine.affine`."""
        return tf.linalg.diag(tf.exp(self.log_scale.value)), self.bias.value

    def inverse_affine(self) -> Affine:
        """See `ChannelAffine.inverse_affine`."""
        scale = tf.exp(-self.log_scale.value)
        return tf.linalg.diag(scale), -self.bias.value * scale

    def log_det_kernel(self) -> tf.Tensor:
        """See `ChannelAffine.log_det_kernel`."""
        return tf.reduce_sum(self.log_scale.value)

    def before(self, kernel: tf.Tensor, bias: tf.Tensor) -> Affine:
        """See `ChannelAffine.before`: it scales the rows."""
        return tf.exp(self.log_scale.value)[:, tf.newaxis] * kernel, row_product(self.bias.value, kernel) + bias

    def inverse_after(self, kernel: tf.Tensor, bias: tf.Tensor) -> Affine:
        """See `ChannelAffine.inverse_after`: it scales the columns."""
        scale = tf.exp(-self.log_scale.value)
        return kernel * scale, (bias - self.bias.value) * scale

    def get_config(self) -> dict[str, Any]:
        """The arguments that build this layer again."""
        return {**super().get_config(), "from_data": self.from_data}

"""Coupling layers: one half of the channels moves the other."""

from typing import Any

import keras
import tensorflow as tf

from keras_gen.layers.flows.bounded_scale import BoundedScale
from keras_gen.layers.flows.flow_layer import InputShape, total, unchanged_volume
from keras_gen.layers.flows.network_layer import NetworkLayer


class _Coupling(NetworkLayer):
    """What both couplings share: the halves, and the network that reads the first.

    Args:
        network: See the subclasses.
        **kwargs: Passed on to `keras.Layer`.

    Raises:
        InputError: The network is no Keras layer; when built: there are no halves, or it takes or gives another shape.
    """

    outputs_per_channel: int

    def build(self, input_shape: InputShape) -> None:
        """Checks the halves and the network."""
        shape = tuple(input_shape[1:])
        self.check_even_channels(shape)
        half = (*shape[:-1], shape[-1] // 2)
        self.check_network(half, (*half[:-1], half[-1] * self.outputs_per_channel))

    def network_output(self, half: tf.Tensor, condition: tf.Tensor | None, training: bool = False) -> tf.Tensor:
        """The network's output for the first half, float32."""
        conditional = len(self.taken_shapes or [half]) == 2
        inputs = [half, self.check_condition(condition)] if conditional else [half]
        return self.outputs(*inputs, training=training)


@keras.saving.register_keras_serializable("keras_gen")
class AdditiveCoupling(_Coupling):
    """y1 = x1, y2 = x2 + t(x1): the post's equations 2 and 3 with s = 1.

    Dinh et al. 2014, NICE, arXiv 1410.8516.

    Args:
        network: t, from the first half of the channels [n, ..., c/2] to as many numbers. A functional model of two
            inputs is given [x1, condition].
        **kwargs: Passed on to `keras.Layer`.

    Raises:
        InputError: When built: the number of channels is odd, or the network takes or gives another shape.
    """

    volume_preserving = True
    outputs_per_channel = 1

    def forward(
        self, x: tf.Tensor, condition: tf.Tensor | None = None, training: bool = False
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """See `FlowLayer.forward`."""
        first, second = tf.split(x, 2, axis=-1)
        return tf.concat([first, second + self.network_output(first, condition, training)], -1), unchanged_volume(x)

    def inverse(self, y: tf.Tensor, condition: tf.Tensor | None = None) -> tf.Tensor:
        """See `FlowLayer.inverse`."""
        first, second = tf.split(y, 2, axis=-1)
        return tf.concat([first, second - self.network_output(first, condition)], -1)


@keras.saving.register_keras_serializable("keras_gen")
class AffineCoupling(_Coupling):
    """y1 = x1, y2 = s(x1) x2 + t(x1): the post's equations 2 and 3.

    Dinh et al. 2016, RealNVP, arXiv 1605.08803. The network's output is [t, r]; r gives the bounded scale s.

    Args:
        network: From the first half of the channels [n, ..., c/2] to twice as many numbers. A functional model of two
            inputs is given [x1, condition].
        scale: How s depends on r, `exp_tanh` or `sigmoid`; see `BoundedScale`.
        **kwargs: Passed on to `keras.Layer`.

    Raises:
        InputError: There is no such scale; when built: the number of channels is odd, or the network takes or
            gives another shape.
    """

    outputs_per_channel = 2

    def __init__(self, network: keras.Layer, scale: str = "exp_tanh", **kwargs: Any):
        super().__init__(network, **kwargs)
        self.scale = BoundedScale(scale)

    def forward(
        self, x: tf.Tensor, condition: tf.Tensor | None = None, training: bool = False
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """See `FlowLayer.forward`."""
        first, second = tf.split(x, 2, axis=-1)
        shift, raw = tf.split(self.network_output(first, condition, training), 2, axis=-1)
        scale, log_scale = self.scale(raw)
        return tf.concat([first, scale * second + shift], -1), total(log_scale)

    def inverse(self, y: tf.Tensor, condition: tf.Tensor | None = None) -> tf.Tensor:
        """See `FlowLayer.inverse`."""
        first, second = tf.split(y, 2, axis=-1)
        shift, raw = tf.split(self.network_output(first, condition), 2, axis=-1)
        scale, _ = self.scale(raw)
        return tf.concat([first, (second - shift) / scale], -1)

    def get_config(self) -> dict[str, Any]:
        """The arguments that build this layer again."""
        return {**super().get_config(), "scale": self.scale.name}

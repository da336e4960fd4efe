"""`Chain`: one layer of a flow after another."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import tensorflow as tf

from keras_gen.layers.flows.channel_affine import ChannelAffine, fused_forward, fused_inverse
from keras_gen.layers.flows.flow_layer import FlowLayer, InputShape, Shape, unchanged_volume


@keras.saving.register_keras_serializable("keras_gen")
class Chain(FlowLayer):
    """The composition of layers, the first one first; of none, the identity.

    Neighbours that are affine maps of the channels, such as act norm and the 1x1 convolution, are one matrix product.

    Args:
        layers: The layers.
        **kwargs: Passed on to `keras.Layer`.
    """

    def __init__(self, layers: Sequence[FlowLayer], **kwargs: Any):
        super().__init__(**kwargs)
        self.layers = list(layers)
        self.volume_preserving = all(layer.volume_preserving for layer in self.layers)

    def build(self, input_shape: InputShape) -> None:
        """Builds the layers, each on what the one before it gives."""
        shape = tuple(input_shape[1:])
        for layer in self.layers:
            layer.fit_to(shape)
            shape = layer.transformed_shape(shape)

    def transformed_shape(self, shape: Shape) -> Shape:
        """See `FlowLayer.transformed_shape`."""
        for layer in self.layers:
            shape = layer.transformed_shape(shape)
        return shape

    def forward(
        self, x: tf.Tensor, condition: tf.Tensor | None = None, training: bool = False
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """See `FlowLayer.forward`."""
        scalars, vectors = [tf.zeros([])], [unchanged_volume(x)]
        for group in self._groups():
            if isinstance(group[0], ChannelAffine):
                x, log_det = fused_forward(group, x)
                scalars.append(log_det)
            else:
                x, log_det = group[0].forward(x, condition, training)
                if not group[0].volume_preserving:
                    vectors.append(log_det)
        return x, tf.add_n(vectors) + tf.add_n(scalars)

    def inverse(self, y: tf.Tensor, condition: tf.Tensor | None = None) -> tf.Tensor:
        """See `FlowLayer.inverse`."""
        for group in reversed(list(self._groups())):
            affine = isinstance(group[0], ChannelAffine)
            y = fused_inverse(group, y) if affine else group[0].inverse(y, condition)
        return y

    def initialize(self, x: tf.Tensor, condition: tf.Tensor | None = None) -> tf.Tensor:
        """Initialises the layers one after the other, each on what the one before it gives."""
        return self.walk(lambda layer, x: layer.initialize(x, condition), x)

    def walk(self, visit: Callable[[FlowLayer, tf.Tensor], tf.Tensor], x: tf.Tensor) -> tf.Tensor:
        """See `FlowLayer.walk`."""
        for layer in self.layers:
            x = layer.walk(visit, x)
        return x

    def _groups(self) -> Iterator[list[FlowLayer]]:
        """The layers in turn: affine maps of the channels together with their neighbours, every other one alone."""
        for affine, group in itertools.groupby(self.layers, lambda layer: isinstance(layer, ChannelAffine)):
            if affine:
                yield list(group)
            else:
                yield from ([layer] for layer in group)

    def get_config(self) -> dict[str, Any]:
        """The arguments that build this layer again."""
        return {**super().get_config(), "layers": [keras.saving.serialize_keras_object(layer) for layer in self.layers]}

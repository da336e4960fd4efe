"""`Squeeze` and `Unsqueeze`: positions as channels, and back."""

from typing import Any

import keras
import tensorflow as tf

from keras_gen.checks import check_counts
from keras_gen.layers.flows.flow_layer import FlowLayer, InputShape, Shape, unchanged_volume


class _Blocks(FlowLayer):
    """What both share: they only move numbers, between a block of positions and the channels of one.

    Args:
        block: Positions along each side of a block, at least 2.
        **kwargs: Passed on to `keras.Layer`.

    Raises:
        InputError: The block is below 2.
    """

    volume_preserving = True

    def __init__(self, block: int = 2, **kwargs: Any):
        super().__init__(**kwargs)
        check_counts(2, block=block)
        self.block = block

    def moved(self, x: tf.Tensor) -> tf.Tensor:
        """The numbers x in their new places."""
        raise NotImplementedError

    def moved_back(self, y: tf.Tensor) -> tf.Tensor:
        """The numbers y in their old places."""
        raise NotImplementedError

    def forward(
        self, x: tf.Tensor, condition: tf.Tensor | None = None, training: bool = False
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """See `FlowLayer.forward`."""
        del condition, training
        return self.moved(x), unchanged_volume(x)

    def inverse(self, y: tf.Tensor, condition: tf.Tensor | None = None) -> tf.Tensor:
        """See `FlowLayer.inverse`."""
        del condition
        return self.moved_back(y)

    def get_config(self) -> dict[str, Any]:
        """The arguments that build this layer again."""
        return {**super().get_config(), "block": self.block}


@keras.saving.register_keras_serializable("keras_gen")
class Squeeze(_Blocks):
    """Every block x block of positions becomes one, with block² times the channels.

    Args:
        block: Positions along each side of a block, at least 2.
        **kwargs: Passed on to `keras.Layer`.

    Raises:
        InputError: The block is below 2; when built: height and width are not multiples of it.
    """

    def build(self, input_shape: InputShape) -> None:
        """Checks the size."""
        self.check_known(tuple(input_shape[1:]))
        if len(input_shape) != 4 or any(side % self.block for side in input_shape[1:3]):
            raise self.complaint(
                f"blocks of {self.block}x{self.block} do not divide {tuple(input_shape[1:])}; height and width must be "
                f"multiples of {self.block}"
            )

    def moved(self, x: tf.Tensor) -> tf.Tensor:
        """The positions of a block as channels."""
        return tf.nn.space_to_depth(x, self.block)

    def moved_back(self, y: tf.Tensor) -> tf.Tensor:
        """Channels as the positions of a block."""
        return tf.nn.depth_to_space(y, self.block)

    def transformed_shape(self, shape: Shape) -> Shape:
        """See `FlowLayer.transformed_shape`."""
        height, width, channels = shape
        return height // self.block, width // self.block, channels * self.block**2


@keras.saving.register_keras_serializable("keras_gen")
class Unsqueeze(_Blocks):
    """Every block² channels of a position become a block x block of positions: the inverse of `Squeeze`.

    Args:
        block: Positions along each side of a block, at least 2.
        **kwargs: Passed on to `keras.Layer`.

    Raises:
        InputError: The block is below 2; when built: the channels are not a multiple of block².
    """

    def build(self, input_shape: InputShape) -> None:
        """Checks the number of channels."""
        self.check_known(tuple(input_shape[1:]))
        if len(input_shape) != 4 or input_shape[-1] % self.block**2:
            raise self.complaint(
                f"{tuple(input_shape[1:])} is not [height, width, channels] with a multiple of {self.block**2} channels"
            )

    def moved(self, x: tf.Tensor) -> tf.Tensor:
        """Channels as the positions of a block."""
        return tf.nn.depth_to_space(x, self.block)

    def moved_back(self, y: tf.Tensor) -> tf.Tensor:
        """The positions of a block as channels."""
        return tf.nn.space_to_depth(y, self.block)

    def transformed_shape(self, shape: Shape) -> Shape:
        """See `FlowLayer.transformed_shape`."""
        height, width, channels = shape
        return height * self.block, width * self.block, channels // self.block**2

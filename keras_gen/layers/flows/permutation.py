"""`Permutation`: the channels in another order."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_gen.layers.flows.channel_affine import Affine, ChannelAffine
from keras_gen.layers.flows.flow_layer import InputShape


@keras.saving.register_keras_serializable("keras_gen")
class Permutation(ChannelAffine):
    """The channels in a random order that is fixed; the author's choice where Glow has an invertible convolution.

    Args:
        seed: Seed of the order.
        **kwargs: Passed on to `keras.Layer`.
    """

    volume_preserving = True

    def __init__(self, seed: int = 0, **kwargs: Any):
        super().__init__(**kwargs)
        self.seed = seed

    def build(self, input_shape: InputShape) -> None:
        """Draws the order: channel i of y is channel order[i] of x."""
        super().build(input_shape)
        self._order = np.random.RandomState(self.seed).permutation(self.channels)
        self._back = np.argsort(self._order)

    def affine(self) -> Affine:
        """See `ChannelAffine.affine`."""
        return self.before(np.eye(self.channels, dtype=np.float32), tf.zeros([self.channels]))

    def inverse_affine(self) -> Affine:
        """See `ChannelAffine.inverse_affine`."""
        return self.inverse_after(np.eye(self.channels, dtype=np.float32), tf.zeros([self.channels]))

    def log_det_kernel(self) -> tf.Tensor:
        """See `ChannelAffine.log_det_kernel`."""
        return tf.zeros([])

    def before(self, kernel: tf.Tensor, bias: tf.Tensor) -> Affine:
        """See `ChannelAffine.before`: it exchanges rows."""
        return tf.gather(kernel, self._back), bias

    def inverse_after(self, kernel: tf.Tensor, bias: tf.Tensor) -> Affine:
        """See `ChannelAffine.inverse_after`: it exchanges columns."""
        return tf.gather(kernel, self._back, axis=1), tf.gather(bias, self._back)

    def get_config(self) -> dict[str, Any]:
        """The arguments that build this layer again."""
        return {**super().get_config(), "seed": self.seed}

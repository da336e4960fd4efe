"""`InvertibleConvolution`: a 1x1 convolution whose determinant and inverse are cheap."""

from typing import Any

import keras
import numpy as np
import scipy.linalg
import tensorflow as tf

from keras_gen.layers.flows.channel_affine import Affine, ChannelAffine
from keras_gen.layers.flows.flow_layer import InputShape


@keras.saving.register_keras_serializable("keras_gen")
class InvertibleConvolution(ChannelAffine):
    """y = x W at every position, with W = P L U.

    Kingma and Dhariwal 2018, Glow, arXiv 1807.03039, equations 9 to 11. P is a fixed permutation, L lower triangular
    with ones on its diagonal, U upper triangular with the diagonal s, whose signs are fixed; so

        log |det W| = sum log |s|

    and W stays invertible through training. The inverse is that of three simple factors. W begins as a
    random rotation. L, U and log |s| are one square weight: below, above and on its diagonal.

    Args:
        seed: Seed of the rotation.
        **kwargs: Passed on to `keras.Layer`.
    """

    def __init__(self, seed: int = 0, **kwargs: Any):
        super().__init__(**kwargs)
        self.seed = seed

    def build(self, input_shape: InputShape) -> None:
        """Makes the factors of a random rotation."""
        super().build(input_shape)
        random = np.random.RandomState(self.seed)
        rotation = np.linalg.qr(random.standard_normal((self.channels, self.channels)))[0]
        permutation, lower, upper = scipy.linalg.lu(rotation)
        diagonal = np.diagonal(upper)
        factors = np.tril(lower, -1) + np.triu(upper, 1) + np.diag(np.log(np.abs(diagonal)))
        fixed = {"trainable": False, "dtype": "int32"}
        self.factors = self._weight("factors", factors)
        self.permutation = self._weight("permutation", permutation.argmax(axis=1), **fixed)
        self.signs = self._weight("signs", np.sign(diagonal), **fixed)
        # L and U without their diagonals
        below = np.tril(np.ones_like(factors, np.float32), -1)
        self._below, self._above, self._ones = below, below.T, np.eye(self.channels, dtype=np.float32)

    def _weight(self, name: str, value: np.ndarray, **kwargs: Any) -> keras.Variable:
        return self.add_weight(name=name, shape=value.shape, initializer=lambda shape, dtype: value, **kwargs)

    def affine(self) -> Affine:
        """See `ChannelAffine.affine`; there is no bias."""
        lower, upper = self._triangles()
        return tf.gather(lower, self.permutation.value) @ upper, tf.zeros([self.channels])

    def inverse_affine(self) -> Affine:
        """See `ChannelAffine.inverse_affine`: W^-1 = U^-1 L^-1 P^-1, by two triangular systems."""
        lower, upper = self._triangles()
        inverse = tf.linalg.triangular_solve(lower, self._ones, lower=True)
        inverse = tf.linalg.triangular_solve(upper, inverse, lower=False)
        # Row i of P has its one in column permutation[i]: then so has column i of P^-1 in that row.
        return tf.gather(inverse, self.permutation.value, axis=1), tf.zeros([self.channels])

    def log_det_kernel(self) -> tf.Tensor:
        """See `ChannelAffine.log_det_kernel`."""
        return tf.linalg.trace(self.factors.value)

    def _triangles(self) -> tuple[tf.Tensor, tf.Tensor]:
        """L and U."""
        factors = self.factors.value
        diagonal = tf.cast(self.signs.value, tf.float32) * tf.exp(tf.linalg.diag_part(factors))
        return factors * self._below + self._ones, factors * self._above + diagonal * self._ones

    def get_config(self) -> dict[str, Any]:
        """The arguments that build this layer again."""
        return {**super().get_config(), "seed": self.seed}

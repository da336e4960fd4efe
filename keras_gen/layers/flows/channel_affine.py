"""`ChannelAffine`: one affine map of the channels, the same at every position; consecutive ones are one product."""

import math
from collections.abc import Sequence

import tensorflow as tf

from keras_gen.layers.flows.flow_layer import FlowLayer, InputShape, unchanged_volume

Affine = tuple[tf.Tensor, tf.Tensor]


class ChannelAffine(FlowLayer):
    """y = x K + b on the last axis.

    Subclasses give K and b as `affine`, those of the inverse map as `inverse_affine`, and log |det K| as
    `log_det_kernel`. Where K is of a simple form, they also say how it is put before another map, or its
    inverse behind one, with less work than a matrix product.
    """

    def build(self, input_shape: InputShape) -> None:
        """Notes the number of channels and of positions."""
        self.check_known(tuple(input_shape[1:]))
        self.channels = input_shape[-1]
        self.positions = math.prod(input_shape[1:-1])

    def affine(self) -> Affine:
        """K [channels, channels] and b [channels] of y = x K + b."""
        raise NotImplementedError

    def inverse_affine(self) -> Affine:
        """K^-1 and -b K^-1, so that x = y K^-1 - b K^-1."""
        raise NotImplementedError

    def log_det_kernel(self) -> tf.Tensor:
        """The scalar log |det K|."""
        raise NotImplementedError

    def before(self, kernel: tf.Tensor, bias: tf.Tensor) -> Affine:
        """This map, then x kernel + bias, as one."""
        own_kernel, own_bias = self.affine()
        return own_kernel @ kernel, row_product(own_bias, kernel) + bias

    def inverse_after(self, kernel: tf.Tensor, bias: tf.Tensor) -> Affine:
        """The map y kernel + bias, then this map's inverse, as one."""
        own_kernel, own_bias = self.inverse_affine()
        return kernel @ own_kernel, row_product(bias, own_kernel) + own_bias

    def forward(
        self, x: tf.Tensor, condition: tf.Tensor | None = None, training: bool = False
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """See `FlowLayer.forward`."""
        del condition, training
        return apply_affine(x, *self.affine()), unchanged_volume(x) + self.positions * self.log_det_kernel()

    def inverse(self, y: tf.Tensor, condition: tf.Tensor | None = None) -> tf.Tensor:
        """See `FlowLayer.inverse`."""
        del condition
        return apply_affine(y, *self.inverse_affine())


def fused_forward(layers: Sequence[ChannelAffine], x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """What several of them in a row make of x, by one matrix product; and their log-det, one scalar for all rows."""
    kernel, bias = layers[-1].affine()
    for layer in reversed(layers[:-1]):
        kernel, bias = layer.before(kernel, bias)
    log_dets = [layer.log_det_kernel() for layer in layers if not layer.volume_preserving]
    return apply_affine(x, kernel, bias), layers[0].positions * tf.add_n([tf.zeros([]), *log_dets])


def fused_inverse(layers: Sequence[ChannelAffine], y: tf.Tensor) -> tf.Tensor:
    """What several of them in a row made y of, by one matrix product."""
    kernel, bias = layers[-1].inverse_affine()
    for layer in reversed(layers[:-1]):
        kernel, bias = layer.inverse_after(kernel, bias)
    return apply_affine(y, kernel, bias)


def apply_affine(x: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor) -> tf.Tensor:
    """The map x kernel + bias on the last axis, of x of any rank."""
    rows = tf.reshape(x, [-1, x.shape[-1]])
    return tf.reshape(tf.nn.bias_add(rows @ kernel, bias), [-1, *x.shape[1:]])


def row_product(row: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """The product of a vector and a matrix."""
    return tf.linalg.matvec(kernel, row, transpose_a=True)

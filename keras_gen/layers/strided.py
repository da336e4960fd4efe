"""Convolutions of stride 2 that train faster than Keras's on CPUs where an image of few channels is at one end.

What is slow there is the gradient for the image, which is also what a transposed convolution computes. Every pixel of
it belongs to one of four kinds, by whether its row and its column are even or odd, and pixels of a kind are a
convolution of stride 1 of the map. So all of them are one such convolution, to four times the channels, whose outputs
are then put in their places: the sub-pixel convolution of Shi et al. 2016 (arXiv 1609.05158).

`Conv2D` and `Conv2DTranspose` have the arguments, weights and names of Keras's layers, and their outputs up to
rounding. Only in training, on machines without a GPU and where it pays do they compute otherwise.
"""

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar

import keras
import tensorflow as tf

# Where an image has more channels than this, Keras's layers are as fast.
FEW_CHANNELS = 3

Gradient = Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]

_for_this_machine = ContextVar("for_this_machine", default=True)


@contextlib.contextmanager
def left_to_keras() -> Iterator[None]:
    """Within it Keras's layers compute in any case: graphs that are traced are for a device of another machine."""
    before = _for_this_machine.set(False)
    try:
        yield
    finally:
        _for_this_machine.reset(before)


@keras.saving.register_keras_serializable("keras_gen")
class Conv2D(keras.layers.Conv2D):
    """`keras.layers.Conv2D`, with a faster gradient for images of few channels; see the module."""

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Maps [batch, height / 2, width / 2, filters] of images [batch, height, width, channels]."""
        even = all(size is not None and size % 2 == 0 for size in inputs.shape[1:3])
        if not (training and even and _pays(self, inputs.shape[-1])):
            return super().call(inputs)
        return _with_bias_and_activation(self, convolution(inputs, tf.convert_to_tensor(self.kernel)))


@keras.saving.register_keras_serializable("keras_gen")
class Conv2DTranspose(keras.layers.Conv2DTranspose):
    """`keras.layers.Conv2DTranspose`, faster for images of few channels; see the module."""

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Images [batch, 2 height, 2 width, filters] of maps [batch, height, width, channels]."""
        if not (training and self.output_padding is None and _pays(self, self.filters)):
            return super().call(inputs)
        return _with_bias_and_activation(self, transposed_convolution(inputs, tf.convert_to_tensor(self.kernel)))


def _pays(layer: keras.layers.Conv2D | keras.layers.Conv2DTranspose, image_channels: int) -> bool:
    plain = layer.padding == "same" and layer.data_format == "channels_last" and tuple(layer.dilation_rate) == (1, 1)
    halves = tuple(layer.strides) == (2, 2) and min(layer.kernel_size) > 1 and getattr(layer, "groups", 1) == 1
    slow_here = _for_this_machine.get() and not tf.config.list_physical_devices("GPU")
    return plain and halves and image_channels <= FEW_CHANNELS and slow_here


def _with_bias_and_activation(
    layer: keras.layers.Conv2D | keras.layers.Conv2DTranspose, outputs: tf.Tensor
) -> tf.Tensor:
    if layer.use_bias:
        outputs = tf.nn.bias_add(outputs, tf.convert_to_tensor(layer.bias))
    return layer.activation(outputs)


@tf.custom_gradient
def convolution(images: tf.Tensor, kernel: tf.Tensor) -> tuple[tf.Tensor, Gradient]:
    """The convolution of stride 2 with zeros around the images, as SAME padding has them.

    Args:
        images: [batch, height, width, channels], with an even height and width.
        kernel: [rows, columns, channels, filters], more than one row and column.

    Returns:
        [batch, height / 2, width / 2, filters], and its gradient, which can be differentiated again.
    """

    def gradient(outputs: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return transposed_convolution(outputs, kernel), _kernel_gradient(images, kernel, outputs)

    return tf.nn.conv2d(images, kernel, 2, "SAME"), gradient


@tf.custom_gradient
def transposed_convolution(maps: tf.Tensor, kernel: tf.Tensor) -> tuple[tf.Tensor, Gradient]:
    """The transpose of `convolution`.

    Args:
        maps: [batch, height, width, filters].
        kernel: [rows, columns, channels, filters], more than one row and column.

    Returns:
        [batch, 2 height, 2 width, channels], and its gradient, which can be differentiated again.
    """

    def gradient(outputs: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return convolution(outputs, kernel), _kernel_gradient(outputs, kernel, maps)

    rows, columns, channels, filters = kernel.shape
    (front_rows, row_pairs, above, below), (front_columns, column_pairs, left, right) = _pairs(rows), _pairs(columns)
    pairs = tf.pad(
        kernel,
        [
            [front_rows, 2 * row_pairs - rows - front_rows],
            [front_columns, 2 * column_pairs - columns - front_columns],
            [0, 0],
            [0, 0],
        ],
    )
    pairs = tf.reshape(pairs, [row_pairs, 2, column_pairs, 2, channels, filters])
    pairs = tf.transpose(tf.reverse(pairs, [0, 2]), [0, 2, 5, 1, 3, 4])
    sub_pixels = tf.reshape(pairs, [row_pairs, column_pairs, filters, 4 * channels])
    padding = [[0, 0], [above, below], [left, right], [0, 0]]
    return tf.nn.depth_to_space(tf.nn.conv2d(maps, sub_pixels, 1, padding), 2), gradient


def _pairs(size: int) -> tuple[int, int, int, int]:
    """How rows of a kernel are taken in pairs, one for even and one for odd rows of the image.

    The convolution's row i sees row 2 i + t - p of the image through the kernel's row t, with p = (size - 2) // 2. So
    row 2 q + r of the image gets from row q + d of the map what the kernel's row t = r + p - 2 d gives.

    Returns:
        The zeros in front of the kernel, which make p even; the number of pairs; and the zeros before and behind the
        map.
    """
    p = (size - 2) // 2
    front = p % 2
    pairs = (front + size + 1) // 2
    largest_d = (p + front) // 2
    return front, pairs, pairs - 1 - largest_d, largest_d


def _kernel_gradient(images: tf.Tensor, kernel: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
    """The gradient of <`convolution`(images, kernel), outputs> for the kernel."""
    return tf.raw_ops.Conv2DBackpropFilter(
        input=images, filter_sizes=kernel.shape, out_backprop=outputs, strides=[1, 2, 2, 1], padding="SAME"
    )

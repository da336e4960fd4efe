"""The spectral norm of a kernel, by power iteration.

Equations 7 and 15 of the post on Lipschitz constraints. A kernel is read as the matrix W [everything else, outputs], as
the author's code does. For a dense layer |W|_2 is then the layer's own norm; for a convolution it is the norm of what
the layer does to one patch, and the layer itself, whose patches overlap, may stretch by more or by less.
"""

import keras
import tensorflow as tf

from keras_gen.checks import check_counts
from keras_gen.errors import InputError

CONVOLUTIONS = (keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.Conv3D)
TRANSPOSED_CONVOLUTIONS = (keras.layers.Conv1DTranspose, keras.layers.Conv2DTranspose, keras.layers.Conv3DTranspose)
# The layers whose `kernel` is a single linear map from inputs to outputs.
KERNEL_LAYERS = (keras.layers.Dense, *CONVOLUTIONS, *TRANSPOSED_CONVOLUTIONS)

# Smaller squared norms count as zero, so that a kernel of zeros has norm 0 and gradient 0.
_SMALLEST_SQUARED_NORM = 1e-30


def output_axis(layer: keras.Layer) -> int:
    """The output axis of a layer's kernel; Keras stores transposed convolutions as [..., out, in]."""
    return -2 if isinstance(layer, TRANSPOSED_CONVOLUTIONS) else -1


def check_kernel_arguments(power_iterations: int, output_axis: int) -> None:
    """Checks what a regulariser or constraint of kernels is given.

    Raises:
        InputError: The iterations are below 1, or the axis of the outputs is neither -1 nor -2.
    """
    check_counts(power_iterations=power_iterations)
    if output_axis not in (-1, -2):
        raise InputError(f"output_axis={output_axis}: must be -1, or -2 for a transposed convolution")


def kernel_matrix(kernel: tf.Tensor, output_axis: int = -1) -> tf.Tensor:
    """The kernel as a matrix [everything else, outputs], at least in float32.

    Args:
        kernel: Floating tensor of rank 2 or more.
        output_axis: The axis of the outputs, -1 or -2.
    """
    kernel = tf.cast(kernel, keras.backend.result_type(kernel.dtype, "float32"))
    if output_axis == -2:
        kernel = tf.linalg.matrix_transpose(kernel)
    return tf.reshape(kernel, [-1, kernel.shape[-1]])


def power_iteration(matrix: tf.Tensor, u: tf.Tensor, num_iterations: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Repeats v <- W^T u / |W^T u|, u <- W v / |W v| (15).

    Args:
        matrix: W [m, n].
        u: The initial vector [m], of any length but 0.
        num_iterations: Number of iterations, at least 1.

    Returns:
        u [m] and v [n], closer to the first singular vectors with every iteration; both 0 if W is 0.
    """
    for _ in range(num_iterations):
        v = _unit(tf.linalg.matvec(matrix, u, transpose_a=True))
        u = _unit(tf.linalg.matvec(matrix, v))
    return u, v


def bilinear(u: tf.Tensor, matrix: tf.Tensor, v: tf.Tensor) -> tf.Tensor:
    """u^T W v, a scalar: |W|_2 for the first singular vectors, and at most that for any other unit vectors."""
    return tf.reduce_sum(u * tf.linalg.matvec(matrix, v))


def spectral_norm(matrix: tf.Tensor, num_iterations: int = 5) -> tf.Tensor:
    """|W|_2, a scalar, by power iteration from u = (1, ..., 1), with the gradient through the iterations (15).

    This start is the author's. A matrix whose columns each sum to exactly 0 maps it to 0, and the estimate is then 0,
    however large the matrix is.

    Args:
        matrix: W [m, n].
        num_iterations: At least 1; the author's code has 5. The estimate rises with it and never exceeds |W|_2.
    """
    u, v = power_iteration(matrix, tf.ones_like(matrix[:, 0]), num_iterations)
    return bilinear(u, matrix, v)


def _unit(vector: tf.Tensor) -> tf.Tensor:
    return tf.math.l2_normalize(vector, epsilon=_SMALLEST_SQUARED_NORM)

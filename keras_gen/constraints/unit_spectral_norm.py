"""`UnitSpectralNorm`: a kernel that is divided by its spectral norm after every update."""

import keras
import tensorflow as tf

from keras_gen.utils import spectral


@keras.saving.register_keras_serializable("keras_gen")
class UnitSpectralNorm(keras.constraints.Constraint):
    """Replaces W by W / |W|_2 after each step of the optimiser: a projection.

    It is here for comparison. The post on Lipschitz constraints warns that late gradients become inaccurate and samples
    poor, since the gradient that the optimiser follows ignores the division. The layer `SpectralNormalization`, whose
    gradient passes through the division, is the better choice.

    W is the kernel as a matrix [everything else, outputs]; see `keras_gen.utils.spectral`. A kernel of zeros stays
    as it is, and so does one whose columns each sum to exactly 0, to all of which the start u is orthogonal.

    Args:
        power_iterations: Iterations from u = (1, ..., 1), at least 1; the author's code makes 5 (15).
        output_axis: The kernel's axis of outputs: -1, or -2 for a transposed convolution.

    Raises:
        InputError: A number is out of range.
    """

    def __init__(self, power_iterations: int = 5, output_axis: int = -1):
        spectral.check_kernel_arguments(power_iterations, output_axis)
        self.power_iterations = power_iterations
        self.output_axis = output_axis

    def __call__(self, kernel: tf.Tensor) -> tf.Tensor:
        """W / |W|_2, of the kernel's shape and type."""
        kernel = tf.convert_to_tensor(kernel)
        matrix = spectral.kernel_matrix(kernel, self.output_axis)
        norm = spectral.spectral_norm(matrix, self.power_iterations)
        return kernel / tf.cast(tf.where(norm > 0, norm, 1.0), kernel.dtype)

    def get_config(self) -> dict:
        """The arguments that build this constraint again."""
        return {"power_iterations": self.power_iterations, "output_axis": self.output_axis}

"""`SpectralNorm`: a penalty on the spectral norm of a kernel."""

import keras
import tensorflow as tf

from keras_gen.checks import check_not_negative
from keras_gen.utils import spectral


@keras.saving.register_keras_serializable("keras_gen")
class SpectralNorm(keras.regularizers.Regularizer):
    """The penalty, strength |W|_2^2, spectral norm regularisation.

    Yoshida and Miyato 2017, arXiv 1705.10941; equation 16 of the post on Lipschitz constraints. W is the kernel as a
    matrix [everything else, outputs]; see `keras_gen.utils.spectral`, which also says what that means for a
    convolution. |W|_2 is estimated from scratch at every call, as in the author's code; where the columns of W each
    sum to exactly 0, it is estimated as 0, and there is no penalty. L2 is the same with the Frobenius norm, which is
    larger (12).

    Args:
        strength: The lambda of the equation, at least 0.
        power_iterations: Iterations from u = (1, ..., 1), at least 1.
        output_axis: The kernel's axis of outputs: -1, or -2 for a transposed convolution.

    Raises:
        InputError: A number is out of range.
    """

    def __init__(self, strength: float, power_iterations: int = 5, output_axis: int = -1):
        check_not_negative(strength=strength)
        spectral.check_kernel_arguments(power_iterations, output_axis)
        self.strength = strength
        self.power_iterations = power_iterations
        self.output_axis = output_axis

    def __call__(self, kernel: tf.Tensor) -> tf.Tensor:
        """The penalty, strength |W|_2^2, a scalar of the kernel's type, at least float32."""
        matrix = spectral.kernel_matrix(tf.convert_to_tensor(kernel), self.output_axis)
        return self.strength * spectral.spectral_norm(matrix, self.power_iterations) ** 2

    def get_config(self) -> dict:
        """The arguments that build this regulariser again."""
        return {
            "strength": self.strength,
            "power_iterations": self.power_iterations,
            "output_axis": self.output_axis,
        }

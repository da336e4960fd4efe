"""`SpectralNormalization`: a layer called with its kernel divided by the kernel's spectral norm."""

from typing import Any

import keras
import tensorflow as tf

from keras_gen.checks import check_counts
from keras_gen.errors import InputError
from keras_gen.utils import spectral


@keras.saving.register_keras_serializable("keras_gen")
class SpectralNormalization(keras.layers.Wrapper):
    """Calls a layer with W / sigma(W) in place of its kernel W.

    Miyato et al. 2018, arXiv 1802.05957, its equations 8 and 9; (15) is of the post on Lipschitz constraints. The
    kernel is reparameterised, not projected: W itself is what is stored and trained, no call ever writes it, and its
    gradient passes through sigma. The bias stays as it is.

    sigma is |W|_2 of the kernel as a matrix [everything else, outputs]; see `keras_gen.utils.spectral`. So a dense
    layer has the Lipschitz constant 1. A convolution need not: with kernel size k and stride s in each of d
    directions it stretches by at most ceil(k/s)^(d/2), a transposed one by at most k^(d/2).

    There are two ways to estimate sigma:

    - `persistent`, the paper's algorithm 1: a vector u is kept from call to call, every call with `training=True`
      moves it on by `power_iterations`, and sigma = u^T W v with u and v as constants of the gradient. As u depends on
      the kernel alone, replicas agree on it. A step may score its images in one call or in several: for one kernel the
      estimate never falls from a call to the next, never exceeds |W|_2, and u follows a kernel that learns so closely
      that the calls of a step differ by no more than the estimate's own small error. Before training u is random
      and sigma rough.
    - not `persistent`, the author's code: every call makes `power_iterations` of them from u = (1, ..., 1), with the
      gradient through them all (15); the author makes 5. All calls of a step then agree exactly. A kernel whose columns
      each sum to exactly 0 maps this start to 0 and is left as it is.

    Both run in float32 at least, whatever the wrapped layer computes in. A kernel of zeros is left as it is.

    Args:
        layer: A `Dense` layer, a convolution or a transposed convolution.
        power_iterations: Iterations per call, at least 1.
        persistent: Keeps u from call to call.
        **kwargs: Passed on to `keras.layers.Wrapper`.

    Raises:
        InputError: The layer has no such kernel, or `power_iterations` is below 1.
    """

    def __init__(self, layer: keras.Layer, power_iterations: int = 1, persistent: bool = True, **kwargs: Any):
        if not isinstance(layer, spectral.KERNEL_LAYERS):
            allowed = ", ".join(kind.__name__ for kind in spectral.KERNEL_LAYERS)
            raise InputError(f"layer={type(layer).__name__}: it has no kernel to normalise; wrap one of {allowed}")
        check_counts(power_iterations=power_iterations)
        # The wrapper itself casts nothing, so that it reads the kernel as it is stored; the layer casts for itself.
        super().__init__(layer, **{**kwargs, "dtype": layer.variable_dtype, "autocast": False})
        self.power_iterations = power_iterations
        self.persistent = persistent

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Builds the wrapped layer, and u [all of the kernel but the outputs]."""
        super().build(input_shape)
        if self.persistent:
            matrix = self._matrix()
            self.u = self.add_weight(
                name="u",
                shape=matrix.shape[:1],
                initializer=keras.initializers.RandomNormal(stddev=1.0, seed=0),
                dtype=matrix.dtype.name,
                trainable=False,
            )

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """The wrapped layer's output with the normalised kernel."""
        normalized = [(self.layer.kernel, self.normalized_kernel(training))]
        # In this scope the layer reads the given tensor where it would read its kernel.
        with keras.StatelessScope(normalized, collect_losses=True, initialize_variables=False) as scope:
            outputs = self.layer(inputs)
        for activity_loss in scope.losses:
            self.add_loss(activity_loss)
        return outputs

    def normalized_kernel(self, training: bool = False) -> tf.Tensor:
        """W / sigma(W), of the kernel's shape and stored type; u moves on if `training`."""
        matrix = self._matrix()
        if self.persistent:
            u, v = spectral.power_iteration(tf.stop_gradient(matrix), self.u.value, self.power_iterations)
            sigma = spectral.bilinear(u, matrix, v)
            if training:
                self.u.assign(tf.where(sigma > 0, u, self.u.value))
        else:
            sigma = spectral.spectral_norm(matrix, self.power_iterations)
        kernel = self.layer.kernel.value
        return kernel / tf.cast(tf.where(sigma > 0, sigma, 1.0), kernel.dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments that build this layer again."""
        return {**super().get_config(), "power_iterations": self.power_iterations, "persistent": self.persistent}

    def _matrix(self) -> tf.Tensor:
        return spectral.kernel_matrix(self.layer.kernel.value, spectral.output_axis(self.layer))

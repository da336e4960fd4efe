import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gen.utils import spectral

SHAPES = [(30, 7), (7, 30), (6, 6), (5, 1), (1, 5)]


def matrix(shape, seed=0):
    return np.random.RandomState(seed).randn(*shape)


def iterated(w, num_iterations):
    """Equation 15, as it is written."""
    u = np.ones(len(w))
    for _ in range(num_iterations):
        v = w.T @ u / np.linalg.norm(w.T @ u)
        u = w @ v / np.linalg.norm(w @ v)
    return u @ w @ v


class TestKernelMatrix:
    @pytest.mark.parametrize(
        "layer, input_shape, output_axis",
        [
            (keras.layers.Dense(5), (3,), -1),
            (keras.layers.Conv1D(5, 4), (6, 3), -1),
            (keras.layers.Conv2D(5, (4, 2)), (6, 6, 3), -1),
            (keras.layers.Conv3D(5, 2), (6, 6, 6, 3), -1),
            (keras.layers.Conv1DTranspose(5, 4), (6, 3), -2),
            (keras.layers.Conv2DTranspose(5, (4, 2)), (6, 6, 3), -2),
            (keras.layers.Conv3DTranspose(5, 2), (6, 6, 6, 3), -2),
        ],
        ids=lambda value: type(value).__name__,
    )
    def test_a_column_is_an_output(self, layer, input_shape, output_axis):
        layer.build((None, *input_shape))
        assert spectral.output_axis(layer) == output_axis
        kernel = layer.kernel.numpy()
        w = spectral.kernel_matrix(layer.kernel.value, spectral.output_axis(layer)).numpy()
        assert w.shape == (kernel.size // 5, 5)
        for output in range(5):
            np.testing.assert_array_equal(w[:, output], kernel.take(output, axis=output_axis).ravel())

    @pytest.mark.parametrize(
        "dtype, computed", [("bfloat16", "float32"), ("float32", "float32"), ("float64", "float64")]
    )
    def test_it_is_at_least_float32(self, dtype, computed):
        assert spectral.kernel_matrix(tf.ones([2, 3], dtype)).dtype == computed


class TestSpectralNorm:
    @pytest.mark.parametrize("shape", SHAPES)
    def test_against_the_singular_values(self, shape):
        # The gaps of these matrices' singular values make 400 iterations converge to rounding.
        w = matrix(shape)
        assert float(spectral.spectral_norm(tf.constant(w), 400)) == pytest.approx(np.linalg.norm(w, 2), rel=1e-12)

    @pytest.mark.parametrize("shape", SHAPES)
    @pytest.mark.parametrize("num_iterations", [1, 5])
    def test_against_the_equation(self, shape, num_iterations):
        w = matrix(shape)
        estimate = float(spectral.spectral_norm(tf.constant(w), num_iterations))
        assert estimate == pytest.approx(iterated(w, num_iterations), rel=1e-12)

    def test_five_iterations_by_default(self):
        w = matrix((6, 6))
        assert float(spectral.spectral_norm(tf.constant(w))) == pytest.approx(iterated(w, 5), rel=1e-12)

    def test_the_estimate_rises_to_the_norm_and_not_above(self):
        w = matrix((20, 20))
        estimates = [float(spectral.spectral_norm(tf.constant(w), n)) for n in range(1, 40)]
        assert (np.diff(estimates) > 0).all()
        assert estimates[0] < 0.9 * estimates[-1] < estimates[-1] <= np.linalg.norm(w, 2)

    def test_the_gradient_at_convergence_is_that_of_the_norm(self):
        w = tf.constant(matrix((6, 4)))
        with tf.GradientTape() as tape:
            tape.watch(w)
            norm = spectral.spectral_norm(w, 400)
        left, _, right = np.linalg.svd(w)
        np.testing.assert_allclose(tape.gradient(norm, w), np.outer(left[:, 0], right[0]), rtol=0, atol=1e-9)

    def test_the_gradient_passes_through_the_iterations(self):
        w = matrix((4, 3))
        with tf.GradientTape() as tape:
            watched = tf.constant(w)
            tape.watch(watched)
            norm = spectral.spectral_norm(watched, 2)
        gradient = tape.gradient(norm, watched).numpy()
        step = 1e-6
        for index in np.ndindex(w.shape):
            shift = np.zeros_like(w)
            shift[index] = step
            difference = (iterated(w + shift, 2) - iterated(w - shift, 2)) / (2 * step)
            # truncation of order step^2, rounding of order 1e-16 / step
            assert gradient[index] == pytest.approx(difference, abs=1e-8)

    @pytest.mark.parametrize("scale", [1e-10, 1e10])
    def test_of_any_size(self, scale):
        w = matrix((6, 4)).astype("float32")
        norm = spectral.spectral_norm(tf.constant(w * np.float32(scale)))
        assert float(norm) == pytest.approx(scale * iterated(w, 5), rel=1e-5)

    @pytest.mark.parametrize("w", [np.zeros([4, 3]), [[1.0, -2.0], [-1.0, 2.0]]], ids=["zeros", "columns_sum_to_0"])
    def test_what_maps_the_start_to_0(self, w):
        w = tf.constant(w, tf.float32)
        with tf.GradientTape() as tape:
            tape.watch(w)
            norm = spectral.spectral_norm(w)
        assert float(norm) == 0
        np.testing.assert_array_equal(tape.gradient(norm, w), np.zeros(w.shape))

"""The mathematics of the layer, in float64; `test_spectral_normalization_training` has the rest."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.layers import SpectralNormalization

# A layer of each kind, its input's shape, and the axis of its kernel's outputs.
KINDS = {
    "dense": (lambda: keras.layers.Dense(3, "tanh", dtype="float64"), (4,), -1),
    "conv1d": (lambda: keras.layers.Conv1D(3, 3, padding="causal", dtype="float64"), (5, 2), -1),
    "conv2d": (lambda: keras.layers.Conv2D(3, 2, 2, "same", activation="tanh", dtype="float64"), (5, 4, 2), -1),
    "conv3d": (lambda: keras.layers.Conv3D(3, 2, dtype="float64"), (3, 3, 3, 2), -1),
    "conv1d_transpose": (lambda: keras.layers.Conv1DTranspose(3, 3, 2, dtype="float64"), (4, 2), -2),
    "conv2d_transpose": (
        lambda: keras.layers.Conv2DTranspose(3, 3, 2, "same", activation="tanh", dtype="float64"),
        (3, 3, 2),
        -2,
    ),
    "conv3d_transpose": (lambda: keras.layers.Conv3DTranspose(3, 2, dtype="float64"), (2, 2, 2, 2), -2),
}
every_kind = pytest.mark.parametrize("kind", KINDS)
both_modes = pytest.mark.parametrize("persistent", [True, False], ids=["persistent", "from_ones"])

# Each iteration divides the error by 16, the square of the ratio of `with_a_gap`: so this is float64's rounding.
MANY = 12


def with_a_gap(shape, output_axis=-1, seed=0):
    """A random kernel whose singular values are 2, 1/2, 1/8 ..."""
    kernel = np.moveaxis(np.random.RandomState(seed).randn(*shape), output_axis, -1)
    left, values, right = np.linalg.svd(kernel.reshape(-1, kernel.shape[-1]), full_matrices=False)
    values = 2.0 * 4.0 ** -np.arange(len(values))
    return np.moveaxis((left * values @ right).reshape(kernel.shape), -1, output_axis)


def normalized(kind, **arguments):
    """A built layer with random weights, and a batch for it."""
    new_layer, input_shape, output_axis = KINDS[kind]
    random = np.random.RandomState(1)
    layer = SpectralNormalization(new_layer(), **arguments)
    layer.build((None, *input_shape))
    layer.layer.kernel.assign(with_a_gap(layer.layer.kernel.shape, output_axis))
    layer.layer.bias.assign(random.randn(3))
    return layer, tf.constant(random.randn(2, *input_shape))


def plain(kind, layer):
    """The layer without normalisation, of the same weights."""
    new_layer, input_shape, _ = KINDS[kind]
    other = new_layer()
    other.build((None, *input_shape))
    other.set_weights(layer.layer.get_weights())
    return other


def columns(kernel, kind):
    """The kernel [everything else, outputs]."""
    return np.moveaxis(kernel, KINDS[kind][2], -1).reshape(-1, 3)


def norm(kernel, kind):
    return np.linalg.norm(columns(kernel, kind), 2)


def differences(value, variable, step=1e-6):
    """The gradient of `value()` in a variable, by central differences."""
    start = variable.numpy()
    gradient = np.empty_like(start)
    for index in np.ndindex(start.shape):
        ends = []
        for sign in (1, -1):
            moved = start.copy()
            moved[index] += sign * step
            variable.assign(moved)
            ends.append(float(value()))
        gradient[index] = (ends[0] - ends[1]) / (2 * step)
    variable.assign(start)
    return gradient


class TestSigma:
    @every_kind
    @both_modes
    def test_the_kernel_is_divided_by_its_largest_singular_value(self, kind, persistent):
        layer, _ = normalized(kind, power_iterations=MANY, persistent=persistent)
        kernel = layer.layer.kernel.numpy()
        np.testing.assert_allclose(layer.normalized_kernel(), kernel / norm(kernel, kind), rtol=1e-12)

    @every_kind
    @both_modes
    @pytest.mark.parametrize("training", [True, False])
    def test_the_layer_is_called_with_that_kernel(self, kind, persistent, training):
        layer, x = normalized(kind, power_iterations=MANY, persistent=persistent)
        other = plain(kind, layer)
        other.kernel.assign(other.kernel / norm(other.kernel.numpy(), kind))
        assert np.abs(other.bias).min() > 0.01
        np.testing.assert_allclose(layer(x, training=training), other(x), rtol=1e-10, atol=1e-12)

    @every_kind
    def test_the_authors_iterations(self, kind):
        layer, x = normalized(kind, power_iterations=5, persistent=False)
        kernel = layer.layer.kernel.numpy()
        w = columns(kernel, kind)
        u = np.ones(len(w))
        for _ in range(5):
            v = w.T @ u / np.linalg.norm(w.T @ u)
            u = w @ v / np.linalg.norm(w @ v)
        for training in (True, False, True):
            layer(x, training=training)
            np.testing.assert_allclose(layer.normalized_kernel(), kernel / (u @ w @ v), rtol=1e-12)
        assert layer.non_trainable_variables == []

    def test_the_papers_iterations(self):
        """Algorithm 1: one iteration a step, from where the last one ended."""
        layer, x = normalized("dense")
        u = layer.u.numpy()
        kernel = layer.layer.kernel.numpy()
        assert np.linalg.norm(u) > 0
        for scale in (1.0, 2.0, 0.5, 3.0):
            w = scale * kernel
            layer.layer.kernel.assign(w)
            v = w.T @ u / np.linalg.norm(w.T @ u)
            u = w @ v / np.linalg.norm(w @ v)
            np.testing.assert_allclose(layer.normalized_kernel(), w / (u @ w @ v), rtol=1e-12)
            layer(x, training=True)
            np.testing.assert_allclose(layer.u, u, rtol=1e-12)

    def test_from_call_to_call_the_estimate_rises_to_the_norm(self):
        layer, x = normalized("conv2d")
        kernel = layer.layer.kernel.numpy()
        estimates = []
        for _ in range(10):
            estimates.append(np.max(kernel / layer.normalized_kernel()))
            layer(x, training=True)
        sigma = norm(kernel, "conv2d")
        assert estimates[0] < 0.99 * sigma and np.diff(estimates)[0] > 0
        # up to rounding
        assert (np.diff(estimates) > -1e-12).all()
        assert max(estimates) < sigma * (1 + 1e-12)
        assert estimates[-1] == pytest.approx(sigma, rel=1e-9)

    @both_modes
    def test_a_kernel_of_zeros_stays_and_can_learn(self, persistent):
        layer, x = normalized("dense", persistent=persistent)
        layer.layer.kernel.assign(np.zeros((4, 3)))
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(layer(x, training=True))
        gradient = tape.gradient(loss, layer.layer.kernel.value)
        # As if there were no normalisation.
        with tf.GradientTape() as tape:
            other = plain("dense", layer)
            loss = tf.reduce_sum(other(x))
        np.testing.assert_allclose(gradient, tape.gradient(loss, other.kernel.value), rtol=1e-12)
        assert np.abs(gradient).max() > 0.01

        layer.layer.kernel.assign(with_a_gap((4, 3)))
        for _ in range(MANY):
            layer(x, training=True)
        estimated = layer.normalized_kernel().numpy()
        assert norm(estimated, "dense") == pytest.approx(1, rel=1e-9 if persistent else 0.5)


class TestGradient:
    @every_kind
    @both_modes
    def test_it_is_that_of_the_normalised_kernel(self, kind, persistent):
        """Against central differences of W / |W|_2 with NumPy's singular values."""
        layer, x = normalized(kind, power_iterations=MANY, persistent=persistent)
        other = plain(kind, layer)
        weights = np.random.RandomState(2).randn(*other(x).shape)
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(weights * layer(x, training=True))
        gradient = tape.gradient(loss, layer.layer.kernel.value)

        w = tf.Variable(layer.layer.kernel)

        def exact_loss():
            other.kernel.assign(w / norm(w.numpy(), kind))
            return tf.reduce_sum(weights * other(x))

        # truncation of order step^2 times a third derivative, rounding of order 1e-16 loss / step
        np.testing.assert_allclose(gradient, differences(exact_loss, w), rtol=1e-6, atol=1e-7)

    def test_persistent_it_takes_u_and_v_for_constants(self):
        """Equation 12 of the paper, also where u has not converged: d sigma = u v^T."""
        layer, _ = normalized("dense")
        weights = np.random.RandomState(2).randn(4, 3)
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(weights * layer.normalized_kernel(training=True))
        gradient = tape.gradient(loss, layer.layer.kernel.value)

        w, u = layer.layer.kernel.numpy(), layer.u.numpy()
        start = np.asarray(keras.initializers.RandomNormal(stddev=1.0, seed=0)((4,), "float64"))
        v = w.T @ start / np.linalg.norm(w.T @ start)
        sigma = u @ w @ v
        assert sigma < 0.999 * norm(w, "dense")
        expected = weights / sigma - np.sum(weights * w) / sigma**2 * np.outer(u, v)
        np.testing.assert_allclose(gradient, expected, rtol=1e-12)

    def test_from_ones_it_passes_through_the_iterations(self):
        layer, x = normalized("dense", power_iterations=2, persistent=False)
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(layer(x) ** 2)
        gradient = tape.gradient(loss, layer.layer.kernel.value)
        expected = differences(lambda: tf.reduce_sum(layer(x) ** 2), layer.layer.kernel)
        np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-7)

    @both_modes
    def test_a_scale_of_the_kernel_has_none(self, persistent):
        """W / sigma(W) does not depend on the length of W, so its gradient is orthogonal to W."""
        layer, x = normalized("conv2d", persistent=persistent)
        kernel = layer.layer.kernel
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(layer(x, training=True) ** 2)
        gradient = tape.gradient(loss, kernel.value)
        assert np.linalg.norm(gradient) > 0.1
        assert float(tf.reduce_sum(gradient * kernel)) == pytest.approx(0, abs=1e-12)

    @pytest.mark.parametrize(
        "persistent", [pytest.param(True, id="persistent", marks=pytest.mark.slow), pytest.param(False, id="from_ones")]
    )
    def test_of_a_gradient_penalty(self, persistent):
        """The second derivative, d/dW |dT/dx|^2, against central differences."""
        layers = [
            SpectralNormalization(keras.layers.Dense(units, activation, dtype="float64"), MANY, persistent)
            for units, activation in ((5, "tanh"), (1, None))
        ]
        random = np.random.RandomState(0)
        x = tf.constant(random.randn(6, 3))
        layers[1](layers[0](x))
        for layer in layers:
            layer.layer.kernel.assign(with_a_gap(layer.layer.kernel.shape))

        @tf.function
        def penalty():
            with tf.GradientTape() as tape:
                tape.watch(x)
                scores = layers[1](layers[0](x, training=True), training=True)
            return tf.reduce_mean(tf.reduce_sum(tape.gradient(scores, x) ** 2, axis=1) ** 3)

        kernels = [layer.layer.kernel for layer in layers]
        with tf.GradientTape() as tape:
            value = penalty()
        for kernel, gradient in zip(kernels, tape.gradient(value, [w.value for w in kernels]), strict=True):
            assert np.abs(gradient).max() > 1e-3
            np.testing.assert_allclose(gradient, differences(penalty, kernel), rtol=1e-6, atol=1e-8)


class TestOneCallOrTwo:
    @both_modes
    def test_they_score_alike(self, persistent):
        layer, x = normalized("dense", power_iterations=MANY, persistent=persistent)
        with tf.GradientTape(persistent=True) as tape:
            together = layer(x, training=True)
            apart = tf.concat([layer(x[:1], training=True), layer(x[1:], training=True)], axis=0)
        np.testing.assert_allclose(apart, together, rtol=1e-12)
        kernel = layer.layer.kernel.value
        np.testing.assert_allclose(tape.gradient(apart, kernel), tape.gradient(together, kernel), rtol=1e-9, atol=1e-12)

    @pytest.mark.parametrize("compiled", [False, True], ids=["eager", "tf.function"])
    def test_only_training_moves_u_and_nothing_moves_the_kernel(self, compiled):
        layer, x = normalized("conv2d_transpose")
        call = tf.function(layer) if compiled else layer
        weights = layer.layer.get_weights()
        places = [layer.u.numpy()]
        for training in (False, True, True, False):
            call(x, training=training)
            places.append(layer.u.numpy())
        moved = [not np.array_equal(one, other) for one, other in zip(places[:-1], places[1:], strict=True)]
        assert moved == [False, True, True, False]
        for value, before in zip(layer.layer.get_weights(), weights, strict=True):
            np.testing.assert_array_equal(value, before)

    def test_only_the_optimiser_moves_the_kernel(self):
        layer, x = normalized("dense")
        before = layer.layer.kernel.numpy()
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(layer(x, training=True))
        gradient = tape.gradient(loss, layer.layer.kernel.value)
        keras.optimizers.SGD(0.25).apply([gradient], [layer.layer.kernel])
        np.testing.assert_array_equal(layer.layer.kernel, before - 0.25 * gradient.numpy())


class TestLipschitzConstant:
    @pytest.mark.slow
    def test_a_dense_network_never_stretches(self):
        random = np.random.RandomState(0)
        network = keras.Sequential(
            [keras.Input((8,), dtype="float64")]
            + [
                SpectralNormalization(keras.layers.Dense(8, activation, dtype="float64"), 3)
                for activation in ("leaky_relu", "tanh", "relu", "elu", None)
            ]
        )
        for layer in network.layers:
            # Singular values of one order, so that no direction is lost on the way.
            orthogonal, _ = np.linalg.qr(random.randn(8, 8))
            layer.layer.kernel.assign(orthogonal * random.uniform(2, 3, 8))
        for _ in range(100):
            network(np.zeros((1, 8)), training=True)
        # 5,000 pairs far apart, and as many close together, where slopes show.
        x = random.randn(10_000, 8)
        y = np.concatenate([random.randn(5_000, 8), x[5_000:] + 1e-3 * random.randn(5_000, 8)])
        stretch = np.linalg.norm(network(x) - network(y), axis=1) / np.linalg.norm(x - y, axis=1)
        assert stretch.max() <= 1
        # The bound means something: five layers, and still a good part of the distance.
        assert stretch.max() > 0.25

    def test_a_dense_layer_reaches_its_bound(self):
        layer = SpectralNormalization(keras.layers.Dense(3, dtype="float64"), MANY)
        layer.build((None, 4))
        layer.layer.kernel.assign(with_a_gap((4, 3)))
        left, _, _ = np.linalg.svd(layer.layer.kernel.numpy())
        x = left[:, :1].T
        assert np.linalg.norm(layer(x) - layer(0 * x)) == pytest.approx(1, rel=1e-12)

    def test_a_convolution_whose_patches_overlap_may_stretch(self):
        layer = SpectralNormalization(keras.layers.Conv2D(1, 3, padding="same", use_bias=False, dtype="float64"), 1)
        layer.build((None, 12, 12, 1))
        layer.layer.kernel.assign(np.ones((3, 3, 1, 1)))
        image = np.ones((1, 12, 12, 1))
        # |W|_2 = 3; nine inputs of 1 give 9 / 3, but less at the border: below the bound ceil(3/1)^(2/2) = 3.
        assert 2.5 < np.linalg.norm(layer(image)) / np.linalg.norm(image) < 3


class TestBadInput:
    @pytest.mark.parametrize(
        "layer",
        [
            keras.layers.Flatten(),
            keras.layers.BatchNormalization(),
            keras.layers.DepthwiseConv2D(2),
            keras.layers.Embedding(2, 2),
            None,
        ],
        ids=lambda layer: type(layer).__name__,
    )
    def test_layers_without_a_kernel(self, layer):
        message = rf"layer={type(layer).__name__}: .* wrap one of Dense, Conv1D, .*, Conv3DTranspose$"
        with pytest.raises(InputError, match=message):
            SpectralNormalization(layer)

    def test_no_iterations(self):
        with pytest.raises(InputError, match="power_iterations=0: must be a whole number of at least 1"):
            SpectralNormalization(keras.layers.Dense(2), power_iterations=0)

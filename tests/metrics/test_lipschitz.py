import keras
import numpy as np
import pytest
from keras import layers

from keras_gen.errors import InputError
from keras_gen.layers import SpectralNormalization, UnitScaleBatchNormalization
from keras_gen.metrics import layer_norms, lipschitz_bound
from keras_gen.networks import dcgan, lenet, mlp

# Convolutions, their inputs' shapes, and by how much the operator norm may exceed the kernel's.
CONVOLUTIONS = {
    "one_patch_an_input": (lambda: layers.Conv2D(3, 2, 2), (6, 4, 2), 1),
    "overlapping": (lambda: layers.Conv2D(3, 3, padding="same"), (6, 5, 2), 3),
    "strided": (lambda: layers.Conv2D(3, 5, 2, "same"), (6, 5, 2), 3),
    "dilated": (lambda: layers.Conv2D(3, 2, dilation_rate=2), (6, 5, 2), 2),
    "causal": (lambda: layers.Conv1D(3, 3, padding="causal"), (9, 2), 3**0.5),
    "three_dimensions": (lambda: layers.Conv3D(2, 2), (3, 4, 3, 2), 2**1.5),
    "transposed": (lambda: layers.Conv2DTranspose(3, 3, padding="same"), (4, 5, 2), 3),
    "transposed_strided": (lambda: layers.Conv2DTranspose(3, 4, 2, "same"), (3, 4, 2), 4),
    "relu_and_bias": (lambda: layers.Conv2D(3, 3, activation="relu", bias_initializer="ones"), (6, 5, 2), 3),
}
every_convolution = pytest.mark.parametrize(
    "new_layer, input_shape, factor", CONVOLUTIONS.values(), ids=CONVOLUTIONS.keys()
)


def chain(*members, input_shape):
    return keras.Sequential([keras.Input(input_shape), *members])


def randomized(model, seed=0):
    random = np.random.RandomState(seed)
    model.set_weights([random.randn(*weight.shape) for weight in model.get_weights()])
    return model


def as_matrix(layer, input_shape):
    """The linear map of a layer, column by column."""
    size = int(np.prod(input_shape))
    basis = np.eye(size, dtype="float32").reshape(size, *input_shape)
    linear = type(layer).from_config({**layer.get_config(), "activation": None, "use_bias": False})
    linear.build((None, *input_shape))
    linear.kernel.assign(layer.kernel)
    return np.asarray(linear(basis), "float64").reshape(size, -1).T


class TestDense:
    def test_against_numpy(self):
        model = randomized(mlp(4, 2, widths=(7, 5)))
        kernels = model.get_weights()[::2]
        for norm, order in (("operator", 2), ("spectral", 2), ("frobenius", "fro")):
            expected = [np.linalg.norm(kernel.astype("float64"), order) for kernel in kernels]
            norms = layer_norms(model, norm)
            assert list(norms) == [layer.name for layer in model.layers[1:]]
            assert list(norms.values()) == pytest.approx(expected, rel=1e-12)
            assert lipschitz_bound(model, norm) == pytest.approx(np.prod(expected), rel=1e-12)
        assert lipschitz_bound(model) == lipschitz_bound(model, "operator") < lipschitz_bound(model, "frobenius")

    def test_it_is_the_normalised_kernel_that_counts(self):
        dense = layers.Dense(5)
        model = randomized(chain(SpectralNormalization(dense), input_shape=(4,)))
        kernel = dense.kernel.numpy()
        ratio = np.linalg.norm(kernel) / np.linalg.norm(kernel, 2)
        for _ in range(200):  # until u has converged
            model(np.zeros((1, 4)), training=True)
        before = model.layers[0].u.numpy()
        # float32
        assert lipschitz_bound(model, "spectral") == pytest.approx(1, rel=1e-5)
        assert lipschitz_bound(model, "frobenius") == pytest.approx(ratio, rel=1e-5)
        np.testing.assert_array_equal(model.layers[0].u, before)

    def test_a_network_of_one_direction_reaches_it(self):
        model = chain(layers.Dense(1, use_bias=False), layers.Dense(3, use_bias=False), input_shape=(4,))
        one, other = randomized(model).get_weights()
        x = one.T / np.linalg.norm(one)
        assert lipschitz_bound(model) == pytest.approx(np.linalg.norm(model(x)), rel=1e-5)
        assert lipschitz_bound(model) == pytest.approx(np.linalg.norm(one) * np.linalg.norm(other), rel=1e-6)


class TestConvolutions:
    @every_convolution
    def test_the_operator_norm_against_the_matrix(self, new_layer, input_shape, factor):
        layer = new_layer()
        model = randomized(chain(layer, input_shape=input_shape))
        expected = np.linalg.norm(as_matrix(layer, input_shape), 2)
        # The matrix comes from float32 images of the basis.
        assert lipschitz_bound(model) == pytest.approx(expected, rel=1e-6)

    @every_convolution
    def test_the_norms_of_the_kernel(self, new_layer, input_shape, factor):
        layer = new_layer()
        model = randomized(chain(layer, input_shape=input_shape))
        kernel = layer.kernel.numpy().astype("float64")
        axis = -2 if "Transpose" in type(layer).__name__ else -1
        columns = np.moveaxis(kernel, axis, -1).reshape(-1, kernel.shape[axis])
        assert lipschitz_bound(model, "spectral") == pytest.approx(np.linalg.norm(columns, 2), rel=1e-12)
        assert lipschitz_bound(model, "frobenius") == pytest.approx(np.linalg.norm(kernel), rel=1e-12)

    @every_convolution
    @pytest.mark.parametrize("initial", ["normal", "ones"])
    def test_how_far_the_operator_exceeds_the_kernel(self, new_layer, input_shape, factor, initial):
        layer = new_layer()
        model = randomized(chain(layer, input_shape=input_shape))
        if initial == "ones":  # the worst kernel, on images large enough that most patches lie inside
            layer.kernel.assign(np.ones(layer.kernel.shape))
        ratio = lipschitz_bound(model, "operator") / lipschitz_bound(model, "spectral")
        assert ratio <= factor * (1 + 1e-9)
        if initial == "ones" and factor > 1 and "Transpose" not in type(layer).__name__:
            assert ratio > 1

    def test_a_large_image_of_ones_is_near_the_bound(self):
        layer = layers.Conv2D(1, 3, padding="same")
        model = chain(layer, input_shape=(24, 24, 1))
        layer.kernel.assign(np.ones((3, 3, 1, 1)))
        # The map is the square of one whose eigenvalues are known: 1 + 2 cos(pi j / 25), and |W|_2 = 3.
        expected = (1 + 2 * np.cos(np.pi / 25)) ** 2
        assert lipschitz_bound(model, "operator") == pytest.approx(expected, rel=1e-9)
        assert lipschitz_bound(model, "spectral") == pytest.approx(3, rel=1e-12)


class TestBatchNorm:
    @pytest.mark.parametrize("unit", [False, True])
    def test_it_is_the_norm_of_a_diagonal_matrix(self, unit):
        layer = (UnitScaleBatchNormalization if unit else layers.BatchNormalization)(epsilon=0.1)
        model = chain(layer, input_shape=(2, 2, 3))
        gamma, variance = np.array([1.0, -4.0, 2.0]), np.array([0.4, 3.9, 0.15])
        model.set_weights([gamma, np.ones(3), np.ones(3), variance])
        factors = gamma / np.sqrt(variance + 0.1) / (np.sqrt(1 + 16 + 4) if unit else 1)
        assert lipschitz_bound(model) == pytest.approx(np.abs(factors).max(), rel=1e-6)
        assert lipschitz_bound(model, "spectral") == lipschitz_bound(model)
        assert lipschitz_bound(model, "frobenius") == pytest.approx(np.linalg.norm(factors), rel=1e-6)

    def test_without_a_scale(self):
        model = chain(layers.BatchNormalization(scale=False, center=False), input_shape=(3,))
        model.set_weights([np.zeros(3), np.array([0.25, 4.0, 1.0])])
        assert lipschitz_bound(model) == pytest.approx(1 / np.sqrt(0.251), rel=1e-6)


def with_batch_norm():
    model = dcgan.discriminator((16, 16, 1), width=4, batch_norm=True, spectral_normalization="from_ones")
    for _ in range(30):
        model(np.random.RandomState(0).randn(20, 16, 16, 1), training=True)
    return model


@pytest.mark.parametrize(
    "network",
    [
        lambda: lenet((16, 16, 1), 4),
        lambda: dcgan.discriminator((16, 16, 1), width=4),
        with_batch_norm,
        lambda: chain(
            layers.Conv2D(3, 3),
            layers.ReLU(negative_slope=0.1),
            layers.AveragePooling2D(2),
            layers.Dropout(0.5),
            layers.Flatten(),
            layers.Dense(4, "softmax"),
            input_shape=(16, 16, 1),
        ),
    ],
    ids=["lenet", "dcgan", "batch_norm", "others"],
)
def test_no_pair_is_stretched_further(network):
    model = network()
    random = np.random.RandomState(0)
    x = random.randn(500, 16, 16, 1).astype("float32")
    y = np.concatenate([random.randn(250, 16, 16, 1), x[250:] + 0.01 * random.randn(250, 16, 16, 1)]).astype("float32")
    stretch = np.linalg.norm((model(x) - model(y)).numpy(), axis=1) / np.linalg.norm((x - y).reshape(500, -1), axis=1)
    assert 0 < stretch.max() < lipschitz_bound(model)


class TestBadInput:
    @pytest.mark.parametrize(
        "member",
        [
            layers.BatchNormalization(renorm=True),
            layers.MaxPooling2D(3, 2),
            layers.ReLU(negative_slope=2.0),
            layers.ReLU(threshold=0.5),
            layers.LeakyReLU(1.5),
            layers.Activation("gelu"),
            layers.DepthwiseConv2D(2),
        ],
        ids=lambda member: type(member).__name__,
    )
    def test_layers_without_a_bound(self, member):
        model = chain(member, input_shape=(6, 6, 2))
        with pytest.raises(InputError, match=f"layer {member.name} .* may stretch distances"):
            lipschitz_bound(model)

    def test_activations_without_a_bound(self):
        model = chain(layers.Dense(3, "gelu", name="first"), input_shape=(4,))
        with pytest.raises(InputError, match="layer first: its activation may stretch"):
            lipschitz_bound(model)

    def test_models_that_are_no_chain(self):
        inputs = keras.Input((4,))
        hidden = layers.Dense(4)(inputs)
        shared = layers.Dense(4)
        wrong = [
            keras.Model(inputs, layers.Add()([inputs, hidden])),
            keras.Model(inputs, [hidden, layers.Dense(2)(hidden)]),
            keras.Model(inputs, shared(shared(inputs))),
            keras.Sequential([layers.Dense(2)]),
        ]
        for model in wrong:
            with pytest.raises(InputError, match=f"model {model.name} is not a built chain of layers"):
                lipschitz_bound(model)

    def test_images_of_any_size(self):
        model = chain(layers.Conv2D(3, 2), input_shape=(None, None, 1))
        assert lipschitz_bound(model, "spectral") > 0
        with pytest.raises(InputError, match="the operator norm needs the size of its input"):
            lipschitz_bound(model)

    def test_norms(self):
        with pytest.raises(InputError, match="norm='nuclear': choose one of operator, spectral, frobenius"):
            lipschitz_bound(mlp(2, 1), "nuclear")

import keras
import numpy as np
import pytest

from keras_gen.errors import InputError
from keras_gen.networks.lenet import lenet


# Two stages as far as 32 + 3 pixels, three at 64: the side that reaches the hidden layer.
@pytest.mark.parametrize(
    ("image_shape", "side"), [((8, 8, 1), 2), ((28, 28, 1), 7), ((32, 32, 3), 8), ((64, 64, 3), 8)]
)
def test_shapes(image_shape, side):
    network = lenet(image_shape, num_classes=7, feature_dim=16)
    assert network(np.zeros((2, *image_shape), "float32")).shape == (2, 7)
    assert network.get_layer("features").kernel.shape == (side * side * 32, 16)


def test_logits_are_linear_in_bounded_features():
    network = lenet((8, 8, 1), num_classes=3)
    hidden, logits = network.get_layer("features"), network.get_layer("logits")
    inputs = np.random.default_rng(0).normal(size=(5, 128)).astype("float32") * 10
    features = hidden(inputs).numpy()
    np.testing.assert_allclose(features, np.tanh(inputs @ hidden.kernel.numpy()), rtol=0, atol=1e-5)
    np.testing.assert_allclose(logits(features), features @ logits.kernel.numpy(), rtol=0, atol=1e-5)


def test_the_seed_decides_the_weights_and_every_layer_has_its_own():
    def kernels(seed):
        return np.concatenate([w.ravel() for w in lenet((8, 8, 1), 3, seed=seed).get_weights() if w.ndim > 1])

    np.testing.assert_array_equal(kernels(1), kernels(1))
    # Of the 22,000 draws of float32 a few coincide by chance.
    assert np.mean(kernels(1) == kernels(2)) < 0.001
    large = lenet((256, 256, 1), 3)  # its middle stages have one shape
    middle = [w for w in large.get_weights() if w.shape == (5, 5, 32, 32)]
    assert len(middle) == 3
    assert not np.array_equal(middle[0], middle[1])


def test_it_computes_in_float32_under_mixed_precision(mixed_bfloat16):
    assert {layer.compute_dtype for layer in lenet((8, 8, 1), 3).layers[1:]} == {"float32"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((2, 2, 1), 10), r"image_shape=\(2, 2, 1\): give at least 8x8 pixels$"),
        (((8, 8), 10), r"image_shape=\(8, 8\): give \(height, width, channels\)"),
        (((8, 8, 1), 0), "num_classes=0: must be a whole number of at least 1$"),
        (((8, 8, 1), 10, 0), "feature_dim=0: must be a whole number of at least 1$"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(InputError, match=f"^{message}"):
        lenet(*arguments)


def test_the_regularizer_is_of_every_kernel_and_leaves_the_initial_weights():
    plain, charged = lenet((8, 8, 1), 3), lenet((8, 8, 1), 3, kernel_regularizer=keras.regularizers.L2(0.5))
    kernels = [weight for weight in charged.get_weights() if weight.ndim > 1]
    charges = [float(loss) for loss in charged.losses]
    np.testing.assert_allclose(charges, [0.5 * np.sum(kernel**2) for kernel in kernels], rtol=1e-5)
    for one, other in zip(plain.get_weights(), charged.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)

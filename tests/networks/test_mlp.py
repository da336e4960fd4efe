import keras
import numpy as np
import pytest

from keras_gen.errors import InputError
from keras_gen.networks import mlp


def test_the_forward_pass():
    network = mlp(3, 2, widths=(5, 4))
    weights = [np.random.RandomState(i).randn(*w.shape) for i, w in enumerate(network.get_weights())]
    network.set_weights(weights)
    x = np.random.RandomState(9).randn(6, 3)
    w1, b1, w2, b2, w3, b3 = weights
    expected = np.maximum(np.maximum(x @ w1 + b1, 0) @ w2 + b2, 0) @ w3 + b3
    # float32, values of order 10
    np.testing.assert_allclose(network(x.astype("float32")), expected, rtol=0, atol=1e-5)


def test_without_hidden_layers_it_is_linear():
    network = mlp(3, 2, widths=())
    kernel, bias = network.get_weights()
    assert kernel.shape == (3, 2)
    assert not bias.any()
    np.testing.assert_allclose(network(np.eye(3, dtype="float32")), kernel, rtol=1e-6)


def test_activation_by_name():
    network = mlp(3, 2, activation="tanh")
    assert [layer.activation.__name__ for layer in network.layers[1:]] == ["tanh", "tanh", "linear"]


def test_initial_weights_are_he_normal():
    kernel = mlp(200, 1, widths=(400,)).get_weights()[0]
    # The standard deviation of n = 80,000 draws has itself one of about 1/sqrt(2n) = 0.25 percent: five of them.
    assert kernel.std() == pytest.approx(np.sqrt(2 / 200), rel=0.0125)


def test_the_seed_and_the_name_decide_the_weights():
    def kernels(**kwargs):
        return np.concatenate([w.ravel() for w in mlp(2, 2, widths=(2,), **kwargs).get_weights() if w.ndim == 2])

    np.testing.assert_array_equal(kernels(seed=1), kernels(seed=1))
    others = np.concatenate([kernels(seed=1), kernels(seed=2), kernels(seed=1, name="generator")])
    assert len(np.unique(others)) == len(others)


def test_output_is_float32_in_mixed_precision(mixed_bfloat16):
    network = mlp(3, 2)
    assert network(np.ones((4, 3), "float32")).dtype == "float32"
    assert {layer.compute_dtype for layer in network.layers[1:-1]} == {"bfloat16"}
    assert {weight.dtype for weight in network.weights} == {"float32"}
    assert isinstance(network, keras.Model)


def test_classes_are_joined_to_the_vectors():
    network, x = mlp(3, 2, widths=(), num_classes=4), np.random.RandomState(0).randn(5, 3).astype("float32")
    rows = np.eye(4, dtype="float32")[[0, 3, 1, 2, 0]]
    kernel, _ = network.get_weights()
    np.testing.assert_allclose(network([x, rows]), np.concatenate([x, rows], axis=1) @ kernel, rtol=1e-5, atol=1e-6)
    with pytest.raises(InputError, match="^num_classes=1: must be a whole number of at least 2$"):
        mlp(3, 2, num_classes=1)

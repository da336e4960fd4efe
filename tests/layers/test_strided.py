"""Strided convolutions against Keras's layers, whose weights they take, and against sums written out."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gen.layers import strided

# float32, sums of some hundred products of numbers of size 1.
CLOSE = {"rtol": 1e-4, "atol": 2e-5}
KERNELS = [2, 3, 4, 5, 6, (3, 5)]


def normal(seed: int, *shape: int) -> tf.Tensor:
    return tf.constant(np.random.default_rng(seed).normal(size=shape), tf.float32)


def pair(name: str, filters: int, kernel_size, inputs: tf.Tensor, **arguments):
    """Our layer and Keras's, built, of the same weights."""
    ours, kerass = (
        getattr(module, name)(filters, kernel_size, 2, "same", **arguments) for module in (strided, keras.layers)
    )
    for layer in (ours, kerass):
        layer.build(inputs.shape)
    weights = [normal(7 + number, *weight.shape) for number, weight in enumerate(ours.weights)]
    ours.set_weights(weights)
    kerass.set_weights(weights)
    return ours, kerass


def derivatives(layer, inputs: tf.Tensor, training: bool | None = None) -> list[np.ndarray]:
    """Outputs, the loss's gradient for inputs and weights, and the gradient of that gradient's square for the same."""
    arguments = {} if training is None else {"training": training}
    variables = layer.trainable_variables
    with tf.GradientTape() as outer:
        outer.watch(inputs)
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = layer(inputs, **arguments)
            loss = tf.reduce_sum(tf.sin(outputs))
        first = tape.gradient(loss, [inputs, *variables])
        penalty = tf.add_n([tf.reduce_sum(one**2) for one in first])
    second = outer.gradient(penalty, [inputs, *variables])
    return [outputs.numpy(), *(one.numpy() for one in (*first, *second))]


@pytest.fixture(params=["Conv2D", "Conv2DTranspose"])
def case(request):
    """The name of a layer, and inputs and filters with which there is an image of so many channels at one end."""

    def of(channels: int):
        if request.param == "Conv2D":
            return request.param, normal(1, 3, 8, 12, channels), 4
        return request.param, normal(1, 3, 4, 6, 4), channels

    return of


@pytest.mark.parametrize("kernel_size", KERNELS, ids=str)
@pytest.mark.parametrize("channels", [1, 3])
def test_outputs_and_two_derivatives_are_those_of_kerass_layer(case, channels, kernel_size):
    name, inputs, filters = case(channels)
    ours, kerass = pair(name, filters, kernel_size, inputs)
    assert strided._pays(ours, channels)
    for found, expected in zip(derivatives(ours, inputs, True), derivatives(kerass, inputs), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())


@pytest.mark.parametrize("kernel_size", KERNELS, ids=str)
def test_the_transposed_convolution_is_the_sum_of_kernels(kernel_size):
    """Pixel by pixel: what a pixel of the map puts into the image."""
    rows, columns = kernel_size if isinstance(kernel_size, tuple) else (kernel_size, kernel_size)
    maps, kernel = normal(2, 2, 3, 4, 3).numpy(), normal(3, rows, columns, 2, 3).numpy()
    expected = np.zeros((2, 6 + rows, 8 + columns, 2))
    for i in range(3):
        for j in range(4):
            expected[:, 2 * i : 2 * i + rows, 2 * j : 2 * j + columns] += np.einsum(
                "bf,rscf->brsc", maps[:, i, j], kernel
            )
    top, left = (rows - 2) // 2, (columns - 2) // 2
    found = strided.transposed_convolution(tf.constant(maps), tf.constant(kernel))
    np.testing.assert_allclose(found, expected[:, top : top + 6, left : left + 8], **CLOSE)


def test_bias_and_activation_are_applied(case):
    name, inputs, filters = case(2)
    for arguments in ({"activation": "tanh"}, {"use_bias": False, "activation": "relu"}):
        ours, kerass = pair(name, filters, 5, inputs, **arguments)
        np.testing.assert_allclose(ours(inputs, training=True), kerass(inputs), **CLOSE)


@pytest.mark.parametrize(
    "arguments",
    [{"strides": 1}, {"padding": "valid"}, {"kernel_size": 1}, {"filters": 4}],
    ids=str,
)
def test_everything_else_is_left_to_keras(case, arguments):
    name, inputs, filters = case(3)
    if name == "Conv2D" and "filters" in arguments:
        inputs = normal(1, 3, 8, 12, 4)
    arguments = {"filters": filters, "kernel_size": 5, "strides": 2, "padding": "same", **arguments}
    layer = getattr(strided, name)(**arguments)
    assert not strided._pays(layer, inputs.shape[-1] if name == "Conv2D" else layer.filters)
    kerass = getattr(keras.layers, name)(**arguments)
    for one in (layer, kerass):
        one.build(inputs.shape)
    kerass.set_weights(layer.get_weights())
    np.testing.assert_array_equal(layer(inputs, training=True), kerass(inputs))


def test_images_of_odd_sizes_are_left_to_keras():
    images = normal(1, 2, 7, 8, 1)
    ours, kerass = pair("Conv2D", 4, 5, images)
    np.testing.assert_array_equal(ours(images, training=True), kerass(images))


def test_on_machines_with_a_gpu_keras_computes(case, monkeypatch):
    name, inputs, filters = case(1)
    ours, _ = pair(name, filters, 5, inputs)
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["a GPU"])
    assert not strided._pays(ours, 1)


def test_keras_computes_what_is_traced_for_another_machine(case):
    name, inputs, filters = case(1)
    ours, kerass = pair(name, filters, 5, inputs)
    with strided.left_to_keras():
        assert not strided._pays(ours, 1)
        np.testing.assert_array_equal(ours(inputs, training=True), kerass(inputs))
    assert strided._pays(ours, 1)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_xla_and_graphs_give_the_same(case, jit_compile):
    name, inputs, filters = case(1)
    ours, _ = pair(name, filters, 5, inputs)

    @tf.function(jit_compile=jit_compile)
    def gradient(inputs):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.sin(ours(inputs, training=True)))
        return tape.gradient(loss, ours.kernel.value)

    np.testing.assert_allclose(gradient(inputs), derivatives(ours, inputs, True)[2], **CLOSE)


def test_weights_and_files_are_those_of_kerass_layers(tmp_path):
    """A checkpoint of a network with Keras's layers loads into one with these, and the other way round."""

    def network(module) -> keras.Model:
        images = keras.Input((8, 8, 1))
        x = module.Conv2D(4, 5, 2, "same")(images)
        return keras.Model(images, module.Conv2DTranspose(1, 5, 2, "same")(x))

    images = normal(1, 2, 8, 8, 1)
    for first, second in ((strided, keras.layers), (keras.layers, strided)):
        one, other = network(first), network(second)
        one.save_weights(tmp_path / "one.weights.h5")
        other.load_weights(tmp_path / "one.weights.h5")
        np.testing.assert_allclose(other(images), one(images), **CLOSE)
    network(strided).save(tmp_path / "one.keras")
    loaded = keras.saving.load_model(tmp_path / "one.keras")
    assert type(loaded.layers[1]) is strided.Conv2D and type(loaded.layers[2]) is strided.Conv2DTranspose

"""The contract of `keras_gen.layers.flows`, for every layer, with weights that have been trained."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from helpers.small_flows import EACH_FLOW, FLOWS, built, newly_trained, trained
from keras_gen.keras_privates import all_layers

every_flow = pytest.mark.parametrize("name", EACH_FLOW)


@pytest.fixture(scope="module", params=EACH_FLOW)
def flow(request):
    """A trained flow and what makes its inputs."""
    return trained(request.param)


def test_the_inverse_of_forward(flow):
    flow, inputs = flow
    x, condition = inputs(5, seed=7)
    y, _ = flow.forward(x, condition)
    assert y.shape == (5, *flow.transformed_shape(tuple(x.shape[1:])))
    again = flow.inverse(tf.identity(y), condition)
    np.testing.assert_allclose(again, x, atol=1e-4)
    # and of the inverse: a y that no x was mapped to
    there, _ = flow.forward(flow.inverse(tf.constant(y.numpy()[::-1].copy()), condition), condition)
    np.testing.assert_allclose(there, y.numpy()[::-1], atol=1e-4)


def test_the_log_det_is_that_of_the_jacobian(flow):
    flow, inputs = flow
    x, condition = inputs(2, seed=8)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y, log_det = flow.forward(x, condition)
        flat = tf.reshape(y, [2, -1])
    jacobian = tf.reshape(tape.batch_jacobian(flat, x), [2, flat.shape[1], -1])
    signs, expected = np.linalg.slogdet(jacobian.numpy().astype("float64"))
    assert (np.abs(signs) == 1).all()
    assert log_det.dtype == tf.float32 and log_det.shape == (2,)
    np.testing.assert_allclose(log_det, expected, atol=1e-4)
    if flow.volume_preserving:
        np.testing.assert_array_equal(log_det, [0, 0])


def test_gradients_reach_every_weight(flow):
    flow, inputs = flow
    with tf.GradientTape() as tape:
        y, log_det = flow.forward(*inputs(5, seed=9))
        loss = tf.reduce_sum(y**3) + tf.reduce_sum(log_det)
    gradients = tape.gradient(loss, [variable.value for variable in flow.trainable_variables])
    for variable, gradient in zip(flow.trainable_variables, gradients, strict=True):
        # an upper triangle of one channel or the like aside, every weight has a slope
        assert gradient is not None and np.abs(gradient).max() > 0, variable.path


@every_flow
def test_it_is_saved_and_loaded(name, tmp_path):
    flow, inputs = trained(name)
    _, shape, condition_shape = FLOWS[name]
    arguments = [keras.Input(shape), *([keras.Input(condition_shape)] if condition_shape else [])]
    model = keras.Model(arguments, flow(*arguments))
    model.save(tmp_path / "flow.keras")
    loaded = keras.models.load_model(tmp_path / "flow.keras")
    (again,) = [layer for layer in loaded.layers if isinstance(layer, type(flow))]
    assert again is not flow
    for weight, expected in zip(again.weights, flow.weights, strict=True):
        np.testing.assert_array_equal(weight, expected, err_msg=weight.path)
    x, condition = inputs(3, seed=10)
    y, log_det = flow.forward(x, condition)
    loaded_y, loaded_log_det = again(tf.identity(x), condition)
    np.testing.assert_allclose(loaded_y, y, atol=1e-6)
    np.testing.assert_allclose(loaded_log_det, log_det, atol=1e-5)
    np.testing.assert_allclose(again.inverse(y, condition), x, atol=1e-4)


@pytest.mark.parametrize(
    "name", ["act_norm", "invertible_convolution", "affine_coupling", "conditional_affine", "conditional_chain", "glow"]
)
def test_networks_in_bfloat16_and_the_rest_in_float32(name, mixed_bfloat16):
    flow, inputs = newly_trained(name)
    x, condition = inputs(4, seed=11)
    y, log_det = flow.forward(x, condition, training=True)
    assert y.dtype == log_det.dtype == tf.float32
    networks = [layer for layer in all_layers(flow) if isinstance(layer, keras.layers.Conv2D)]
    assert all(layer.compute_dtype == "bfloat16" for layer in networks)
    # Its own log-det is as exact as ever: only what the network says is rounded, the same in both directions, to 2^-8.
    np.testing.assert_allclose(flow.inverse(y, condition), x, atol=0.1)


@every_flow
def test_a_batch_of_none_and_a_batch_of_zeros(name):
    flow, inputs = trained(name)
    x, condition = inputs(0)
    y, log_det = flow.forward(x, condition, training=True)
    assert y.shape[0] == log_det.shape[0] == 0
    assert flow.inverse(y, condition).shape == x.shape
    x, condition = (None if part is None else tf.zeros_like(part) for part in inputs(2))
    y, log_det = flow.forward(x, condition)
    assert np.isfinite(y).all() and np.isfinite(log_det).all()
    np.testing.assert_allclose(flow.inverse(y, condition), x, atol=1e-4)


def test_a_batch_whose_size_is_open(flow):
    """In a graph, where it may turn out to be none."""
    flow, inputs = flow
    signature = [tf.TensorSpec([None, *part.shape[1:]]) for part in inputs(1) if part is not None]

    @tf.function(input_signature=signature, autograph=False)
    def there_and_back(x, condition=None):
        y, log_det = flow.forward(x, condition)
        return y, log_det, flow.inverse(y, condition)

    for count in (0, 3):
        x, condition = inputs(count)
        y, log_det, again = there_and_back(*(part for part in (x, condition) if part is not None))
        expected_y, expected_log_det = flow.forward(x, condition)
        np.testing.assert_allclose(y, expected_y, atol=1e-5)
        np.testing.assert_allclose(log_det, expected_log_det, atol=1e-5)
        np.testing.assert_allclose(again, x, atol=1e-4)


@every_flow
def test_it_begins_as_a_function_of_its_arguments_alone(name):
    for weight, other in zip(built(name)[0].weights, built(name)[0].weights, strict=True):
        np.testing.assert_array_equal(weight, other, err_msg=weight.path)

"""Every flow layer as a bijector of TFP, which checks shapes itself under `validate_args`."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from helpers.small_flows import EACH_FLOW, FLOWS, built, rows, trained
from keras_gen.errors import InputError
from keras_gen.layers import flows
from keras_gen.layers.flows import FlowBijector

tfb, tfd = tfp.bijectors, tfp.distributions
CLOSE = {"rtol": 1e-4, "atol": 1e-4}  # float32, a few layers of numbers of size 1 to 10


@pytest.fixture(scope="module", params=EACH_FLOW)
def case(request):
    """A trained flow, its bijector, and five inputs."""
    flow, inputs = trained(request.param)
    x, condition = inputs(5, seed=7)
    return flow, flow.as_bijector(condition, validate_args=True), x, condition


def test_it_is_bijective_and_finite(case):
    """What TFP asks of its own bijectors: both directions, both log-dets, and none from its memory."""
    flow, bijector, x, condition = case
    y, log_det = flow.forward(x, condition)
    ranks = len(x.shape) - 1, len(y.shape) - 1
    assert (bijector.forward_min_event_ndims, bijector.inverse_min_event_ndims) == ranks
    forward, inverse = bijector.forward(x), bijector.inverse(y)
    np.testing.assert_allclose(forward, y, **CLOSE)
    np.testing.assert_allclose(inverse, x, **CLOSE)
    np.testing.assert_allclose(bijector.forward_log_det_jacobian(x, ranks[0]), log_det, **CLOSE)
    np.testing.assert_allclose(bijector.inverse_log_det_jacobian(y, ranks[1]), -log_det, **CLOSE)
    for tensor in (forward, inverse, log_det):
        assert np.isfinite(tensor).all()


def test_its_shapes(case):
    _, bijector, x, _ = case
    y = bijector.forward(x)
    assert bijector.forward_event_shape(x.shape[1:]) == y.shape[1:]
    assert bijector.inverse_event_shape(y.shape[1:]) == x.shape[1:]
    assert tuple(bijector.forward_event_shape_tensor(x.shape[1:])) == tuple(y.shape[1:])
    assert tuple(bijector.inverse_event_shape_tensor(y.shape[1:])) == tuple(x.shape[1:])


@pytest.mark.parametrize("name", ["squeeze", "glow"])
def test_any_batch(name):
    flow, _ = trained(name)
    bijector, ndims = flow.as_bijector(), 3
    x = rows(6, FLOWS[name][1])
    y, log_det = bijector.forward(x), bijector.forward_log_det_jacobian(x, ndims)
    for batch in ((), (2, 3)):
        some = x[0] if not batch else tf.reshape(x, [*batch, *x.shape[1:]])
        expected = y[0] if not batch else tf.reshape(y, [*batch, *y.shape[1:]])
        assert bijector.forward(some).shape == expected.shape
        np.testing.assert_allclose(bijector.forward(some), expected, **CLOSE)
        np.testing.assert_allclose(bijector.inverse(expected), some, **CLOSE)
        found = bijector.forward_log_det_jacobian(some, ndims)
        assert found.shape == batch
        np.testing.assert_allclose(np.ravel(found), log_det[: np.size(found)], **CLOSE)


def test_with_bijectors_and_distributions_of_tfp():
    """A chain of TFP's own maps and ours, between Gaussians: y = 2 (x exp(s) + b) for ActNorm."""
    norm = flows.ActNorm(from_data=False)
    norm.build((None, 3))
    scale, bias = np.array([0.3, -0.2, 0.1]), np.array([1.0, 0.0, -2.0])
    norm.log_scale.assign(scale)
    norm.bias.assign(bias)
    chain = tfb.Chain([tfb.Scale(2.0), norm.as_bijector()])
    found = tfd.TransformedDistribution(tfd.MultivariateNormalDiag(tf.zeros(3)), chain)
    expected = tfd.MultivariateNormalDiag(2 * bias, 2 * np.exp(scale))
    x = np.random.RandomState(0).randn(4, 3)
    np.testing.assert_allclose(found.log_prob(x.astype("float32")), expected.log_prob(x), rtol=1e-5)
    assert found.sample(7, seed=[0, 1]).shape == (7, 3)


def test_what_tfp_remembers_is_not_an_old_value():
    """TFP gives again what it made of a tensor, even after the weights have changed."""
    norm = flows.ActNorm(from_data=False)
    norm.build((None, 1))
    bijector, x = norm.as_bijector(), tf.ones([1])
    y = bijector.forward(x)
    bijector.forward_log_det_jacobian(x, 1)
    norm.log_scale.assign([1.0])
    np.testing.assert_allclose(bijector.forward(x), [np.e], rtol=1e-6)
    np.testing.assert_allclose(bijector.inverse(y), [1 / np.e], rtol=1e-6)
    assert float(bijector.forward_log_det_jacobian(x, 1)) == pytest.approx(1)
    assert float(bijector.inverse_log_det_jacobian(y, 1)) == pytest.approx(-1)


def test_gradients_reach_the_weights_of_the_layer():
    flow, inputs = trained("glow")
    prior = tfd.MultivariateNormalDiag(tf.zeros(64))
    distribution = tfd.TransformedDistribution(prior, tfb.Invert(flow.as_bijector()))
    x, _ = inputs(4)
    with tf.GradientTape() as tape:
        loss = -tf.reduce_mean(distribution.log_prob(x))
    for gradient in tape.gradient(loss, [variable.value for variable in flow.trainable_variables]):
        assert gradient is not None and np.abs(gradient).max() > 0


def test_in_a_graph_where_sizes_are_open():
    flow, _ = built("multi_scale")
    bijector = flow.as_bijector()

    @tf.function(input_signature=[tf.TensorSpec([None, *FLOWS["multi_scale"][1]])])
    def there_and_back(x):
        y = bijector.forward(x)
        return y, bijector.inverse(tf.identity(y)), bijector.forward_log_det_jacobian(x, 3)

    x = rows(3, FLOWS["multi_scale"][1])
    y, again, log_det = there_and_back(x)
    assert y.shape == (3, 64) and log_det.shape == (3,)
    np.testing.assert_allclose(again, x, **CLOSE)


def test_events_of_another_shape():
    bijector = built("squeeze")[0].as_bijector(validate_args=True)
    assert isinstance(bijector, FlowBijector)
    with pytest.raises((ValueError, tf.errors.InvalidArgumentError)):
        bijector.forward_log_det_jacobian(tf.zeros([2, 4, 4, 3]), 3)


def test_a_layer_that_is_not_built():
    with pytest.raises(InputError, match=r"ActNorm 'norm': it is not built; call build\(\(None, \*shape\)\) first"):
        flows.ActNorm(name="norm").as_bijector()

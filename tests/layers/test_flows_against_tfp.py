"""A step of Glow against TFP's, from which nothing is shared but the weights."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from tensorflow_probability.python.bijectors import glow as tfp_glow

from helpers.small_flows import rows
from keras_gen.layers import flows
from keras_gen.networks import coupling_network

tfb = tfp.bijectors
SHAPE = (4, 4, 6)
WIDTH = 5


def test_steps_of_glow():
    """Two steps of act norm, 1x1 convolution and affine coupling with the scale sigmoid(r + 2)."""
    chain, block = our_steps(2), tfp_steps(2)
    random = np.random.RandomState(0)
    for i in range(2):
        norm, convolution, coupling = chain.layers[3 * i : 3 * i + 3]
        for variable in [norm.log_scale, norm.bias, *coupling.network.weights]:
            variable.assign(0.3 * random.randn(*variable.shape))
        convolution.factors.assign_add(0.1 * random.randn(6, 6))
        # TFP's chain applies its last bijector first, and a Glow block runs backwards.
        tfp_norm, tfp_convolution, tfp_coupling = block.bijectors[3 * i : 3 * i + 3]
        copy_norm(norm, tfp_norm)
        copy_convolution(convolution, tfp_convolution)
        copy_network(coupling.network, tfp_coupling.coupling_bijector_layer)

    x = rows(3, SHAPE)
    y, log_det = chain.forward(x)
    expected = block.inverse(tf.identity(x))
    # float32, two steps
    np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(log_det, block.inverse_log_det_jacobian(tf.identity(x), 3), rtol=1e-4)
    np.testing.assert_allclose(chain.inverse(y), block.forward(tf.identity(expected)), rtol=1e-4, atol=1e-4)


def our_steps(count):
    half = (*SHAPE[:-1], SHAPE[-1] // 2)
    layers = []
    for i in range(count):
        network = coupling_network(half, SHAPE[-1], WIDTH, seed=i)
        layers += [flows.ActNorm(), flows.InvertibleConvolution(), flows.AffineCoupling(network, scale="sigmoid")]
    chain = flows.Chain(layers)
    chain.build((None, *SHAPE))
    return chain


def tfp_steps(count):
    return tfp_glow.GlowBlock(
        SHAPE,
        count,
        lambda shape: tfp_glow.GlowDefaultNetwork(shape, num_hidden=WIDTH),
        use_actnorm=True,
        seedstream=tfp.util.SeedStream(0, "test"),
    )


def copy_norm(ours, theirs):
    """exp(log_scale) x + bias is s (x + m)."""
    theirs._initialized.assign(True)
    theirs._s.assign(tf.exp(ours.log_scale.value))
    theirs._m.assign(ours.bias.value * tf.exp(-ours.log_scale.value))


def copy_convolution(ours, theirs):
    """x W of rows x is W^T x of columns."""
    kernel, _ = ours.affine()
    lower_upper, permutation = tf.linalg.lu(tf.transpose(kernel))
    theirs.bijector._bijector.lower_upper.assign(lower_upper)
    theirs.bijector._bijector.permutation.assign(permutation)


def copy_network(ours, theirs):
    """Theirs gives the scale first, ours the shift."""
    *hidden, kernel, bias = ours.get_weights()
    theirs.set_weights([*hidden, np.roll(kernel, 3, axis=-1), np.roll(bias, 3)])


@pytest.mark.parametrize("seed", [0, 1])
def test_the_kernel_is_that_of_its_factors(seed):
    convolution = flows.InvertibleConvolution(seed=seed)
    convolution.build((None, 5))
    convolution.factors.assign_add(0.1 * np.random.RandomState(seed).randn(5, 5))
    factors, signs = convolution.factors.numpy(), convolution.signs.numpy()
    packed = factors - np.diag(np.diag(factors)) + np.diag(signs * np.exp(np.diag(factors)))
    # TFP: row permutation[i] of the product is row i of L U
    kernel = tfp.math.lu_reconstruct(packed, np.argsort(convolution.permutation.numpy()))
    np.testing.assert_allclose(convolution.affine()[0], kernel, atol=1e-6)
    np.testing.assert_allclose(convolution.inverse_affine()[0], np.linalg.inv(kernel), atol=1e-5)
    np.testing.assert_allclose(convolution.log_det_kernel(), np.linalg.slogdet(kernel)[1], atol=1e-6)


def test_it_begins_as_a_rotation():
    convolution = flows.InvertibleConvolution(seed=3)
    convolution.build((None, 12))
    kernel = convolution.affine()[0].numpy()
    np.testing.assert_allclose(kernel @ kernel.T, np.eye(12), atol=1e-5)
    assert np.abs(kernel - np.eye(12)).max() > 0.1


def test_neighbours_are_one_product():
    """The fused map of a chain is its layers' one after the other, forward and back."""
    layers = [flows.ActNorm(), flows.InvertibleConvolution(seed=1), flows.Permutation(seed=2), flows.ActNorm()]
    chain = flows.Chain(layers)
    chain.build((None, *SHAPE))
    random = np.random.RandomState(0)
    for variable in chain.trainable_variables:
        variable.assign_add(0.2 * random.randn(*variable.shape))
    x = rows(2, SHAPE)
    y, log_det = chain.forward(x)
    expected, expected_log_det = x, 0
    for layer in layers:
        expected, of_layer = layer.forward(expected)
        expected_log_det += of_layer
    np.testing.assert_allclose(y, expected, atol=1e-5)
    np.testing.assert_allclose(log_det, expected_log_det, rtol=1e-5)
    for layer in reversed(layers):
        expected = layer.inverse(expected)
    np.testing.assert_allclose(chain.inverse(y), expected, atol=1e-5)

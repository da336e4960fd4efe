"""`UnitScaleBatchNormalization` against NumPy, and a critic that nothing bounds without it."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gen.layers import BatchNormalization, UnitScaleBatchNormalization
from keras_gen.networks import dcgan

RANDOM = np.random.RandomState(0)
GAMMA, BETA = RANDOM.randn(3).astype("float32"), RANDOM.randn(3).astype("float32")
X = RANDOM.randn(4, 5, 6, 3).astype("float32")


def built(**kwargs):
    layer = UnitScaleBatchNormalization(**kwargs)
    layer.build(X.shape)
    layer.gamma.assign(GAMMA)
    layer.beta.assign(BETA)
    return layer


def test_training_and_inference_against_numpy():
    layer = built(momentum=0.9)
    mean, variance = X.mean(axis=(0, 1, 2)), X.var(axis=(0, 1, 2))
    scale = GAMMA / np.linalg.norm(GAMMA)
    expected = scale * (X - mean) / np.sqrt(variance + 1e-3) + BETA
    np.testing.assert_allclose(layer(X, training=True), expected, rtol=0, atol=1e-5)
    np.testing.assert_allclose(layer.moving_mean, 0.1 * mean, rtol=0, atol=1e-6)
    np.testing.assert_allclose(layer.moving_variance, 0.9 + 0.1 * variance, rtol=1e-5)
    np.testing.assert_array_equal(layer.gamma, GAMMA)

    expected = scale * (X - 0.1 * mean) / np.sqrt(0.9 + 0.1 * variance + 1e-3) + BETA
    np.testing.assert_allclose(layer(X), expected, rtol=0, atol=1e-5)
    np.testing.assert_allclose(layer.moving_mean, 0.1 * mean, rtol=0, atol=1e-6)


def test_in_a_graph_it_is_the_same():
    layer, traced = built(), built()
    outputs = tf.function(lambda x: traced(x, training=True))(X)
    np.testing.assert_allclose(layer(X, training=True), outputs, rtol=0, atol=1e-5)
    np.testing.assert_allclose(layer.moving_variance, traced.moving_variance, rtol=1e-6)
    assert np.abs(traced.moving_mean).max() > 0


def test_the_gradient_passes_through_the_norm():
    layer, weights = built(), RANDOM.randn(*X.shape)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(weights.astype("float32") * layer(X))
    # d(g / |g|) projects away from g: a longer gamma changes nothing.
    gradient = tape.gradient(loss, layer.gamma.value)
    sums = (weights * X / np.sqrt(1 + 1e-3)).sum(axis=(0, 1, 2))
    unit = GAMMA / np.linalg.norm(GAMMA)
    np.testing.assert_allclose(gradient, (sums - unit * (unit @ sums)) / np.linalg.norm(GAMMA), rtol=1e-4, atol=1e-4)


def test_zeros_stay_and_no_scale_is_batch_norm():
    layer = built()
    layer.gamma.assign(np.zeros(3))
    np.testing.assert_allclose(layer(X), np.broadcast_to(BETA, X.shape), rtol=0, atol=1e-7)
    plain = UnitScaleBatchNormalization(scale=False)
    np.testing.assert_allclose(plain(X), BatchNormalization(scale=False)(X), rtol=0, atol=1e-7)


def test_it_can_be_saved(tmp_path):
    model = keras.Sequential([keras.Input(X.shape[1:]), built(momentum=0.5)])
    model(X, training=True)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(X), model(X))
    # The weights are those of batch norm, so that either can read the other's.
    other = keras.Sequential([keras.Input(X.shape[1:]), BatchNormalization()])
    other.set_weights(model.get_weights())
    assert other.layers[0].momentum == 0.99 and loaded.layers[0].momentum == 0.5


@pytest.mark.slow
@pytest.mark.parametrize("bounded", [True, False])
def test_a_critic_trained_alone_levels_off_if_its_scales_are_bounded(bounded):
    """E_p[T] - E_q[T] of two fixed batches, which nothing but the critic's own bound can stop from growing."""
    critic = dcgan.discriminator((16, 16, 1), width=4, batch_norm=True, spectral_normalization="from_ones")
    if not bounded:
        clone = keras.models.clone_model(
            critic, clone_function=lambda layer: _plain(layer) or type(layer).from_config(layer.get_config())
        )
        clone.set_weights(critic.get_weights())
        critic = clone
    random = np.random.RandomState(1)
    real = np.sign(random.randn(16, 16, 16, 1)).astype("float32")
    fake = random.randn(16, 16, 16, 1).astype("float32")
    optimizer = keras.optimizers.Adam(0.02, beta_1=0.5)
    optimizer.build(critic.trainable_variables)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(critic(fake, training=True)) - tf.reduce_mean(critic(real, training=True))
        variables = [variable.value for variable in critic.trainable_variables]
        optimizer.apply(tape.gradient(loss, variables), critic.trainable_variables)
        return -loss

    values = [float(step()) for _ in range(400)]
    print(values[::50])
    assert values[200] > 0
    growth = values[399] / values[200]
    assert growth < 1.1 if bounded else growth > 1.8


def _plain(layer):
    if isinstance(layer, UnitScaleBatchNormalization):
        return BatchNormalization.from_config(layer.get_config())
    return None

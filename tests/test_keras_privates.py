"""Tests of the batch norm in `keras_gen/keras_privates.py`, against Keras's layer."""

import keras
import numpy as np
import tensorflow as tf

from keras_gen.layers import BatchNormalization

X = np.random.RandomState(0).normal(1.0, 2.0, (8, 3, 3, 2)).astype("float32")
MASK = np.random.RandomState(1).uniform(size=(8, 3, 3)) < 0.5
# Float32, with the variance as E[x^2] - E[x]^2 here and as E[(x - E[x])^2] there.
CLOSE = {"rtol": 1e-5, "atol": 1e-5}


def built(kind, **arguments):
    layer = kind(**arguments)
    layer.build(X.shape)
    return layer


def gradient(layer, x):
    """Of a sum of cubes, which depends on the moments."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_sum(layer(x, training=True) ** 3)
    return tape.gradient(loss, x)


def test_two_replicas_have_the_moments_of_the_whole_batch(two_replicas):
    whole = built(keras.layers.BatchNormalization)
    expected = gradient(whole, tf.constant(X))
    with two_replicas.scope():
        layer = built(BatchNormalization, synchronized=True)

    @tf.function
    def shares():
        return two_replicas.experimental_local_results(two_replicas.run(of_replica))

    def of_replica():
        first = 4 * tf.distribute.get_replica_context().replica_id_in_sync_group
        return gradient(layer, tf.ensure_shape(tf.constant(X)[first : first + 4], [4, *X.shape[1:]]))

    np.testing.assert_allclose(tf.concat(shares(), 0), expected, **CLOSE)
    for found, wanted in zip(layer.variables, whole.variables, strict=True):
        np.testing.assert_allclose(found, wanted, **CLOSE)


def test_alone_and_with_a_mask_it_is_keras_layer():
    for arguments, call in (({}, {}), ({"synchronized": True}, {"mask": MASK}), ({"synchronized": True}, {})):
        expected, found = (built(kind, **arguments) for kind in (keras.layers.BatchNormalization, BatchNormalization))
        outputs = [layer(X, training=True, **call) for layer in (found, expected)]
        np.testing.assert_allclose(*outputs, **CLOSE)
        for one, other in zip(found.variables, expected.variables, strict=True):
            np.testing.assert_allclose(one, other, **CLOSE)


def test_its_weights_have_the_paths_of_keras_layer(tmp_path):
    """A run that was begun with Keras's layer continues."""
    kinds = keras.layers.BatchNormalization, BatchNormalization
    networks = [keras.Sequential([keras.Input(X.shape[1:]), kind()]) for kind in kinds]
    networks[0](X, training=True)
    networks[0].save_weights(tmp_path / "one.weights.h5")
    networks[1].load_weights(tmp_path / "one.weights.h5")
    np.testing.assert_array_equal(networks[1](X), networks[0](X))

"""The steps that the models' own are timed against make the same updates, on the same noise."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

from benchmarks import hand_written, train_step
from helpers.quick import slow_unless
from keras_gen.keras_privates import all_layers
from keras_gen.layers import SpectralNormalization
from keras_gen.models import ReproducibleModel
from keras_gen.utils import spectral

BATCH_SIZE = 4
STEPS = 2
# Float32, in sums of another order.
TOLERANCE = 1e-3


class Noise:
    """Normal noise that depends on the number of the draw; and noise whose order pairs each row with the one before."""

    def __init__(self):
        self.draws = 0

    def normal(self, shape):
        self.draws += 1
        return tf.constant(np.random.RandomState(self.draws).normal(size=shape), tf.float32)

    def falling(self, shape):
        numbers = tf.range(shape[0], 0, -1, dtype=tf.float32) / float(shape[0])
        return tf.broadcast_to(tf.reshape(numbers, [-1] + [1] * (len(shape) - 1)), shape)


@pytest.fixture
def optimizers(monkeypatch):
    """Puts SGD, whose updates have the gradient's scale, in the place of Adam; gives the arguments of each Adam."""
    asked_for = []

    def sgd(*args, **kwargs):
        asked_for.append((args, kwargs))
        return keras.optimizers.SGD(1e-3)

    monkeypatch.setattr(keras.optimizers, "Adam", sgd)
    return asked_for


@pytest.fixture
def make_model(monkeypatch):
    monkeypatch.setattr(train_step, "FLAGS", SimpleNamespace(width=4))

    def make(name):
        model = train_step.MODELS[name]()
        if name == "vae_mutual_information":
            model.num_shuffles = BATCH_SIZE - 1
        model.compile()
        return model

    return make


def use(noise, monkeypatch):
    def of_model(draw):
        return lambda self, num_rows, row_shape, stream: draw([int(num_rows), *row_shape])

    monkeypatch.setattr(tf.random, "normal", noise.normal)
    monkeypatch.setattr(ReproducibleModel, "normal", of_model(noise.normal))
    monkeypatch.setattr(ReproducibleModel, "uniform", of_model(noise.falling))


def settle(model):
    """Spectral norms that are found: the model scores real and fake images apart, and so moves their vectors twice."""
    for layer in all_layers(model):
        if isinstance(layer, SpectralNormalization):
            matrix = spectral.kernel_matrix(layer.layer.kernel.value, spectral.output_axis(layer.layer))
            layer.u.assign(np.linalg.svd(matrix.numpy())[0][:, 0])


def updates(step, model, batches, monkeypatch):
    """What steps change in the weights of the networks."""
    before = [weight.numpy() for weight in model.trainable_variables]
    use(Noise(), monkeypatch)
    for batch in batches:
        step(batch)
    return [weight.numpy() - old for weight, old in zip(model.trainable_variables, before, strict=True)]


@pytest.mark.parametrize("name", slow_unless(("wgan_div", "vae", "deep_infomax"), hand_written.STEPS))
def test_a_step_by_hand_is_the_models(name, make_model, optimizers, monkeypatch):
    own, by_hand = make_model(name), make_model(name)
    settle(own)
    by_hand.set_weights(own.get_weights())
    asked_for = optimizers[: len(optimizers) // 2]
    optimizers.clear()
    step = hand_written.STEPS[name](by_hand)
    assert optimizers == asked_for

    parts = own.real_batches_per_step
    images = np.random.RandomState(0).uniform(-1, 1, (STEPS, parts * BATCH_SIZE, *train_step.IMAGE_SHAPE))
    images = tf.constant(images, tf.float32)
    # A model takes every n-th image for an update, the step by hand a block of them.
    blocks = [tf.concat([batch[i::parts] for i in range(parts)], 0) for batch in images]
    expected = updates(own.train_step, own, images, monkeypatch)
    found = updates(step, by_hand, blocks, monkeypatch)
    largest = max(np.abs(update).max() for update in expected)
    assert largest > 1e-5
    for variable, update, other in zip(own.trainable_variables, expected, found, strict=True):
        scale = max(np.abs(update).max(), 1e-3 * largest)
        np.testing.assert_allclose(other, update, rtol=0, atol=TOLERANCE * scale, err_msg=variable.path)

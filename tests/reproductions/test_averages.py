"""Runs whose optimiser averages the weights: what is measured, drawn and saved is of the averages, training is not."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from benchmarks.kills.comparison import differences
from keras_gen import callbacks, networks, optimizers
from keras_gen.models import VAE
from reproductions.harness.averages import of_averages

MOMENTUM, STEPS = 0.8, 5
SHAPE = (8, 8, 1)


def vae(**averages):
    encoder = networks.autoencoder.encoder(SHAPE, latent_dim=2, widths=(4,), seed=0)
    model = VAE(encoder, networks.autoencoder.decoder(SHAPE, latent_dim=2, widths=(4,), seed=0))
    model.compile(optimizers.Adam(0.01, **averages))
    return model


class Recorded(keras.callbacks.Callback):
    """The trained weights after every step, and those that a look sees then."""

    def __init__(self):
        super().__init__()
        self.trained, self.seen = [], []

    def on_train_batch_end(self, batch, logs=None):
        look = of_averages(lambda model: [weight.numpy() for weight in model.trainable_variables])
        self.seen.append(look(self.model))
        self.trained.append([weight.numpy() for weight in self.model.trainable_variables])


def fitted(model):
    images = tf.data.Dataset.from_tensor_slices(np.random.default_rng(0).uniform(-1, 1, (4 * STEPS, *SHAPE)))
    batches = images.map(lambda x: tf.cast(x, tf.float32)).batch(4, drop_remainder=True)
    recorded = Recorded()
    model.fit(batches, verbose=0, callbacks=[recorded])
    return recorded


def check_averages(recorded):
    mean = recorded.trained[0]
    for trained, seen in zip(recorded.trained, recorded.seen, strict=True):
        mean = [MOMENTUM * before + (1 - MOMENTUM) * now for before, now in zip(mean, trained, strict=True)]
        for wanted, found in zip(mean, seen, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-7)
    last = zip(recorded.seen[-1], recorded.trained[-1], strict=True)
    assert any(np.abs(seen - now).max() > 1e-3 for seen, now in last)


def test_a_look_sees_averages_and_leaves_training_as_it_was():
    model, plain = vae(use_ema=True, ema_momentum=MOMENTUM), vae()
    recorded, without = fitted(model), fitted(plain)
    check_averages(recorded)
    for with_looks, wanted in zip(recorded.trained, without.trained, strict=True):
        for found, expected in zip(with_looks, wanted, strict=True):
            np.testing.assert_array_equal(found, expected)
    for weight, mean in zip(model.trainable_variables, recorded.seen[-1], strict=True):  # in which `fit` ends
        np.testing.assert_array_equal(weight, mean)


def test_without_averages_a_look_sees_the_weights():
    recorded = fitted(vae())
    for seen, trained in zip(recorded.seen, recorded.trained, strict=True):
        for found, expected in zip(seen, trained, strict=True):
            np.testing.assert_array_equal(found, expected)


def test_a_look_that_fails_leaves_the_weights_as_they_were():
    model = vae(use_ema=True, ema_momentum=MOMENTUM)
    before = model.get_weights()

    def fail(model):
        raise RuntimeError

    with pytest.raises(RuntimeError):
        of_averages(fail)(model)
    for found, expected in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_averages_on_replicas(two_replicas):
    with two_replicas.scope():
        model = vae(use_ema=True, ema_momentum=MOMENTUM)
    check_averages(fitted(model))


FLAGS = ["--preset=smoke", "--deterministic", "--ema_momentum=0.95"]


def test_what_a_run_draws_last_is_what_it_saves(launched, tmp_path):
    assert launched("f_vae", *FLAGS, f"--output_dir={tmp_path}") == 0
    drawn = np.asarray(Image.open(tmp_path / "samples" / "step_00000020.png"))
    saved = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(drawn, callbacks.sample_sheet(saved)[..., 0])


@pytest.mark.slow
def test_a_run_that_is_given_more_steps_goes_on_from_the_weights_themselves(launched, tmp_path):
    straight, extended = tmp_path / "straight", tmp_path / "extended"
    assert launched("f_vae", *FLAGS, f"--output_dir={straight}") == 0
    assert launched("f_vae", *FLAGS, f"--output_dir={extended}", "--steps=10") == 0
    assert launched("f_vae", *FLAGS, f"--output_dir={extended}") == 0
    assert differences(straight, extended) == []

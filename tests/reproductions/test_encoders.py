"""What the scripts of encoders without a decoder share."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gen import datasets
from reproductions import deep_infomax, vae_mutual_information
from reproductions.families import encoders
from reproductions.harness.errors import UsageError


class Counter(keras.Model):
    """Its loss is the number of the step."""

    def __init__(self):
        super().__init__()
        self.step = self.add_weight(shape=(), initializer="zeros")
        self.tracker = keras.metrics.Mean(name="loss")

    @property
    def metrics(self):
        return [self.tracker]

    def train_step(self, batch):
        self.tracker.update_state(self.step)
        self.step.assign_add(1)
        return {"loss": self.tracker.result()}


@pytest.mark.parametrize("steps", [1, 5, 10, 15, 100])
def test_every_step_is_made_and_the_last_tenth_of_them_is_measured(steps):
    model = Counter()
    model.compile(optimizer=None)
    batches = tf.data.Dataset.from_tensors(np.zeros([2, 1], np.float32)).repeat()
    assert 0 < encoders.train(model, batches, steps) < 10
    assert int(model.step.numpy()) == steps
    last = range(steps)[-math.ceil(steps / 10) :]
    assert float(model.tracker.result()) == pytest.approx(np.mean(last))


@pytest.mark.parametrize(
    ("script", "study", "title"),
    [
        (vae_mutual_information, "encoder_only", "VAE, variance 1"),
        (vae_mutual_information, "encoder_only", "no decoder, InfoNCE, weight 1"),
        (vae_mutual_information, "curves", "beta-VAE, 1"),
        (deep_infomax, "retrieval_photos", "cifar10: untrained encoder"),
        (deep_infomax, "retrieval", "mnist_5k: autoencoder"),
    ],
)
def test_a_study_finds_before_its_first_run_that_images_cannot_be_halved_so_often(script, study, title):
    study = script.REPRODUCTION.studies[study]
    flags = {name: value for name, value in study.variants[title].items() if name != "dataset"}
    settings = study.presets["smoke"].replace({**flags, "num_shuffles": 3} if "num_shuffles" in flags else flags)
    digits = datasets.load("digits")
    study.check(settings, digits)
    with pytest.raises(UsageError, match="^--stages=4: images of 8x8 can be halved 3 times; give 3 or fewer$"):
        study.check(settings.replace({"stages": 4}), digits)

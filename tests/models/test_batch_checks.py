"""Batches that `fit` cannot train on: one clear error, and no trained weight has moved."""

import re

import numpy as np
import pytest
import tensorflow as tf

from helpers.replicated_runs import BATCH_SIZE, RUNS
from helpers.small_gans import compiled, data, image_networks, vector_networks
from keras_gen.errors import InputError
from keras_gen.models import GAN, RSGAN, WGANGP

NOT_FINITE = "^images contain NaN or infinite pixels$"


def rows(shape, *bad):
    """A good batch [BATCH_SIZE, *shape] but for the last of its numbers."""
    x = data(BATCH_SIZE, shape)
    x.flat[x.size - len(bad) :] = bad
    return x


def assert_refused(model, batch, message, **arguments):
    model.run_eagerly = True  # a step that is never made is not worth a graph
    before = [variable.numpy() for variable in model.trainable_variables]
    with pytest.raises(InputError, match=message):
        model.fit(batch, verbose=0, **arguments)
    for variable, value in zip(model.trainable_variables, before, strict=True):
        np.testing.assert_array_equal(variable, value, err_msg=variable.path)
    assert int(model.step.numpy()) == 0
    assert all(np.isfinite(weight).all() for weight in model.weights)


class TestPixelsThatAreNotFinite:
    @pytest.mark.parametrize("name", ["gan", "wgan_div_adam", "vae", "clustering_vae", "decoder_free_vae", "glow"])
    def test_of_every_kind_of_model(self, name):
        run = RUNS[name]
        assert_refused(run.new_model(), tf.data.Dataset.from_tensors(rows(run.shape, np.nan)), NOT_FINITE)

    def test_beside_targets(self):
        x = rows((2,), np.inf)
        data_set = tf.data.Dataset.from_tensors((x, np.zeros_like(x)))
        assert_refused(RUNS["gradient_penalized"].new_model(), data_set, NOT_FINITE)

    @pytest.mark.parametrize("value", [np.nan, -np.inf])
    def test_in_an_array(self, value):
        assert_refused(compiled(GAN(*vector_networks())), rows((2,), value), NOT_FINITE, batch_size=BATCH_SIZE)

    def test_on_replicas(self, two_replicas):
        with two_replicas.scope():
            model = compiled(GAN(*vector_networks()))
        # Not the last batch of all: its failure and the end of the data would race.
        bad_then_good = tf.data.Dataset.from_tensor_slices(np.stack([rows((2,), np.nan), rows((2,))]))
        assert_refused(model, bad_then_good.repeat(), NOT_FINITE, steps_per_epoch=2)

    @pytest.mark.traced
    def test_steps_before_count(self):
        model = compiled(GAN(*vector_networks()))
        x = np.concatenate([rows((2,)), rows((2,), np.nan)])
        with pytest.raises(InputError, match=NOT_FINITE):
            model.fit(tf.data.Dataset.from_tensor_slices(x).batch(BATCH_SIZE), verbose=0)
        assert int(model.step) == 1
        assert all(np.isfinite(weight).all() for weight in model.weights)

    def test_large_numbers_are_good(self):
        model = compiled(GAN(*vector_networks()))
        model.fit(rows((2,), 3e38, 3e38), verbose=0, batch_size=BATCH_SIZE)
        assert int(model.step) == 1


class TestAShortLastBatch:
    @pytest.mark.parametrize(
        "new_model, parts",
        [
            (lambda: RSGAN(*image_networks(), generator_steps=2), "discriminator_steps=1 + generator_steps=2"),
            (lambda: WGANGP(*vector_networks(), discriminator_steps=2), "discriminator_steps=2"),
        ],
    )
    def test_without_an_image_for_each_update(self, new_model, parts):
        model = compiled(new_model())
        x = tf.data.Dataset.from_tensor_slices(rows(model.discriminator.input_shape[1:])[:1]).batch(8)
        assert_refused(
            model, x, f"^a batch of 1 images does not divide into {re.escape(parts)} equal parts; a short last batch"
        )

    def test_of_an_array(self):
        model = compiled(GAN(*vector_networks(), discriminator_steps=2))
        message = "^a batch of 1 images does not divide into discriminator_steps=2"
        assert_refused(model, data(17, (2,)), message, batch_size=8)

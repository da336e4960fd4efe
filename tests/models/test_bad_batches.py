"""Batches that `fit` cannot train on: one clear error, and no variable has moved; and what `decode` cannot take."""

import re

import numpy as np
import pytest
import tensorflow as tf
from replicated_runs import BATCH_SIZE, RUNS
from small_gans import IMAGE_SHAPE, compiled, data, image_networks, state, vector_networks

from keras_gen.errors import InputError
from keras_gen.models import GAN, RSGAN, WGANGP

NOT_FINITE = "^images contain NaN or infinite pixels$"


def rows(shape, *bad):
    """A good batch [BATCH_SIZE, *shape] but for the last of its numbers."""
    x = data(BATCH_SIZE, shape)
    x.flat[x.size - len(bad) :] = bad
    return x


def assert_refused(model, batch, message, **arguments):
    before = state(model)
    with pytest.raises(InputError, match=message):
        model.fit(batch, verbose=0, **arguments)
    for name, value in state(model).items():
        np.testing.assert_array_equal(value, before[name], err_msg=name)


def new_gan(networks=image_networks, **arguments):
    model = GAN(*networks())
    model.compile(**arguments)
    return model


class TestPixelsThatAreNotFinite:
    @pytest.mark.parametrize("name", ["gan", "wgan_div_adam", "vae", "clustering_vae", "decoder_free_vae"])
    def test_of_every_kind_of_model(self, name):
        run = RUNS[name]
        assert_refused(run.new_model(), tf.data.Dataset.from_tensors(rows(run.shape, np.nan)), NOT_FINITE)

    @pytest.mark.parametrize("name", ["glow", "gradient_penalized"])
    def test_before_a_start_from_data_and_beside_targets(self, name):
        run = RUNS[name]
        x = rows(run.shape, np.inf)
        data_set = tf.data.Dataset.from_tensors((x, x[:, :1] * 0) if name == "gradient_penalized" else x)
        assert_refused(run.new_model(), data_set, NOT_FINITE)

    @pytest.mark.parametrize("value", [np.nan, -np.inf])
    def test_in_an_array(self, value):
        assert_refused(compiled(GAN(*vector_networks())), rows((2,), value), NOT_FINITE, batch_size=BATCH_SIZE)

    @pytest.mark.parametrize("how", [{"jit_compile": True}, {"run_eagerly": True}, {"steps_per_execution": 2}], ids=str)
    def test_however_a_step_runs(self, how):
        model = new_gan(vector_networks, **how)
        assert_refused(model, tf.data.Dataset.from_tensors(rows((2,), np.nan)).repeat(2), NOT_FINITE)

    def test_of_one_replica(self, two_replicas):
        with two_replicas.scope():
            model = new_gan()
        assert_refused(model, tf.data.Dataset.from_tensors(rows(IMAGE_SHAPE, np.nan)), NOT_FINITE)

    def test_in_half_precision(self, mixed_bfloat16):
        x = tf.cast(rows(IMAGE_SHAPE, np.nan), tf.bfloat16)
        assert_refused(new_gan(), tf.data.Dataset.from_tensors(x), NOT_FINITE)

    def test_steps_before_count(self):
        model = compiled(GAN(*vector_networks()))
        x = np.concatenate([rows((2,)), rows((2,), np.nan)])
        with pytest.raises(InputError, match=NOT_FINITE):
            model.fit(tf.data.Dataset.from_tensor_slices(x).batch(BATCH_SIZE), verbose=0)
        assert int(model.step) == int(model.generator_optimizer.iterations) == 1
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
        assert_refused(model, x, f"^a batch of 1 images does not divide into {re.escape(parts)}: no image is left for")

    def test_after_batches_that_are_full(self):
        model = compiled(GAN(*vector_networks(), discriminator_steps=2))
        with pytest.raises(InputError, match="^a batch of 1 images does not divide into discriminator_steps=2"):
            model.fit(data(17, (2,)), batch_size=8, shuffle=False, verbose=0)
        assert int(model.step) == int(model.generator_optimizer.iterations) == 2
        assert all(np.isfinite(weight).all() for weight in model.weights)


@pytest.mark.parametrize("name", ["gan", "vae", "glow", "f_vae"])
def test_latents_of_another_shape(name):
    model = RUNS[name].new_model()
    (size,) = model.latent_shape
    for shape in ((2, size + 1), (size,), (2, size, 1)):
        message = re.escape(f"latents have shape {shape}; give [n, {size}]")
        with pytest.raises(InputError, match=f"^{message}$"):
            model.decode(np.zeros(shape, np.float32))

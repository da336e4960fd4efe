"""mixed_bfloat16: the networks compute in bfloat16; what is added up, optimised and sampled is float32."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gen.models import GAN, WGANDiv
from keras_gen.networks import dcgan


@pytest.fixture
def model(mixed_bfloat16):
    model = WGANDiv(
        dcgan.generator((8, 8, 1), latent_dim=3, width=2),
        dcgan.discriminator((8, 8, 1), width=2),
        sampling="interpolate_real_fake",
        ema_momentum=0.9,
    )
    model.compile()
    return model


def images():
    return tf.constant(np.random.RandomState(0).uniform(-1, 1, (4, 8, 8, 1)), tf.float32)


def test_networks_compute_in_bfloat16(model):
    for network, last in ((model.generator, "images"), (model.discriminator, "scores")):
        hidden = keras.Model(network.input, [layer.output for layer in network.layers[1:-1]])
        inputs = model.latents(4, 0) if network is model.generator else images()
        assert {output.dtype for output in hidden(inputs)} == {tf.bfloat16}
        assert network.get_layer(last).compute_dtype == "float32"


def test_scores_losses_and_samples_are_float32(model):
    real, fake = images(), model.generate(4, "fakes")
    seen = []
    terms = model.discriminator_terms
    model.discriminator_terms = lambda *scores: seen.extend(scores) or terms(*scores)
    loss, terms = model.discriminator_objective(real, fake, (real,))
    assert fake.dtype == model.score(real).dtype == loss.dtype == tf.float32
    assert {tensor.dtype for tensor in seen} == {tf.float32} and len(seen) == 3
    assert {term.dtype for term in terms.values()} == {tf.float32}
    assert model.sample(2).dtype == model.decode(model.latents(2, 0)).dtype == tf.float32
    assert {variable.dtype for variable in model.trainable_variables} == {"float32"}
    assert {v.dtype for v in model.generator_optimizer.variables[2:]} == {"float32"}


@pytest.mark.parametrize("ema_momentum", [None, 0.9])
def test_a_generator_of_ones_own_may_give_bfloat16(ema_momentum, mixed_bfloat16):
    generator = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    discriminator = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model = GAN(generator, discriminator, ema_momentum=ema_momentum)
    latents = model.latents(4, 0)
    assert generator(latents).dtype == tf.bfloat16
    assert model.decode(latents).dtype == model.sample(4).dtype == tf.float32
    np.testing.assert_array_equal(model.decode(latents), tf.cast(generator(latents), tf.float32))


def test_scores_are_near_those_of_float32(model):
    keras.config.set_dtype_policy("float32")
    same = dcgan.discriminator((8, 8, 1), width=2)
    same.set_weights(model.discriminator.get_weights())
    # bfloat16 has eight significant bits; a score is a mean of products of a few such numbers
    np.testing.assert_allclose(model.score(images()), same(images()), rtol=0.03)


def test_it_trains_and_comes_back(model, tmp_path):
    before = [weight.numpy() for weight in model.trainable_variables]
    history = model.fit(tf.data.Dataset.from_tensors(images()), verbose=0).history
    assert np.isfinite(list(history.values())).all()
    for weight, value in zip(model.trainable_variables, before, strict=True):
        assert np.isfinite(weight.numpy()).all()
        assert "average" in weight.path or not np.array_equal(weight.numpy(), value), weight.path

    model.save(tmp_path / "model.keras")
    keras.config.set_dtype_policy("float32")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.sample(3), model.sample(3))
    assert {layer.compute_dtype for layer in loaded.generator.layers[1:-1]} == {"bfloat16"}

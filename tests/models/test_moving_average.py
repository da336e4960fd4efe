import keras
import numpy as np
import pytest
import tensorflow as tf

from helpers.small_gans import batches, compiled, image_networks
from keras_gen.errors import InputError
from keras_gen.models import GAN


def trained(**kwargs):
    """A GAN with an average of momentum 0.75, and the generator's weights before, and after each of its updates."""
    model = compiled(GAN(*image_networks(), ema_momentum=0.75, **kwargs))
    history = [model.generator.get_weights()]
    train_generator = model.train_generator

    def recorded(*arguments):
        terms = train_generator(*arguments)
        history.append(model.generator.get_weights())
        return terms

    model.train_generator = recorded
    for images in batches(0, 3):
        model.train_step(images)
    return model, history


@pytest.mark.parametrize("generator_steps", [1, 2])
def test_it_is_the_average_by_hand(generator_steps):
    model, history = trained(generator_steps=generator_steps)
    assert len(history) == 1 + 3 * generator_steps
    expected = history[0]
    for update, weights in enumerate(history[1:]):
        step = update // generator_steps
        momentum = min(0.75, (1 + step) / (10 + step))  # 1/10, 2/11 and 3/12 in the three steps
        expected = [momentum * average + (1 - momentum) * now for average, now in zip(expected, weights, strict=True)]
    for average, by_hand, now in zip(model.average_generator.get_weights(), expected, history[-1], strict=True):
        np.testing.assert_allclose(average, by_hand, rtol=1e-6, atol=1e-7)
        # The average is behind; batch norm's moments, of which the generator has many, too.
        assert not np.array_equal(average, now)


def test_late_on_the_momentum_is_the_argument():
    model, _ = trained()
    model.step.assign(1000)
    before = model.average_generator.get_weights()
    model.train_step(next(iter(batches(0, 1))))
    found, now = model.average_generator.get_weights(), model.generator.get_weights()
    for average, old, new in zip(found, before, now, strict=True):
        np.testing.assert_allclose(average, 0.75 * old + 0.25 * new, rtol=1e-6, atol=1e-7)


def test_momentum_zero_is_the_generator_itself():
    model = compiled(GAN(*image_networks(), ema_momentum=0.0))
    model.fit(batches(0, 2), verbose=0)
    np.testing.assert_array_equal(model.sample(4), GAN(model.generator, model.discriminator).sample(4))


def test_sample_and_decode_use_it():
    model, _ = trained()
    latents = model.latents(4, seed=0)
    average = model.average_generator(latents, training=False)
    np.testing.assert_allclose(model.decode(latents), average, atol=1e-6)
    np.testing.assert_allclose(model.sample(4, seed=0), average, atol=1e-6)
    assert np.abs(average - model.generator(latents, training=False)).max() > 1e-5


@pytest.mark.slow
def test_it_is_saved(tmp_path):
    model, _ = trained()
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.ema_momentum == 0.75
    np.testing.assert_array_equal(loaded.sample(4), model.sample(4))
    for one, other in zip(loaded.weights, model.weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy(), err_msg=one.path)

    model.export(tmp_path / "saved_model")
    exported = tf.saved_model.load(tmp_path / "saved_model")
    np.testing.assert_allclose(exported.sample(4, 0), model.sample(4), atol=1e-6)


def test_the_optimiser_leaves_it_alone():
    model, _ = trained()
    trained_paths = {v.path for v in model.generator_optimizer.variables if "momentum" in v.path}
    assert len(trained_paths) == len(model.generator.trainable_variables)


@pytest.mark.parametrize("momentum", [-0.1, 1.0, 2, float("nan")])
def test_bad_momentum(momentum):
    message = f"^ema_momentum={momentum}: must be a number of at least 0 and below 1, or None for no average$"
    with pytest.raises(InputError, match=message):
        GAN(*image_networks(), ema_momentum=momentum)

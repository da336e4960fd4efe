import keras
import numpy as np
import pytest
import tensorflow as tf

from helpers.small_gans import batches, compiled, data, image_networks, vector_networks
from keras_gen.errors import InputError
from keras_gen.losses import PowerPenalty
from keras_gen.models import WGAN


def test_every_weight_is_clipped():
    model = compiled(WGAN(*image_networks(), clip=0.01))
    generator = [weight.numpy() for weight in model.generator.trainable_variables]
    model.train_discriminator(next(iter(batches(0, 1))), "a")
    for weight in model.discriminator.trainable_variables:
        assert np.abs(weight.numpy()).max() <= np.float32(0.01), weight.path
    # Weights of N(0, 0.02^2): more than half of them were beyond the bound, and lie on it.
    kernel = model.discriminator.get_layer("scores").kernel.numpy()
    assert np.isclose(np.abs(kernel), 0.01).mean() > 0.3
    for one, other in zip(model.generator.trainable_variables, generator, strict=True):
        np.testing.assert_array_equal(one.numpy(), other, err_msg=one.path)


def test_it_clips_after_the_update():
    """One step of gradient descent on -(E_p[T] - E_q[T]), for a linear T(x) = a x, then the clipping."""
    generator, _ = vector_networks()
    discriminator = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, use_bias=False)])
    discriminator.set_weights([np.array([[0.05], [-0.09]], "float32")])
    model = WGAN(generator, discriminator, clip=0.1)
    model.compile(keras.optimizers.SGD(1.0), keras.optimizers.SGD(0.1))
    real = data(8, (2,)) + [2, -2]
    fake = generator(model.normal(8, (3,), "a/latents")).numpy()
    model.train_discriminator(tf.constant(real, tf.float32), "a")
    moved = np.array([0.05, -0.09]) + 0.1 * (real.mean(0) - fake.mean(0))
    assert np.abs(moved).max() > 0.1
    np.testing.assert_allclose(discriminator.get_weights()[0][:, 0], np.clip(moved, -0.1, 0.1), rtol=1e-5)


def test_its_losses():
    """E_p[T] - E_q[T] of scores 3, 5 and 1, 0 is 4 - 1/2; a penalty of the user's own is added."""
    t_real, t_fake = tf.constant([[3.0], [5.0]]), tf.constant([[1.0], [0.0]])
    model = WGAN(*vector_networks())
    assert float(model.discriminator_terms(t_real, t_fake, None)[0]) == -3.5
    assert float(model.generator_loss(t_fake, None)) == -0.5
    model = WGAN(*vector_networks(), gradient_penalty=PowerPenalty(k=2.0, p=2.0))
    loss, terms = model.discriminator_terms(t_real, t_fake, tf.constant([1.0, 4.0]))
    assert float(terms["gradient_penalty"]) == 2 * 2.5
    assert float(loss) == -3.5 + 2 * 2.5


@pytest.mark.parametrize("clip", [0, -0.1, float("nan")])
def test_bad_clip(clip):
    with pytest.raises(InputError, match=f"clip={clip}: must be a finite number above 0"):
        WGAN(*vector_networks(), clip=clip)

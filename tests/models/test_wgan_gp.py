import keras
import numpy as np
import pytest
import tensorflow as tf

from helpers.small_gans import data, vector_networks
from keras_gen.errors import InputError
from keras_gen.losses import TwoSidedPenalty
from keras_gen.models import WGANGP


@pytest.mark.parametrize("slope, two_sided, one_sided", [(0.5, 0.25, 0), (1, 0, 0), (3, 4, 4)])
@pytest.mark.parametrize("penalty_weight", [10.0, 0.5])
def test_the_loss_of_a_linear_critic(slope, two_sided, one_sided, penalty_weight):
    """-E_p[T] + E_q[T] + weight (|a| - 1)^2, or + weight max(|a| - 1, 0)^2, for T(x) = a x."""
    generator, _ = vector_networks()
    discriminator = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, use_bias=False)])
    a = slope * np.array([0.6, -0.8])
    discriminator.set_weights([a[:, np.newaxis].astype("float32")])
    real = data(8, (2,))
    for is_one_sided, squared in ((False, two_sided), (True, one_sided)):
        model = WGANGP(generator, discriminator, penalty_weight, one_sided=is_one_sided)
        fake = generator(model.normal(8, (3,), "discriminator/0/latents")).numpy()
        model.compile(generator_optimizer=keras.optimizers.SGD(0.0), discriminator_optimizer=keras.optimizers.SGD(0.0))
        terms = model.train_step(tf.constant(real))
        assert float(terms["gradient_penalty"]) == pytest.approx(penalty_weight * squared, rel=1e-5, abs=1e-9)
        loss = -np.mean(real @ a) + np.mean(fake @ a) + penalty_weight * squared
        assert float(terms["discriminator_loss"]) == pytest.approx(loss, rel=1e-5, abs=1e-6)
        assert float(terms["generator_loss"]) == pytest.approx(
            -np.mean(generator(model_noise(model)).numpy() @ a), rel=1e-5, abs=1e-6
        )


def model_noise(model):
    """The generator's latents in step 0."""
    model.step.assign(0)
    return model.normal(8, (3,), "generator/0/latents")


def test_its_defaults_are_the_papers():
    model = WGANGP(*vector_networks())
    assert (model.penalty_weight, model.one_sided, model.sampling) == (10.0, False, "interpolate_real_fake")


def test_bad_arguments():
    with pytest.raises(InputError, match="penalty_weight=0"):
        WGANGP(*vector_networks(), penalty_weight=0)
    with pytest.raises(InputError, match="sampling='normal'"):
        WGANGP(*vector_networks(), sampling="normal")
    with pytest.raises(InputError, match="gradient_penalty: WGANGP has a gradient term of its own; leave it out"):
        WGANGP(*vector_networks(), gradient_penalty=TwoSidedPenalty())

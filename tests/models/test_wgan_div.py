"""Tests of `keras_gen/models/wgan_div.py`; the closed form for a linear critic is in `tests/losses`."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from helpers.small_gans import LATENT_DIM, batches, compiled, data, image_networks, vector_networks
from keras_gen.errors import InputError
from keras_gen.models import WGANDiv

K, P = 2.0, 6.0
LEARNING_RATE = 0.5


def network(weights, x):
    """A perceptron with one hidden layer of tanh, in NumPy."""
    w1, b1, w2, b2 = weights
    return np.tanh(x @ w1 + b1) @ w2 + b2


def slopes(weights, x):
    """Norms of the gradient in x of such a perceptron with one output."""
    w1, b1, w2, _ = weights
    hidden = np.tanh(x @ w1 + b1)
    return np.linalg.norm(((1 - hidden**2) * w2[:, 0]) @ w1.T, axis=1)


def divergence(weights, real, fake, points):
    """E_p[T] - E_q[T] - k E_r[|grad T|^p], equation (11) of the post."""
    return network(weights, real).mean() - network(weights, fake).mean() - K * np.mean(slopes(weights, points) ** P)


def float64(weights):
    return [weight.astype("float64") for weight in weights]


@pytest.fixture
def step():
    """One train step on 16 vectors, and all that went into it."""
    model = WGANDiv(*vector_networks(), k=K, p=P)
    model.compile(keras.optimizers.SGD(LEARNING_RATE), keras.optimizers.SGD(LEARNING_RATE))
    real = data(16, (2,))
    step = {
        "model": model,
        "real": real,
        "generator": float64(model.generator.get_weights()),
        "critic": float64(model.discriminator.get_weights()),
        "critic_latents": model.normal(16, (LATENT_DIM,), "discriminator/0/latents").numpy(),
        "generator_latents": model.normal(16, (LATENT_DIM,), "generator/0/latents").numpy(),
    }
    step["fake"] = network(step["generator"], step["critic_latents"])
    step["terms"] = {name: float(term) for name, term in model.train_step(tf.constant(real)).items()}
    step["trained_critic"] = float64(model.discriminator.get_weights())
    step["trained_generator"] = float64(model.generator.get_weights())
    return step


# float32 sums of 16 rows
CLOSE = {"rel": 1e-5, "abs": 1e-5}


def test_the_terms_of_a_step(step):
    real, fake, critic = step["real"], step["fake"], step["critic"]
    points = np.concatenate([real, fake])
    terms = step["terms"]
    assert terms["wasserstein_divergence"] == pytest.approx(divergence(critic, real, fake, points), **CLOSE)
    assert terms["discriminator_loss"] == -terms["wasserstein_divergence"]
    assert terms["gradient_penalty"] == pytest.approx(K * np.mean(slopes(critic, points) ** P), **CLOSE)
    # G minimises -E_z[T(G(z))] for the critic just trained, and with noise of its own.
    fake = network(step["generator"], step["generator_latents"])
    assert terms["generator_loss"] == pytest.approx(-network(step["trained_critic"], fake).mean(), **CLOSE)


def test_the_critic_climbs_the_gradient_of_the_divergence(step):
    """The weights of a step of gradient ascent, against central differences of (11) in float64."""
    real, fake = step["real"], step["fake"]
    points = np.concatenate([real, fake])
    gradient = differences(lambda weights: divergence(weights, real, fake, points), step["critic"])
    for before, after, slope in zip(step["critic"], step["trained_critic"], gradient, strict=True):
        np.testing.assert_allclose((after - before) / LEARNING_RATE, slope, rtol=1e-4, atol=1e-5)


def test_the_generator_climbs_the_critics_score(step):
    gradient = differences(
        lambda weights: network(step["trained_critic"], network(weights, step["generator_latents"])).mean(),
        step["generator"],
    )
    for before, after, slope in zip(step["generator"], step["trained_generator"], gradient, strict=True):
        np.testing.assert_allclose((after - before) / LEARNING_RATE, slope, rtol=1e-4, atol=1e-6)


def differences(function, weights, step=1e-5):
    """The gradient of a function of arrays by central differences."""
    gradient = [np.zeros_like(weight) for weight in weights]
    for slope, weight in zip(gradient, weights, strict=True):
        for index in np.ndindex(weight.shape):
            ends = []
            for sign in (1, -1):
                value = weight[index]
                weight[index] = value + sign * step
                ends.append(function(weights))
                weight[index] = value
            slope[index] = (ends[0] - ends[1]) / (2 * step)
    return gradient


@pytest.mark.parametrize("sampling, points", [("real", lambda real, fake: real), ("fake", lambda real, fake: fake)])
def test_the_sampling_decides_where_the_slope_counts(sampling, points):
    model = compiled(WGANDiv(*vector_networks(), k=K, p=P, sampling=sampling))
    critic, real = float64(model.discriminator.get_weights()), data(16, (2,))
    latents = model.normal(16, (LATENT_DIM,), "discriminator/0/latents")
    fake = network(float64(model.generator.get_weights()), latents.numpy())
    terms = model.train_step(tf.constant(real))
    expected = divergence(critic, real, fake, points(real, fake))
    assert float(terms["wasserstein_divergence"]) == pytest.approx(expected, **CLOSE)


def test_the_divergence_is_minus_the_loss_of_an_epoch_too():
    model = compiled(WGANDiv(*image_networks()))
    history = model.fit(batches(0, 3), verbose=0).history
    assert list(history) == [
        "discriminator_loss",
        "generator_loss",
        "gradient_penalty",
        "wasserstein_divergence",
    ]
    assert history["wasserstein_divergence"][0] == -history["discriminator_loss"][0] != 0


def test_its_defaults_are_the_authors():
    model = WGANDiv(*vector_networks())
    assert (model.k, model.p, model.sampling) == (2.0, 6.0, "real_and_fake")


@pytest.mark.parametrize(
    "wrong, message",
    [({"k": 0}, "k=0"), ({"k": -1}, "k=-1"), ({"p": 1}, "p=1"), ({"sampling": "normal"}, "sampling='normal'")],
)
def test_bad_arguments(wrong, message):
    with pytest.raises(InputError, match=message):
        WGANDiv(*vector_networks(), **wrong)

"""Tests of `keras_gen/models/flow_posterior_vae.py`; equations are those of the post of 2018-09-21."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from helpers.small_flow_models import images, linear
from keras_gen.errors import InputError
from keras_gen.layers import GaussianLikelihood, flows
from keras_gen.models import VAE, FlowPosteriorVAE
from keras_gen.networks import autoencoder, conditional_flow, mlp

SHAPE, LATENT_DIM = (4,), 2


def encoder(seed):
    x = keras.Input(SHAPE)
    names = f"mean_{seed}", f"log_variance_{seed}"
    return keras.Model(x, [mlp(*SHAPE, LATENT_DIM, (8,), "tanh", seed=seed, name=name)(x) for name in names])


def decoder():
    return mlp(LATENT_DIM, *SHAPE, (8,), "tanh", name="decoder")


def noise(count, seed=0):
    return tf.constant(np.random.RandomState(seed).randn(count, LATENT_DIM).astype("float32"))


@pytest.fixture(scope="module")
def model():
    """Equation 16, with couplings that are no longer the identity."""
    made = FlowPosteriorVAE(
        encoder(0), decoder(), conditional_flow([encoder(1), encoder(2)], depth=2, width=8), GaussianLikelihood(0.4)
    )
    random = np.random.RandomState(0)
    for weight in made.flow.trainable_variables:
        weight.assign(weight + 0.3 * random.randn(*weight.shape).astype("float32"))
    return made


def test_equation_16(model):
    """F_x(u) by its links, one after the other."""
    x, u = images(3, shape=SHAPE), noise(3)
    mean, log_variance = model.encoder(x)
    f = np.exp(log_variance / 2) * u + mean
    kinds = [type(layer) for layer in model.flow.layers]
    assert kinds == 2 * [*2 * [flows.Permutation, flows.AffineCoupling], flows.ConditionalAffine]
    for layer in model.flow.layers:
        if isinstance(layer, flows.ConditionalAffine):
            mean, log_variance = np.split(layer.network(x), 2, axis=1)
            f = np.exp(log_variance / 2) * f + mean
        else:
            f = layer.forward(f)[0]
    z, _ = model.conditional_flow(x, u)
    np.testing.assert_allclose(z, f, atol=1e-5)
    np.testing.assert_allclose(model.encode(x), model.conditional_flow(x, tf.zeros_like(u))[0], atol=1e-6)


def test_equation_6(model):
    """Term by term in SciPy, with the determinant of the Jacobian that autodiff finds."""
    x, u = images(3, shape=SHAPE), noise(3)
    with tf.GradientTape() as tape:
        tape.watch(u)
        z, _ = model.conditional_flow(x, u)
    jacobian = tape.batch_jacobian(z, u).numpy()
    log_posterior = stats.norm.logpdf(u).sum(1) - np.log(np.abs(np.linalg.det(jacobian)))
    log_prior = stats.norm.logpdf(z).sum(1)
    log_likelihood = stats.norm.logpdf(x, model.decoder(z), np.sqrt(0.4)).sum(1)

    loss, terms = model.objective(x, u)
    # float32 sums of a few terms of order 10
    assert float(terms["reconstruction"]) == pytest.approx(-np.mean(log_likelihood), rel=1e-5)
    assert float(terms["kl"]) == pytest.approx(np.mean(log_posterior - log_prior), rel=1e-4)
    assert float(loss) == pytest.approx(float(terms["negative_elbo"]), rel=1e-6)
    weighted = FlowPosteriorVAE(model.encoder, model.decoder, model.flow, GaussianLikelihood(0.4), beta=3.0)
    loss, _ = weighted.objective(x, u)
    assert float(loss) == pytest.approx(float(terms["reconstruction"]) + 3 * float(terms["kl"]), rel=1e-5)


def test_the_posterior_is_a_distribution_with_the_flow_in_it(model):
    x, u = images(3, shape=SHAPE), noise(3)
    posterior = model.posterior(x)
    z = model.reparameterize(posterior, u)
    np.testing.assert_allclose(z, model.conditional_flow(x, u)[0], atol=1e-6)
    _, terms = model.objective(x, u, training=False)
    # by the inverse here, forward there: rounding of float32 through ten layers
    assert float(tf.reduce_mean(model.kl(posterior, z))) == pytest.approx(float(terms["kl"]), rel=1e-3)


def test_with_the_identity_as_flow_it_is_the_vae():
    networks = encoder(0), decoder()
    plain, model = VAE(*networks), FlowPosteriorVAE(*networks, flows.Chain([]))
    x, u = images(3, shape=SHAPE), noise(3)
    _, expected = plain.objective(x, u)
    _, terms = model.objective(x, u)
    assert float(terms["reconstruction"]) == pytest.approx(float(expected["reconstruction"]), rel=1e-6)
    posterior = plain.posterior(x)
    z = plain.reparameterize(posterior, u)
    drawn = np.mean(posterior.log_prob(z) - plain.prior.log_prob(z))
    assert float(terms["kl"]) == pytest.approx(drawn, rel=1e-4)
    np.testing.assert_allclose(model.log_prob(x, 5, seed=1), plain.log_prob(x, 5, seed=1), rtol=1e-5)


def test_the_true_posterior_gives_log_q_without_noise():
    """x = z + noise, at one x: the encoder's N(x, 1) is wrong, an affine flow makes it the posterior."""
    variance = 0.25
    x = keras.Input((LATENT_DIM,))
    wrong = keras.Model(x, [keras.layers.Dense(LATENT_DIM, kernel_initializer="identity")(x), 0.0 * x])
    flow = flows.ActNorm(from_data=False)  # y = exp(log_scale) x + bias
    model = FlowPosteriorVAE(wrong, linear((LATENT_DIM,)), flow, GaussianLikelihood(variance))
    data = np.full((4, LATENT_DIM), 0.7, "float32")
    mean, deviation = 0.7 / (1 + variance), np.sqrt(variance / (1 + variance))
    flow.log_scale.assign(np.full(LATENT_DIM, np.log(deviation)))
    flow.bias.assign(np.full(LATENT_DIM, mean - deviation * 0.7))
    np.testing.assert_allclose(model.encode(data), np.full((4, LATENT_DIM), mean), atol=1e-6)
    # every draw has the same weight
    expected = stats.norm.logpdf(data, 0, np.sqrt(1 + variance)).sum(1)
    np.testing.assert_allclose(model.log_prob(data, num_draws=1), expected, atol=1e-5)


@pytest.mark.slow
@pytest.mark.traced
def test_a_flow_fits_a_posterior_that_no_gaussian_fits():
    """x = z_1² - z_2 + noise, at x = 0: z lies along a parabola."""

    @keras.saving.register_keras_serializable("tests")
    class Parabola(keras.Layer):
        def call(self, z):
            return z[:, :1] ** 2 - z[:, 1:]

    x, z = keras.Input((1,)), keras.Input((2,))

    def made(kind, *flow):
        def moments(seed):
            mean, log_variance = (
                keras.layers.Dense(2, kernel_initializer="zeros", bias_initializer="zeros")(x) for _ in range(2)
            )
            return keras.Model(x, [mean, log_variance])

        keras.utils.set_random_seed(0)
        flow = [conditional_flow([moments(1), moments(2)], depth=2, width=32)] if flow else []
        model = kind(moments(0), keras.Model(z, Parabola()(z)), *flow, likelihood=GaussianLikelihood(0.01))
        model.compile(keras.optimizers.Adam(5e-3))
        model.fit(np.zeros((256 * 1_500, 1), "float32"), batch_size=256, verbose=0)
        return model.evaluate(np.zeros((20_000, 1), "float32"), batch_size=20_000, verbose=0, return_dict=True)

    # log q(0) by a grid; bounds of 20,000 draws are known to about 0.02
    grid = np.linspace(-6, 6, 2_001)
    one, other = np.meshgrid(grid, grid)
    density = stats.norm.pdf(0, one**2 - other, 0.1) * stats.norm.pdf(one) * stats.norm.pdf(other)
    log_q = np.log(density.sum() * (grid[1] - grid[0]) ** 2)
    gaussian, flow = made(VAE)["negative_elbo"], made(FlowPosteriorVAE, True)["negative_elbo"]
    assert -log_q - 0.05 < flow < gaussian - 0.3
    assert flow < -log_q + 0.4


class TestBadInput:
    def test_a_flow_that_does_not_fit(self):
        networks = encoder(0), decoder()
        with pytest.raises(InputError, match="^the flow is a Functional; give a layer of keras_gen.layers.flows$"):
            FlowPosteriorVAE(*networks, mlp(2, 2))
        flow = flows.ActNorm()
        flow.build((None, 3))
        with pytest.raises(InputError, match=r"built for inputs of shape \(3,\); here they have \(2,\)"):
            FlowPosteriorVAE(*networks, flow)

    def test_a_flow_that_begins_as_a_function_of_data(self):
        """Also inside a chain, and only if it does."""
        message = "^the flow's layer 'norm' begins as a function of data, .*; make it with from_data=False$"
        with pytest.raises(InputError, match=message):
            FlowPosteriorVAE(encoder(0), decoder(), flows.Chain([flows.ActNorm(name="norm")]))
        FlowPosteriorVAE(encoder(0), decoder(), flows.Chain([flows.ActNorm(from_data=False)]))

    def test_a_flow_that_depends_on_other_images(self):
        flow = conditional_flow([autoencoder.dense_encoder((5,), 2, (8,))], depth=1, width=4)
        with pytest.raises(InputError, match=r"depends on images \(5,\); the encoder takes \(4,\)$"):
            FlowPosteriorVAE(encoder(0), decoder(), flow)

    def test_a_flow_of_another_shape(self):
        x, z = keras.Input((4, 4, 1)), keras.Input((2, 2, 1))
        pooled = keras.layers.AveragePooling2D(2)(x)
        maps = keras.Model(x, [pooled, pooled])
        model = keras.Model(z, keras.layers.UpSampling2D()(z))
        with pytest.raises(InputError, match=r"makes \(1, 1, 4\) of latents \(2, 2, 1\); it must keep their shape"):
            FlowPosteriorVAE(maps, model, flows.Squeeze())

    @pytest.mark.parametrize(
        ("encoders", "message"),
        [
            ([], "^encoders is empty; give one for each sigma_i and mu_i$"),
            ([mlp(4, 2)], r"the encoders give \[\[\(2,\)\]\]; each must give a mean and a log variance"),
            ([autoencoder.dense_encoder((4,), 3, (8,))], "latent_dim=3: the couplings halve it, so it must be even"),
            ([encoder(0), autoencoder.dense_encoder((4,), 4, (8,))], r"vectors of one size"),
            (
                [encoder(0), autoencoder.dense_encoder((5,), 2, (8,))],
                r"^the encoders take \[\(4,\), \(5,\)\]; they must take images of one shape$",
            ),
            (encoder(0), "^encoders is one network; give a list, with one for each sigma_i and mu_i$"),
        ],
    )
    def test_encoders(self, encoders, message):
        with pytest.raises(InputError, match=message):
            conditional_flow(encoders)

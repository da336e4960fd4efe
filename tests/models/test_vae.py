"""Tests of `keras_gen/models/vae.py`, most on a linear-Gaussian model, where log q(x) and the posterior are known."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from scipy import stats
from scipy.special import logsumexp

from helpers.quick import slow_unless
from helpers.small_gans import batches, data
from keras_gen.errors import InputError
from keras_gen.layers import GaussianLikelihood
from keras_gen.models import VAE
from keras_gen.networks import autoencoder
from keras_gen.utils.noise import stream_seed

tfd = tfp.distributions
IMAGE_SHAPE = (8, 8, 1)
LATENT_DIM = 3  # that of the program which samples with TensorFlow alone
ROUNDING = 1e-6


# The linear-Gaussian model: x = W z + b + noise of variance V. W's columns are orthogonal, so that the true posterior
# is diagonal, as the encoder's is.
DATA_DIM = 5
VARIANCE = 0.3
RANDOM = np.random.RandomState(0)
W = (np.linalg.qr(RANDOM.normal(size=(DATA_DIM, 2)))[0] * [2.0, 0.7]).T  # [z, x], as a Keras kernel
BIAS = RANDOM.normal(size=DATA_DIM)
X = RANDOM.multivariate_normal(BIAS, W.T @ W + VARIANCE * np.eye(DATA_DIM), size=40).astype("float32")
LOG_PROB = stats.multivariate_normal(BIAS, W.T @ W + VARIANCE * np.eye(DATA_DIM)).logpdf(X)
PRECISION = np.diag(W @ W.T) / VARIANCE + 1  # of the true posterior
# float32 sums of a few terms of order 10
NATS = 2e-5


def linear_model(shift=0.0, widening=0.0, **arguments):
    """The model with the true posterior, or with one whose mean is shifted and whose log variance is raised."""
    x, z = keras.Input((DATA_DIM,)), keras.Input((2,))
    mean = keras.layers.Dense(2)
    log_variance = keras.layers.Dense(2)
    encoder = keras.Model(x, [mean(x), log_variance(x)])
    decoder = keras.Model(z, keras.layers.Dense(DATA_DIM)(z))
    kernel = W.T / VARIANCE / PRECISION
    mean.set_weights([kernel, -BIAS @ kernel + shift])
    log_variance.set_weights([np.zeros((DATA_DIM, 2)), -np.log(PRECISION) + widening])
    decoder.set_weights([W, BIAS])
    return VAE(encoder, decoder, likelihood=GaussianLikelihood(VARIANCE), **arguments)


def negative_elbos(model):
    """-ELBO of every x, exact: noise of mean 0 and covariance I at four points gives the expectation of a quadratic."""
    points = np.float32(np.sqrt(2)) * np.concatenate([np.eye(2), -np.eye(2)]).astype("float32")
    values = []
    for x in X:
        _, terms = model.objective(tf.constant(np.tile(x, (4, 1))), tf.constant(points))
        values.append(float(terms["negative_elbo"]))
    return np.array(values)


def test_the_elbo_is_the_log_likelihood_at_the_true_posterior():
    np.testing.assert_allclose(negative_elbos(linear_model()), -LOG_PROB, rtol=NATS, atol=NATS)


@pytest.mark.parametrize(
    ("shift", "widening"), slow_unless([(0.4, 0.0), (-0.3, 0.5)], [(0.4, 0.0), (0.0, 0.7), (0.0, -0.7), (-0.3, 0.5)])
)
def test_elsewhere_it_is_lower_by_the_divergence_from_the_true_posterior(shift, widening):
    gap = negative_elbos(linear_model(shift, widening)) + LOG_PROB
    # KL between Gaussians, by hand: ½ Σ (e^w + shift² precision - 1 - w)
    expected = np.sum(np.exp(widening) + shift**2 * PRECISION - 1 - widening) / 2
    assert expected > 0.1
    np.testing.assert_allclose(gap, expected, rtol=NATS, atol=NATS)


@pytest.mark.parametrize("num_draws", [1, 7])
def test_the_importance_estimate_is_exact_at_the_true_posterior(num_draws):
    np.testing.assert_allclose(linear_model().log_prob(X, num_draws), LOG_PROB, rtol=NATS, atol=NATS)


def test_the_importance_estimate_rises_with_the_draws_to_the_log_likelihood():
    model = linear_model(shift=0.3, widening=0.4)
    # ELBO, then the mean over x of estimates with more and more draws
    bounds = [-negative_elbos(model).mean()]
    bounds += [float(np.mean([model.log_prob(X, m, seed) for seed in range(4)])) for m in (4, 32, 2000)]
    assert np.all(np.diff(bounds) > 0.005)
    assert bounds[-1] == pytest.approx(LOG_PROB.mean(), abs=0.01)
    # one draw is an unbiased estimate of the ELBO: five standard errors of 40 draws in 60 seeds
    ones = np.array([model.log_prob(X, 1, seed).numpy().mean() for seed in range(60)])
    assert ones.mean() == pytest.approx(bounds[0], abs=5 * ones.std() / np.sqrt(60))


def test_its_draws_are_those_of_tensorflow():
    """As in SavedModels of the first version, whose seeds TensorFlow folded: one pair of int32 for each draw."""
    model = linear_model(shift=0.3, widening=0.4)
    posterior = model.posterior(tf.constant(X))
    log_weights = []
    for draw in range(3):
        seed = tf.random.fold_in(stream_seed(5, "log_prob"), draw, alg="philox")
        z = model.reparameterize(posterior, tf.random.stateless_normal([len(X), 2], seed, alg="philox"))
        log_weights.append(model.likelihood(z).log_prob(X) + model.prior.log_prob(z) - posterior.log_prob(z))
    np.testing.assert_allclose(
        model.log_prob(X, 3, 5), logsumexp(log_weights, axis=0) - np.log(3), rtol=NATS, atol=NATS
    )


def test_the_terms_are_those_of_numpy():
    model = linear_model(shift=0.2, widening=0.1, beta=3.0)
    noise = RANDOM.normal(size=(len(X), 2)).astype("float32")
    loss, terms = model.objective(tf.constant(X), tf.constant(noise))
    mean = (X - BIAS) @ (W.T / VARIANCE / PRECISION) + 0.2
    variance = np.exp(0.1) / PRECISION
    z = mean + np.sqrt(variance) * noise
    squares = ((X - z @ W - BIAS) ** 2).sum(axis=1)
    reconstruction = np.mean(squares / (2 * VARIANCE) + DATA_DIM / 2 * np.log(2 * np.pi * VARIANCE))
    kl = np.mean(np.sum(mean**2 + variance - 1 - np.log(variance), axis=1) / 2)
    assert float(terms["reconstruction"]) == pytest.approx(reconstruction, rel=NATS)
    assert float(terms["kl"]) == pytest.approx(kl, rel=NATS)
    assert float(terms["negative_elbo"]) == pytest.approx(reconstruction + kl, rel=NATS)
    assert float(loss) == pytest.approx(reconstruction + 3 * kl, rel=NATS)


def test_a_step_descends_the_gradient():
    """The decoder's bias b, by hand: d loss / d b = -mean (x - W z - b) / V."""
    model = linear_model(shift=0.2)
    model.compile(keras.optimizers.SGD(0.1))
    noise = model.normal(len(X), (2,), "posterior").numpy()
    mean = (X - BIAS) @ (W.T / VARIANCE / PRECISION) + 0.2
    z = mean + noise / np.sqrt(PRECISION)
    model.train_step(tf.constant(X))
    expected = BIAS + 0.1 * np.mean(X - z @ W - BIAS, axis=0) / VARIANCE
    np.testing.assert_allclose(model.decoder.get_weights()[1], expected, rtol=1e-4)
    assert int(model.step.value) == 1


def test_an_evaluation_is_the_objective_at_inference():
    model = linear_model(shift=0.2)
    model.compile()
    found = model.evaluate(X, batch_size=len(X), verbose=0, return_dict=True)
    noise = model.normal(len(X), (2,), "posterior")
    _, terms = model.objective(tf.constant(X), noise, training=False)
    assert found == {name: pytest.approx(float(value), rel=NATS) for name, value in terms.items()}


@pytest.mark.traced
@pytest.mark.slow
def test_training_finds_the_data():
    """From a wrong mean and variance, -ELBO falls to that of the model that made the data."""
    model = linear_model(shift=1.0, widening=2.0)
    truth = negative_elbos(linear_model()).mean()
    assert negative_elbos(model).mean() > truth + 2
    model.compile(keras.optimizers.Adam(0.02))
    model.fit(tf.data.Dataset.from_tensors(X).repeat(500), verbose=0)
    # The best model of 40 points is somewhat better than the true one: about ½ nat a parameter, of 15, over 40.
    assert truth - 0.5 < negative_elbos(model).mean() < truth


@keras.saving.register_keras_serializable("test_vae")
def two_humps(latent_shape):
    """A prior whose divergence from a Gaussian has no formula."""
    locations = tf.stack([tf.fill(latent_shape, -1.5), tf.fill(latent_shape, 1.5)])
    return tfd.MixtureSameFamily(
        tfd.Categorical(probs=[0.3, 0.7]), tfd.Independent(tfd.Normal(locations, 0.5), len(latent_shape))
    )


class TestAnyPrior:
    def test_the_divergence_is_estimated_at_z(self):
        model = linear_model(prior=two_humps)
        posterior = model.posterior(tf.constant(X[:1]))
        z = posterior.sample(20_000, seed=[0, 1])
        estimates = posterior.log_prob(z) - two_humps((2,)).log_prob(z)
        np.testing.assert_array_equal(model.kl(posterior, z), estimates)
        # and their mean is the divergence, which other draws give too
        other = tfp.monte_carlo.expectation(
            lambda z: posterior.log_prob(z) - two_humps((2,)).log_prob(z), posterior.sample(20_000, seed=[0, 2])
        )
        error = np.std(estimates) * np.sqrt(2 / 20_000)
        assert float(tf.reduce_mean(estimates)) == pytest.approx(float(other[0]), abs=5 * error)

    def test_the_bound_and_the_estimate_hold_for_it(self):
        """log q(x) of the mixture of two linear-Gaussian models, by SciPy."""
        model = linear_model(widening=1.0, prior=two_humps)
        covariance = 0.25 * W.T @ W + VARIANCE * np.eye(DATA_DIM)
        parts = [stats.multivariate_normal(BIAS + hump @ W, covariance) for hump in ([-1.5, -1.5], [1.5, 1.5])]
        exact = np.log(0.3 * parts[0].pdf(X) + 0.7 * parts[1].pdf(X))
        found = model.log_prob(X, 4000)
        assert np.mean(found) == pytest.approx(exact.mean(), abs=0.05)
        assert np.mean(model.log_prob(X, 1)) < exact.mean() - 0.1

    def test_its_samples(self):
        latents = linear_model(prior=two_humps).latents(20_000, 3)
        assert latents.shape == (20_000, 2)
        assert np.mean(latents[:, 0] > 0) == pytest.approx(0.7, abs=5 * np.sqrt(0.21 / 20_000))
        np.testing.assert_array_equal(linear_model(prior=two_humps).latents(7, 3), latents[:7])


def image_model(seed=0, widths=(4, 4), **arguments):
    """A VAE of 8x8 images."""
    return VAE(
        autoencoder.encoder(IMAGE_SHAPE, LATENT_DIM, widths=widths, seed=seed),
        autoencoder.decoder(IMAGE_SHAPE, LATENT_DIM, widths=widths, seed=seed),
        **{"likelihood": GaussianLikelihood(trainable_variance=True)} | arguments,
    )


def compiled(model, optimizer=None):
    model.compile(optimizer or keras.optimizers.SGD(1e-3, momentum=0.9))
    return model


@pytest.fixture(scope="module")
def trained():
    model = compiled(image_model(prior=two_humps, beta=2.0, seed=5), keras.optimizers.Adam(1e-2))
    model.fit(batches(0, 10, shape=IMAGE_SHAPE), verbose=0)
    return model


IMAGES = data(6, IMAGE_SHAPE)


class TestUse:
    def test_reconstruct_decodes_the_code(self, trained):
        codes = trained.encode(IMAGES)
        assert codes.shape == (6, LATENT_DIM)
        np.testing.assert_array_equal(codes, trained.encoder(IMAGES)[0])
        np.testing.assert_allclose(trained.reconstruct(IMAGES), trained.decoder(codes), atol=ROUNDING)

    def test_interpolation_goes_from_one_reconstruction_to_the_other(self, trained):
        start, end = IMAGES[:2], IMAGES[2:4]
        line = trained.interpolate(start, end, 5)
        assert line.shape == (2, 5, *IMAGE_SHAPE)
        np.testing.assert_allclose(line[:, 0], trained.reconstruct(start), atol=ROUNDING)
        np.testing.assert_allclose(line[:, -1], trained.reconstruct(end), atol=ROUNDING)
        middle = trained.decode((trained.encode(start) + trained.encode(end)) / 2)
        np.testing.assert_allclose(line[:, 2], middle, atol=ROUNDING)

    def test_any_shape_of_latents(self):
        image, code = keras.Input((4, 4, 2)), keras.Input((2, 2, 3))
        convolutions = [keras.layers.Conv2D(3, 2, 2)(image) for _ in range(2)]
        model = compiled(
            VAE(keras.Model(image, convolutions), keras.Model(code, keras.layers.Conv2DTranspose(2, 2, 2)(code)))
        )
        model.fit(batches(0, 1, shape=(4, 4, 2)), verbose=0)
        images = data(2, (4, 4, 2))
        assert model.encode(images).shape == (2, 2, 2, 3)
        assert model.sample(3).shape == (3, 4, 4, 2)
        assert model.interpolate(images, images, 3).shape == (2, 3, 4, 4, 2)
        assert model.log_prob(images, 2).shape == (2,)

    @pytest.mark.slow
    def test_endpoints(self, trained, tmp_path):
        trained.export(tmp_path / "saved_model")
        loaded = tf.saved_model.load(tmp_path / "saved_model")
        assert {"sample", "decode", "encode", "reconstruct", "interpolate", "log_prob"} <= set(loaded.signatures)
        images = tf.constant(IMAGES)
        np.testing.assert_allclose(loaded.encode(images), trained.encode(images), atol=ROUNDING)
        np.testing.assert_allclose(loaded.reconstruct(images), trained.reconstruct(images), atol=ROUNDING)
        np.testing.assert_allclose(
            loaded.interpolate(images[:3], images[3:], 4), trained.interpolate(images[:3], images[3:], 4), atol=ROUNDING
        )
        np.testing.assert_allclose(loaded.log_prob(images, 5, 1), trained.log_prob(images, 5, 1), rtol=1e-5)
        assert np.abs(loaded.log_prob(images, 5, 1) - loaded.log_prob(images, 5, 2)).max() > 1e-3
        with pytest.raises(tf.errors.InvalidArgumentError, match="num_draws: must be at least 1"):
            loaded.log_prob(images, 0, 1)

    def test_it_comes_back(self, trained, tmp_path):
        trained.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
        assert loaded.compiled and loaded.beta == 2 and loaded.make_prior is two_humps and loaded.seed == 0
        np.testing.assert_array_equal(loaded.sample(3, 1), trained.sample(3, 1))
        np.testing.assert_array_equal(loaded.log_prob(IMAGES, 3), trained.log_prob(IMAGES, 3))
        variance = trained.likelihood_layer.log_variance
        assert float(variance.value) != 0
        assert float(loaded.likelihood_layer.log_variance.value) == float(variance.value)
        assert float(loaded.optimizer.learning_rate.value) == pytest.approx(1e-2)
        assert int(loaded.optimizer.iterations.value) == int(loaded.step.value) == 10


def test_bfloat16(mixed_bfloat16):
    model = compiled(image_model(widths=(4,)))
    history = model.fit(batches(0, 2, shape=IMAGE_SHAPE), verbose=0).history
    assert np.isfinite(history["negative_elbo"]).all()
    assert model.encode(IMAGES).dtype == model.reconstruct(IMAGES).dtype == tf.float32


class TestBadInput:
    def test_networks_that_do_not_fit(self):
        encoder, decoder = autoencoder.encoder(IMAGE_SHAPE, 3), autoencoder.decoder(IMAGE_SHAPE, 3)
        with pytest.raises(InputError, match=r"codes have shape \(4,\), the decoder takes \(3,\)"):
            VAE(autoencoder.encoder(IMAGE_SHAPE, 4), decoder)
        with pytest.raises(InputError, match=r"the decoder gives \(12, 8, 1\), the data .* is \(8, 8, 1\)"):
            VAE(encoder, autoencoder.decoder((12, 8, 1), 3))
        with pytest.raises(InputError, match="it must give a mean and a log variance"):
            VAE(keras.Model(encoder.input, encoder.outputs[0]), decoder)

    def test_a_decoder_that_does_not_fit_the_likelihood(self):
        code = keras.Input((2,))
        encoder = keras.Model(x := keras.Input((4,)), [keras.layers.Dense(2)(x) for _ in range(2)])

        def vae(outputs, likelihood):
            return VAE(encoder, keras.Model(code, [keras.layers.Dense(4)(code) for _ in range(outputs)]), likelihood)

        with pytest.raises(InputError, match="decoder gives is 2, but BernoulliLikelihood takes 1;"):
            vae(2, "bernoulli")
        with pytest.raises(InputError, match="decoder gives is 3, but GaussianLikelihood takes 1 or 2;"):
            vae(3, "gaussian")
        with pytest.raises(InputError, match="^variance=0.3, trainable_variance=False: the decoder gives a mean and"):
            vae(2, GaussianLikelihood(0.3))
        for outputs in (1, 2):
            model = vae(outputs, "gaussian")
            mean, *log_variance = keras.tree.flatten(model.decoder(np.ones((1, 2), "float32")))
            deviation = np.exp(log_variance[0] / 2) if log_variance else 1
            found = model.likelihood(np.ones((1, 2), "float32")).log_prob(np.zeros((1, 4), "float32"))
            np.testing.assert_allclose(found, stats.norm(mean, deviation).logpdf(0).sum(axis=1), rtol=1e-5)

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"beta": -0.1}, "beta=-0.1"),
            ({"beta": float("nan")}, "beta=nan"),
            ({"prior": "uniform"}, "prior='uniform': choose one of standard_normal, or give a function"),
            ({"prior": tfd.Normal(0.0, 1.0)}, "prior=.*: give a function from the shape of a latent"),
            ({"prior": lambda shape: tfd.Normal(tf.zeros(shape), 1.0)}, r"shape is \(\), its batch shape \(3,\); must"),
            ({"likelihood": "laplace"}, "likelihood='laplace': choose one of gaussian, bernoulli"),
        ],
    )
    def test_arguments(self, wrong, message):
        with pytest.raises(InputError, match=message):
            image_model(**wrong)

    def test_images(self):
        model = compiled(image_model(likelihood="bernoulli"))
        with pytest.raises(InputError, match=r"^images: shape \(2, 4, 4, 1\); give \[n, 8, 8, 1\]"):
            model.encode(data(2, (4, 4, 1)))
        with pytest.raises(InputError, match="dtype uint8; give float32"):
            model.encode(np.zeros((2, *IMAGE_SHAPE), np.uint8))
        with pytest.raises(InputError, match="a Bernoulli likelihood needs data in"):
            model.log_prob(2 * IMAGES)
        with pytest.raises(InputError, match="a Bernoulli likelihood needs data in"):
            model.fit(batches(0, 1, shape=IMAGE_SHAPE).map(lambda images: 1.2 * images), verbose=0)

    def test_numbers(self, trained):
        with pytest.raises(InputError, match="num_draws=0"):
            trained.log_prob(IMAGES, 0)
        for num_points in (1, tf.constant(1)):
            with pytest.raises(InputError, match="num_points=1"):
                trained.interpolate(IMAGES, IMAGES, num_points)
        with pytest.raises(InputError, match="start has 2 images, end has 1; give equal numbers"):
            trained.interpolate(IMAGES[:2], IMAGES[:1])

    def test_a_network_without_shapes(self):
        network = keras.Sequential([keras.layers.Dense(3)])
        with pytest.raises(InputError, match="the decoder has no shapes yet; begin it with keras.Input"):
            VAE(autoencoder.encoder(IMAGE_SHAPE, 3), network)

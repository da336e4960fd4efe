"""Tests of `keras_gen/models/f_vae.py`; equations are those of the post of 2018-09-21."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from helpers.small_flow_models import IMAGE_SHAPE, fit_inputs, images, linear, new_f_vae, trained_f_vae, trained_glow
from keras_gen.errors import InputError
from keras_gen.keras_privates import all_layers
from keras_gen.layers import flows
from keras_gen.models import FVAE, VAE
from keras_gen.networks import f_vae as f_vae_networks
from keras_gen.networks import glow, mlp

tfd = tfp.distributions


def noise(count, shape, seed=0):
    return tf.constant(np.random.RandomState(seed).randn(count, *shape).astype("float32"))


@pytest.fixture(scope="module")
def f_vae():
    return trained_f_vae()


class TestLoss:
    @pytest.mark.parametrize("stages", [1, 2, 3])
    def test_at_first_the_decoder_undoes_the_encoder(self, stages):
        shape = (16, 8, 3)
        makers = f_vae_networks.encoder, f_vae_networks.decoder
        encoder, decoder = (make(shape, stages, depth=2, width=4) for make in makers)
        x = images(3, shape=shape)
        np.testing.assert_array_equal(decoder(encoder(x)), tf.tanh(x))
        assert encoder.output_shape[1:] == (16 // 2**stages, 8 // 2**stages, 3 * 4**stages)

    def test_equation_18(self, f_vae):
        """Term by term in NumPy, in the state that training left."""
        x, u = images(4, seed=1), noise(4, (4, 4, 4), seed=2)
        sigma_1, sigma_2 = (np.exp(float(weight)) for weight in (f_vae.log_sigma_1, f_vae.log_sigma_2))
        assert abs(sigma_1 - 1) > 1e-3 and abs(sigma_2 - 1) > 1e-3
        v = sigma_1 * u + f_vae.encoder(x, training=True)
        z, log_det = f_vae.flow.forward(v)
        error = (f_vae.decoder(v, training=True) - x).numpy().reshape(4, -1)
        d = 64
        reconstruction = np.sum(error**2, 1) / (2 * sigma_2**2) + d * np.log(sigma_2) + d / 2 * np.log(2 * np.pi)
        prior = 0.5 * np.sum(z.numpy() ** 2, 1) - 0.5 * np.sum(u.numpy().reshape(4, -1) ** 2, 1)
        in_u = log_det.numpy() + d * np.log(sigma_1)

        loss, terms = f_vae.objective(x, u)
        # sums of 64 float32 numbers of size 1
        assert float(loss) == pytest.approx(np.mean(reconstruction + prior - in_u), rel=1e-5)
        assert float(terms["reconstruction"]) == pytest.approx(np.mean(reconstruction), rel=1e-5)
        assert float(terms["kl"]) == pytest.approx(np.mean(prior - in_u), rel=1e-5)
        assert float(terms["negative_elbo"]) == float(loss)
        assert float(terms["sigma_1"]) == pytest.approx(sigma_1) and float(terms["sigma_2"]) == pytest.approx(sigma_2)
        in_bits = float(loss) / (64 * np.log(2)) + np.log2(255 / 2)
        assert float(terms["bits_per_dimension"]) == pytest.approx(in_bits, rel=1e-5)

    def test_sigma_2_is_held_by_the_term_that_the_printed_loss_lacks(self, f_vae):
        x, u = images(4, seed=1), noise(4, (4, 4, 4), seed=2)
        with tf.GradientTape() as tape:
            loss, _ = f_vae.objective(x, u)
        v, _ = f_vae.noisy_code(x, u, training=True)
        error = np.sum((f_vae.decoder(v, training=True) - x).numpy() ** 2) / 4
        slope = 64 - error / np.exp(2 * float(f_vae.log_sigma_2))
        assert float(tape.gradient(loss, f_vae.log_sigma_2.value)) == pytest.approx(slope, rel=1e-4)

    @pytest.mark.parametrize("rate", [1.0, 20.0])
    def test_sigmas_have_a_rate_of_their_own(self, rate):
        """Adam's first step moves every weight by the learning rate, up or down."""
        model = new_f_vae(sigma_1=0.5, sigma_2=0.3, sigma_rate=rate)
        model.compile(keras.optimizers.Adam(1e-3), run_eagerly=True)
        np.testing.assert_allclose(np.exp(model.log_sigmas), [0.5, 0.3], rtol=1e-6)
        model.fit(fit_inputs(8), verbose=0)
        moved = np.abs(np.array(model.log_sigmas) - np.log([0.5, 0.3]))
        # but for Adam's epsilon, and float32 near 1
        np.testing.assert_allclose(moved, 1e-3 * rate, rtol=1e-3)
        assert type(model).from_config(model.get_config()).sigma_rate == rate

    @pytest.mark.parametrize("rate", [0.1, 1.0, 20.0])
    def test_the_norm_that_is_bound_is_of_the_gradient_in_log_sigma(self, rate):
        """One step of gradient descent, in NumPy: weights in units of sigma_rate move by the chain rule."""
        clip_norm = 1.0
        model = new_f_vae(sigma_1=0.05, sigma_2=0.05, sigma_rate=rate, clip_norm=clip_norm)
        model.compile(keras.optimizers.SGD(0.1))
        x, u = model._with_noise(images(8))
        weights = model.trainable_variables
        with tf.GradientTape() as tape:
            loss, _ = model.objective(x, u)
        gradients = [np.array(one, "float64") for one in tape.gradient(loss, [weight.value for weight in weights])]
        of_sigmas = [weight.name.startswith("log_sigma") for weight in weights]
        assert sum(of_sigmas) == 2
        in_log_sigma = [one / rate if of_one else one for one, of_one in zip(gradients, of_sigmas, strict=True)]
        norm = np.sqrt(sum(np.sum(one**2) for one in in_log_sigma))
        sigmas = np.sqrt(sum(np.sum(one**2) for one, of_one in zip(in_log_sigma, of_sigmas, strict=True) if of_one))
        assert norm > 10 * clip_norm and sigmas > 0.3 * norm  # both the bound and the units matter here
        before = [np.array(weight) for weight in weights]
        model.train_step(images(8))
        for weight, start, gradient in zip(weights, before, gradients, strict=True):
            # float32 at weights of size log(0.05) / 0.1
            np.testing.assert_allclose(weight - start, -0.1 * clip_norm / norm * gradient, rtol=1e-3, atol=5e-6)

    def test_the_bound_of_a_linear_model(self):
        """F is a scale and a shift, E and G the identity: then q(x) is a Gaussian."""
        shape = (2, 2, 1)
        norm = flows.ActNorm(from_data=False)
        model = FVAE(linear(shape), linear(shape), norm, sigma_1=0.6, sigma_2=0.5)
        norm.log_scale.assign([0.4])
        norm.bias.assign([-0.2])
        x = images(5, shape=shape)
        scale = np.exp(0.4)
        marginal = tfd.Normal(0.2 / scale, np.sqrt(1 / scale**2 + 0.5**2))
        expected = marginal.log_prob(x.numpy().astype("float64")).numpy().sum((1, 2, 3))
        # p(z|x) is wider than the posterior, whose deviation is 0.4, so that weights deviate by 2 at most from
        # their mean, 1: five standard errors of 4,000 draws
        np.testing.assert_allclose(model.log_prob(x, num_draws=4000), expected, atol=0.15)
        one_draw = np.mean([model.log_prob(x, num_draws=1, seed=seed) for seed in range(200)], axis=0)
        assert (one_draw < expected - 0.05).all()
        np.testing.assert_array_equal(model.log_prob(x, 3, seed=1), model.log_prob(x, 3, seed=1))


class TestSpecialCases:
    @pytest.mark.slow
    def test_a_flow_on_noisy_images(self):
        """Equations 13 to 15: E and G the identity, sigma_1 = sigma_2."""
        plain = trained_glow(coupling="affine", mixing="convolution", input_noise="gaussian", noise_scale=0.1)
        model = FVAE(
            linear(IMAGE_SHAPE), linear(IMAGE_SHAPE), plain.flow, sigma_1=0.1, sigma_2=0.1, trainable_sigmas=False
        )
        x, u = images(4), noise(4, IMAGE_SHAPE)
        loss, terms = model.objective(x, u)
        expected, _ = plain.objective(x + 0.1 * u, None)
        assert float(loss) == pytest.approx(float(expected), rel=1e-5)
        # Equation 14: the reconstruction is parameter-free.
        parameter_free = 32 * np.log(2 * np.pi * 0.01) + 0.5 * np.mean(np.sum(u.numpy() ** 2, (1, 2, 3)))
        assert float(terms["reconstruction"]) == pytest.approx(parameter_free, rel=1e-4)
        # One step of each from the same weights, with the same noise.
        twin = trained_glow(steps=0, coupling="affine", mixing="convolution")
        twin.flow.set_weights(plain.flow.get_weights())
        losses = {model: lambda: model.objective(x, u), twin: lambda: twin.objective(x + 0.1 * u, None)}
        for one, loss in losses.items():
            one.minimize(loss, one.flow.trainable_variables, keras.optimizers.SGD(1e-3))
        for weight, other in zip(model.flow.get_weights(), twin.flow.get_weights(), strict=True):
            np.testing.assert_allclose(weight, other, atol=1e-5)

    def test_a_vae(self):
        """Equations 10 to 12: F_x(u) = sigma(x) u + mu(x), F the identity."""

        class Gaussian(FVAE):
            """Its posterior is a conditional flow."""

            def noisy_code(self, x, u, training=False):
                return posterior.forward(u, x, training)

        moments = mlp(4, 4, (8,), activation="tanh", seed=1)
        decoder = mlp(2, 4, (8,), activation="tanh", seed=2, name="decoder")
        x = keras.Input((4,))
        mean, log_variance = keras.ops.split(moments(x), 2, axis=-1)
        vae = VAE(keras.Model(x, [mean, log_variance]), decoder)
        posterior = flows.ConditionalAffine(moments)
        posterior.build((None, 2))
        model = Gaussian(mlp(4, 2), decoder, flows.Chain([]), sigma_2=1.0)

        x, u = images(3, shape=(4,)), noise(3, (2,))
        _, of_vae = vae.objective(x, u)
        _, terms = model.objective(x, u)
        assert float(terms["reconstruction"]) == pytest.approx(float(of_vae["reconstruction"]), rel=1e-5)
        p = vae.posterior(x)
        z = vae.reparameterize(p, u)
        drawn = np.mean(p.log_prob(z) - vae.prior.log_prob(z))
        assert float(terms["kl"]) == pytest.approx(drawn, rel=1e-4, abs=1e-6)
        # (12): the mean over u, and VAE's own number, is the KL divergence.
        copies = tf.repeat(x, 20_000, axis=0)
        _, kl = model.elbo_terms(copies, noise(60_000, (2,)))
        # the draws of log p - log q deviate by less than 1: five standard errors of 60,000
        assert float(tf.reduce_mean(kl)) == pytest.approx(float(of_vae["kl"]), abs=0.02)

    def test_without_a_flow_it_is_a_vae_with_a_code_of_the_datas_size(self):
        """The post's own argument: the posterior is N(E(x), sigma_1² I)."""
        sizes = {"image_shape": IMAGE_SHAPE, "stages": 1, "depth": 1, "width": 4}
        networks = f_vae_networks.encoder(**sizes), f_vae_networks.decoder(**sizes)
        model = FVAE(*networks, flows.Chain([]), sigma_1=0.4, sigma_2=0.7)
        x, u = images(3), noise(3, (4, 4, 4))
        _, terms = model.objective(x, u, training=False)
        code = model.encoder(x)
        np.testing.assert_array_equal(model.encode(x), code)
        z = code + 0.4 * u
        drawn = tfd.Normal(code, 0.4).log_prob(z) - tfd.Normal(0.0, 1.0).log_prob(z)
        assert float(terms["kl"]) == pytest.approx(float(tf.reduce_sum(drawn)) / 3, rel=1e-5)
        error = tfd.Normal(model.decoder(z), 0.7).log_prob(x)
        assert float(terms["reconstruction"]) == pytest.approx(-float(tf.reduce_sum(error)) / 3, rel=1e-5)
        assert model.sample(2, seed=0).shape == (2, *IMAGE_SHAPE)


class TestUse:
    def test_codes_are_decoded(self, f_vae):
        x = images(3, seed=4)
        np.testing.assert_allclose(f_vae.decode(f_vae.encode(x)), f_vae.reconstruct(x), atol=1e-4)
        assert np.abs(f_vae.sample(5, seed=3)).max() <= 1

    @pytest.mark.slow
    def test_export(self, f_vae, tmp_path):
        f_vae.export(tmp_path / "f_vae")
        loaded = tf.saved_model.load(str(tmp_path / "f_vae"))
        assert set(loaded.signatures) >= set(f_vae.endpoints())
        x = images(3)
        np.testing.assert_allclose(loaded.sample(3, 1), f_vae.sample(3, 1), atol=1e-4)
        np.testing.assert_allclose(loaded.reconstruct(x), f_vae.reconstruct(x), atol=1e-5)
        np.testing.assert_allclose(loaded.log_prob(x, 2, 5), f_vae.log_prob(x, 2, 5), rtol=1e-5)
        bits = f_vae.bits_per_dimension(x, 2, 5)
        np.testing.assert_allclose(loaded.bits_per_dimension(x, 2, 5), bits, rtol=1e-5)

    def test_all_weights_learn(self):
        model = new_f_vae(sigma_1=0.5)
        model.compile(keras.optimizers.Adam(1e-2))
        before = [weight.numpy() for weight in model.trainable_variables]
        model.fit(fit_inputs(8, 3), verbose=0)
        for weight, value in zip(model.trainable_variables, before, strict=True):
            assert not np.array_equal(weight.numpy(), value), weight.path

    def test_networks_in_bfloat16(self, mixed_bfloat16):
        model = new_f_vae()
        convolutions = [layer for layer in all_layers(model) if isinstance(layer, keras.layers.Conv2D)]
        assert convolutions and all(layer.compute_dtype == "bfloat16" for layer in convolutions)
        loss, terms = model.objective(images(4), noise(4, (4, 4, 4)))
        assert all(term.dtype == tf.float32 for term in [loss, *terms.values()])
        assert all(weight.dtype == "float32" for weight in model.trainable_variables)
        assert model.sample(2).dtype == tf.float32


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sigma_1": 0.0}, "sigma_1=0.0: must be a finite number above 0"),
        ({"sigma_2": float("nan")}, "sigma_2=nan"),
        ({"flow": mlp(4, 4)}, "the flow is a Functional; give a layer of keras_gen.layers.flows"),
        (
            {"flow": glow((4, 4, 4), [1], 2, name="g")},
            r"MultiScale 'g': it is built for inputs of shape \(4, 4, 4\); here they have \(4,\)",
        ),
        ({"encoder": mlp(4, 3)}, r"the encoder's codes have shape \(3,\), the decoder takes \(4,\)"),
        ({"decoder": mlp(4, 5)}, r"the decoder gives \(5,\), the data that the encoder takes is \(4,\)"),
        (
            {"flow": flows.AdditiveCoupling(mlp(1, 1), name="c")},
            r"AdditiveCoupling 'c': its network 'mlp' takes \(1,\), half of the input is \(2,\)",
        ),
    ],
)
def test_bad_arguments(arguments, message):
    fitting = {"encoder": mlp(4, 4), "decoder": mlp(4, 4), "flow": flows.Chain([])}
    with pytest.raises(InputError, match=message):
        FVAE(**fitting | arguments)


def test_bad_calls(f_vae):
    with pytest.raises(InputError, match="num_draws=0"):
        f_vae.log_prob(images(1), num_draws=0)
    with pytest.raises(InputError, match="temperature=-1"):
        f_vae.sample(1, temperature=-1)
    for call in (f_vae.encode, f_vae.posterior_sample):
        with pytest.raises(InputError, match="^images.* dtype uint8; give float32"):
            call(np.zeros((2, *f_vae.data_shape), np.uint8))
        with pytest.raises(InputError, match="^images.* shape .*; give "):
            call(np.zeros((2, 3), np.float32))


@pytest.mark.parametrize("make", [f_vae_networks.encoder, f_vae_networks.decoder])
def test_bad_sizes_of_encoder_and_decoder(make):
    with pytest.raises(InputError, match=r"image_shape=\(6, 6, 1\): 2 stages halve both sides .* multiples of 4"):
        make((6, 6, 1), stages=2)
    with pytest.raises(InputError, match=r"image_shape=\(None, 8, 1\)"):
        make((None, 8, 1), stages=1)
    with pytest.raises(InputError, match="depth=1.5: must be a whole number of at least 0"):
        make((8, 8, 1), stages=1, depth=1.5)

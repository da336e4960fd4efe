"""`FVAE`: a flow as a VAE's posterior, with codes of the data's size.

The post of 2018-09-21, whose equations are quoted by number (also arXiv 1809.05861). Its script is
`reproductions/f_vae.py`, its page `reproductions/f_vae.md`, its tests are `tests/models/test_f_vae.py`.
"""

import math

import keras
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.layers import flows
from keras_gen.layers.any_batch import call_on_any_batch
from keras_gen.layers.flows.flow_layer import check_finite
from keras_gen.models.endpoints import Rows
from keras_gen.models.flow_model import FlowModel, standard_normal_log_prob
from keras_gen.models.reproducible_model import Endpoint, Terms, stream_seed


@keras.saving.register_keras_serializable("keras_gen")
class FVAE(FlowModel):
    """f-VAE: the posterior of a VAE is a flow of noise, around a free encoder and decoder.

        z = F_x(u) = F(sigma_1 u + E(x)),   u ~ q(u) = N(0, I)                                  (17)
        q(x|z) = N(x; G(F^-1(z)), sigma_2²),   q(z) = N(0, I)

        loss = E_x E_u[ |G(v) - x|² / (2 sigma_2²) + d log sigma_2 + |F(v)|² / 2
                        - log |det dF(v)/du| ] + constants,   v = sigma_1 u + E(x)              (18)

    The post's printed (18) lacks d log sigma_2, without which sigma_2 would grow without bound; the author's code has
    it. With the constants, and E_u log q(u), the loss is -ELBO >= -log q(x), in nats. The Jacobian is that in u and
    contains sigma_1. F is an unconditional flow, E and G are any networks.

    Two models are special cases: the VAE, where F_x(u) = sigma(x) u + mu(x) (10), and a flow trained with Gaussian
    input noise, where E and G are the identity and sigma_1 = sigma_2 (13 to 15).

    Reported terms: `negative_elbo`, the sum of the two after it, in nats an image: `reconstruction`, -log q(x|z), and
    `kl`, log p(z|x) - log q(z) at the z drawn; `bits_per_dimension`, the first as a bound for 8-bit pixels, which
    holds under uniform input noise; `sigma_1` and `sigma_2`.

    A warm-up, in which the learning rate rises, is a schedule: see `Glow`, whose lines hold here too.

    Args:
        encoder: E, from images [batch, height, width, channels] to codes [batch, *code_shape].
        decoder: G, from codes to images.
        flow: F, a `FlowLayer` on codes, for example `keras_gen.networks.glow(code_shape, ...)`.
        sigma_1: Standard deviation of the noise on the codes, or where it begins.
        sigma_2: Standard deviation of q(x|z), or where it begins.
        trainable_sigmas: Whether the two are trained.
        input_noise: `none`, the author's choice; `uniform` if bits per dimension matter. See `FlowModel`.
        **kwargs: `noise_scale`, `clip_norm`, `seed`; see `FlowModel`.

    Raises:
        InputError: The networks do not fit each other, the flow does not fit the code, or a number is out of range.
    """

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        flow: flows.FlowLayer,
        sigma_1: float = 1.0,
        sigma_2: float = 1.0,
        trainable_sigmas: bool = True,
        input_noise: str = "none",
        **kwargs,
    ):
        _check_networks(encoder, decoder)
        for name, sigma in {"sigma_1": sigma_1, "sigma_2": sigma_2}.items():
            if not 0 < sigma < math.inf:
                raise InputError(f"{name}={sigma}: must be a finite number above 0")
        super().__init__(flow, encoder.input_shape[1:], encoder.output_shape[1:], input_noise, **kwargs)
        self.encoder = encoder
        self.decoder = decoder
        self.initial_sigmas = (sigma_1, sigma_2)
        self.trainable_sigmas = trainable_sigmas
        self.log_sigma_1, self.log_sigma_2 = (
            self.add_weight(
                name=f"log_sigma_{i}",
                shape=(),
                initializer=keras.initializers.Constant(math.log(sigma)),
                trainable=trainable_sigmas,
            )
            for i, sigma in enumerate(self.initial_sigmas, start=1)
        )
        self.built = True

    # The distributions -------------------------------------------------------------------------------------------

    def noisy_code(self, x: tf.Tensor, u: tf.Tensor, training: bool = False) -> tuple[tf.Tensor, tf.Tensor]:
        """V = sigma_1 u + E(x), [n, *code_shape], of noise u of that shape; and log |det dv/du| [n]."""
        code = call_on_any_batch(self.encoder, [x], training)
        log_sigma = self.log_sigma_1.value
        dimensions = math.prod(self.code_shape)
        return tf.exp(log_sigma) * u + code, tf.fill([tf.shape(x)[0]], dimensions * log_sigma)

    def log_likelihood(self, x: tf.Tensor, v: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Log q(x|z) = log N(x; G(v), sigma_2²) in nats [n], with v = F^-1(z)."""
        mean = call_on_any_batch(self.decoder, [v], training)
        log_sigma = self.log_sigma_2.value
        dimensions = math.prod(self.data_shape)
        return standard_normal_log_prob((x - mean) * tf.exp(-log_sigma)) - dimensions * log_sigma

    def elbo_terms(self, x: tf.Tensor, u: tf.Tensor, training: bool = False) -> tuple[tf.Tensor, tf.Tensor]:
        """Log q(x|z), and log p(z|x) - log q(z), both [n], at z = F_x(u)."""
        v, log_det_v = self.noisy_code(x, u, training)
        z, log_det_z = self.flow.forward(v, training=training)
        log_posterior = standard_normal_log_prob(u) - log_det_v - log_det_z
        return self.log_likelihood(x, v, training), log_posterior - self.log_prior(z)

    # Training ----------------------------------------------------------------------------------------------------

    def term_names(self) -> tuple[str, ...]:
        """-ELBO, its two terms, and what has been learnt about noise."""
        return ("negative_elbo", "reconstruction", "kl", "bits_per_dimension", "sigma_1", "sigma_2")

    def objective(self, x: tf.Tensor, noise: tf.Tensor, training: bool = True) -> tuple[tf.Tensor, Terms]:
        """-ELBO (18), a mean over the batch x; the noise is u [n, *code_shape]."""
        log_likelihood, kl = (tf.reduce_mean(term) for term in self.elbo_terms(x, noise, training))
        loss = kl - log_likelihood
        return loss, {
            "negative_elbo": loss,
            "reconstruction": -log_likelihood,
            "kl": kl,
            "bits_per_dimension": self.in_bits_per_dimension(-loss),
            "sigma_1": tf.exp(self.log_sigma_1.value),
            "sigma_2": tf.exp(self.log_sigma_2.value),
        }

    def check_parts(self, x: tf.Tensor, noise: tf.Tensor) -> None:
        """See `GuardedSteps.check_parts`: the images, encoder, sigma_1, the flow's layers, decoder and sigma_2."""
        check_finite(x, "a batch of images")
        check_finite(self.encoder(x, training=True), f"output of the encoder {self.encoder.name!r}")
        v, log_det = self.noisy_code(x, noise, training=True)
        check_finite(log_det, "log-det of sigma_1")
        check_finite(v, "sigma_1 u + E(x)")
        self.flow.checked_forward(v)
        check_finite(self.decoder(v, training=True), f"output of the decoder {self.decoder.name!r}")
        check_finite(self.log_likelihood(x, v, training=True), "log q(x|z), with sigma_2,")

    def flow_input(self, x: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        """V = sigma_1 u + E(x)."""
        return self.noisy_code(x, noise)[0]

    # Use ---------------------------------------------------------------------------------------------------------

    def encode(self, images: tf.Tensor) -> tf.Tensor:
        """F(E(x)), latents [n, *latent_shape] of images [n, height, width, channels] in [-1, 1]."""
        return self.flow.forward(call_on_any_batch(self.encoder, [self._checked(images)]))[0]

    def decode(self, latents: tf.Tensor) -> tf.Tensor:
        """G(F^-1(z)), images float32 [n, height, width, channels] of latents [n, *latent_shape] (19)."""
        return call_on_any_batch(
            self.decoder, [self.flow.inverse(Rows("latent_shape").checked(self, "latents", latents))]
        )

    def reconstruct(self, images: tf.Tensor) -> tf.Tensor:
        """G(E(x)), of images [n, height, width, channels] in [-1, 1]: without noise the flow cancels."""
        return call_on_any_batch(self.decoder, [call_on_any_batch(self.encoder, [self._checked(images)])])

    def log_prob(self, images: tf.Tensor, num_draws: int = 1, seed: int = 0) -> tf.Tensor:
        """Estimates log q(x) from below by importance sampling: log 1/m sum_j q(x|z_j) q(z_j) / p(z_j|x).

        With one draw it is the ELBO; it rises with the number of draws m towards log q(x) (Burda et al. 2015,
        arXiv 1509.00519).

        Args:
            images: [n, height, width, channels] in [-1, 1].
            num_draws: m, at least 1.
            seed: Seed of the draws; the first draws of many are those of a few.

        Returns:
            float32 [n], in nats, of the density on [-1, 1] at the images as they are.

        Raises:
            InputError: `num_draws` is below 1, or the images are not what the model takes.
        """
        if num_draws < 1:
            raise InputError(f"num_draws={num_draws}: at least 1 is needed")
        images = self._checked(images)
        return self._compiled_log_prob(images, tf.constant(num_draws, tf.int32), tf.constant(seed, tf.int32))

    @tf.function
    def _compiled_log_prob(self, images: tf.Tensor, num_draws: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        positive = tf.debugging.assert_positive(num_draws, "num_draws: at least 1 is needed")
        with tf.control_dependencies([positive]):
            noise_shape = tf.stack([tf.shape(images)[0], *self.code_shape])

        def log_weight(draw: tf.Tensor) -> tf.Tensor:
            draw_seed = tf.random.fold_in(stream_seed(seed, "log_prob"), draw, alg="philox")
            u = tf.random.stateless_normal(noise_shape, draw_seed, alg="philox")
            log_likelihood, kl = self.elbo_terms(images, u)
            return log_likelihood - kl

        log_weights = tf.map_fn(log_weight, tf.range(num_draws), fn_output_signature=tf.float32)
        return tf.reduce_logsumexp(log_weights, axis=0) - tf.math.log(tf.cast(num_draws, tf.float32))

    def bits_per_dimension(self, images: tf.Tensor, num_draws: int = 1, seed: int = 0) -> tf.Tensor:
        """A bound on the bits per dimension of images of 8 bits [n, height, width, channels], float32 [n]."""
        return self.in_bits_per_dimension(self.log_prob(self.with_uniform_noise(images, seed), num_draws, seed))

    def endpoints(self) -> dict[str, Endpoint]:
        """Those of `FlowModel`, `reconstruct`, `log_prob` and `bits_per_dimension`."""
        images = self.spec("images", [None, *self.data_shape])
        numbers = [self.spec(name, dtype=tf.int32) for name in ("num_draws", "seed")]
        return {
            **super().endpoints(),
            "reconstruct": (self.reconstruct, [images]),
            "log_prob": (self._compiled_log_prob, [images, *numbers]),
            "bits_per_dimension": (self._exported_bits_per_dimension, [images, *numbers]),
        }

    def _exported_bits_per_dimension(self, images: tf.Tensor, num_draws: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        noisy = self.with_uniform_noise(images, seed)
        return self.in_bits_per_dimension(self._compiled_log_prob(noisy, num_draws, seed))

    # Saving ------------------------------------------------------------------------------------------------------

    def get_config(self) -> dict:
        """The arguments that build this model again."""
        serialize = keras.saving.serialize_keras_object
        return {
            **super().get_config(),
            "encoder": serialize(self.encoder),
            "decoder": serialize(self.decoder),
            "flow": serialize(self.flow),
            "sigma_1": self.initial_sigmas[0],
            "sigma_2": self.initial_sigmas[1],
            "trainable_sigmas": self.trainable_sigmas,
        }

    @classmethod
    def from_config(cls, config: dict, custom_objects: dict | None = None) -> "FVAE":
        """Builds the model from `get_config`."""
        deserialize = keras.saving.deserialize_keras_object
        return cls(**{name: deserialize(value, custom_objects) for name, value in config.items()})


def _check_networks(encoder: keras.Model, decoder: keras.Model) -> None:
    codes, taken = tuple(encoder.output_shape[1:]), tuple(decoder.input_shape[1:])
    if codes != taken:
        raise InputError(f"the encoder's codes have shape {codes}, the decoder takes {taken}")
    data, given = tuple(encoder.input_shape[1:]), tuple(decoder.output_shape[1:])
    if data != given:
        raise InputError(f"the decoder gives {given}, the data that the encoder takes is {data}")

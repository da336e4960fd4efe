"""`FVAE`: a flow as a VAE's posterior, with codes of the data's size.

The post of 2018-09-21, whose equations are quoted by number (also arXiv 1809.05861). Its script is
`reproductions/f_vae.py`, its page `reproductions/f_vae.md`, its tests are `tests/models/test_f_vae.py`.
"""

import math
from typing import Any

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from keras_gen.checks import check_defined, check_positive
from keras_gen.errors import InputError
from keras_gen.layers import flows
from keras_gen.layers.any_batch import call_on_any_batch
from keras_gen.layers.flows.flow_layer import check_finite
from keras_gen.models.endpoints import IMAGES, LATENTS, PIXELS, Seed, WholeNumber, endpoint
from keras_gen.models.flow_model import FlowModel
from keras_gen.models.importance_sampling import NUM_DRAWS, ImportanceSampled, LogWeight
from keras_gen.models.input_noise import uniform_noise
from keras_gen.models.priors import standard_normal
from keras_gen.models.reproducible_model import Terms
from keras_gen.utils import noise
from keras_gen.utils.noise import stream_seed


@keras.saving.register_keras_serializable("keras_gen")
class FVAE(ImportanceSampled, FlowModel):
    """f-VAE: the posterior of a VAE is a flow of noise, around a free encoder and decoder.

        z = F_x(u) = F(sigma_1 u + E(x)),   u ~ q(u) = N(0, I)                                  (17)
        q(x|z) = N(x; G(F^-1(z)), sigma_2²),   q(z) = N(0, I)

        loss = E_x E_u[ |G(v) - x|² / (2 sigma_2²) + d log sigma_2 + |F(v)|² / 2
                        - log |det dF(v)/du| ] + constants,   v = sigma_1 u + E(x)              (18)

    The post's printed (18) lacks d log sigma_2, without which sigma_2 would grow without bound; the author's code has
    it. Here d is the number of an image's values. With the constants, and E_u log q(u), the loss is -ELBO >= -log q(x),
    in nats. The Jacobian is that in u and contains sigma_1. F is an unconditional flow, E and G are any networks.

    Where E and G are the identity and sigma_1 = sigma_2, this is a flow trained with Gaussian input noise (13 to 15).
    The VAE, F_x(u) = sigma(x) u + mu(x) (10), is a case of `FlowPosteriorVAE`, whose F_x may depend on x in any way.

    Reported terms: `negative_elbo`, the sum of the two after it, in nats per image: `reconstruction`, -log q(x|z), and
    `kl`, log p(z|x) - log q(z) at the z drawn; `bits_per_dimension`, which is `negative_elbo` in bits per 8-bit value,
    a bound that holds under uniform input noise; `sigma_1` and `sigma_2`.

    A warm-up, in which the learning rate rises, is a schedule: see `Glow`, whose lines hold here too.

    >>> shape = (8, 8, 1)
    >>> sizes = {"stages": 1, "depth": 1, "width": 8}
    >>> encoder = keras_gen.networks.f_vae.encoder(shape, **sizes)
    >>> flow = keras_gen.networks.glow(encoder.output_shape[1:], depths=[1], width=8, squeeze_first=False)
    >>> model = keras_gen.models.FVAE(encoder, keras_gen.networks.f_vae.decoder(shape, **sizes), flow)
    >>> model.sample(3, seed=0, temperature=0.7).shape
    TensorShape([3, 8, 8, 1])

    Args:
        encoder: E, from images [batch, height, width, channels] to codes [batch, *code_shape].
        decoder: G, from codes to images.
        flow: F, a `FlowLayer` on codes, for example `keras_gen.networks.glow(code_shape, ...)`.
        sigma_1: Standard deviation of the noise on the codes, or where it begins.
        sigma_2: Standard deviation of q(x|z), or where it begins.
        trainable_sigmas: Whether the two are trained.
        input_noise: `none`, the author's choice; `uniform` if bits per dimension matter. See `FlowModel`.
        sigma_rate: Learning rate of log sigma_1 and log sigma_2 under Adam, in multiples of the optimiser's. Adam moves
            a number by about its rate in a step, so that sigmas that begin at 1 take thousands of steps to fall. The
            norm that `clip_norm` bounds does not depend on it: the gradient there is that in log sigma_1 and log
            sigma_2 themselves.
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
        sigma_rate: float = 1.0,
        **kwargs: Any,
    ):
        _check_networks(encoder, decoder)
        check_positive(sigma_1=sigma_1, sigma_2=sigma_2, sigma_rate=sigma_rate)
        super().__init__(flow, encoder.input_shape[1:], encoder.output_shape[1:], input_noise, **kwargs)
        self.encoder = encoder
        self.decoder = decoder
        self.initial_sigmas = (sigma_1, sigma_2)
        self.trainable_sigmas = trainable_sigmas
        self.sigma_rate = sigma_rate
        self.log_sigma_1, self.log_sigma_2 = (  # in units of sigma_rate
            self.add_weight(
                name=f"log_sigma_{i}",
                shape=(),
                initializer=keras.initializers.Constant(math.log(sigma) / sigma_rate),
                trainable=trainable_sigmas,
            )
            for i, sigma in enumerate(self.initial_sigmas, start=1)
        )
        self.built = True

    @property
    def log_sigmas(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Logarithms of sigma_1 and sigma_2, as they are now."""
        return self.sigma_rate * self.log_sigma_1.value, self.sigma_rate * self.log_sigma_2.value

    # The parts of (17) -------------------------------------------------------------------------------------------

    def noisy_code(self, x: tf.Tensor, u: tf.Tensor, training: bool = False) -> tuple[tf.Tensor, tf.Tensor]:
        """Gives v = sigma_1 u + E(x), [n, *code_shape], of noise u of that shape, and log |det dv/du| [n]."""
        code = call_on_any_batch(self.encoder, [x], training)
        log_sigma, _ = self.log_sigmas
        dimensions = math.prod(self.code_shape)
        return tf.exp(log_sigma) * u + code, tf.fill([tf.shape(x)[0]], dimensions * log_sigma)

    def likelihood(self, v: tf.Tensor, training: bool = False) -> tfd.Distribution:
        """q(x|z) = N(x; G(v), sigma_2²) with v = F^-1(z), batch shape [n], event shape that of the data."""
        mean = call_on_any_batch(self.decoder, [v], training)
        _, log_sigma = self.log_sigmas
        return tfd.Independent(tfd.Normal(mean, tf.exp(log_sigma)), len(self.data_shape))

    @property
    def noise_prior(self) -> tfd.Distribution:
        """q(u) = N(0, I), event shape `code_shape`."""
        return standard_normal(self.code_shape)

    # Training ----------------------------------------------------------------------------------------------------

    def elbo_terms(self, x: tf.Tensor, u: tf.Tensor, training: bool = False) -> tuple[tf.Tensor, tf.Tensor]:
        """What (18) is the mean of: -log q(x|z), and log p(z|x) - log q(z), at z = F_x(u); nats, both [n]."""
        v, log_det_u = self.noisy_code(x, u, training)  # v = sigma_1 u + E(x)
        z, log_det_v = self.flow.forward(v, training=training)  # z = F(v)
        reconstruction = -self.likelihood(v, training).log_prob(x)  # |G(v) - x|²/(2 sigma_2²) + d log sigma_2 + ...
        log_det = log_det_u + log_det_v  # log |det dF(v)/du|, by the chain rule
        log_noise = self.noise_prior.log_prob(u)  # -|u|²/2 + ...; it has no weights to train, so (18) leaves it out
        log_prior = self.prior.log_prob(z)  # -|F(v)|²/2 + ...
        log_posterior = log_noise - log_det  # log p(z|x)
        return reconstruction, log_posterior - log_prior  # "...": constants, d/2 log 2 pi

    def objective(
        self, x: tf.Tensor, u: tf.Tensor, *classes: tf.Tensor, training: bool = True
    ) -> tuple[tf.Tensor, Terms]:
        """-ELBO (18), a mean over the batch x; u is noise [n, *code_shape]."""
        reconstruction, kl = (tf.reduce_mean(term) for term in self.elbo_terms(x, u, training))
        loss = reconstruction + kl  # (18), whose terms are those of `elbo_terms`
        log_sigma_1, log_sigma_2 = self.log_sigmas
        return loss, {
            "negative_elbo": loss,
            "reconstruction": reconstruction,
            "kl": kl,
            "bits_per_dimension": self.in_bits_per_dimension(-loss),
            "sigma_1": tf.exp(log_sigma_1),
            "sigma_2": tf.exp(log_sigma_2),
        }

    def gradient_norm(self, gradients: list[tf.Tensor]) -> tf.Tensor:
        """See `FlowModel.gradient_norm`; the sigmas' part is the derivative by log sigma, whatever `sigma_rate` is."""
        sigmas = (self.log_sigma_1, self.log_sigma_2)
        return super().gradient_norm(
            [
                gradient / self.sigma_rate if any(variable is sigma for sigma in sigmas) else gradient
                for gradient, variable in zip(gradients, self.trainable_variables, strict=True)
            ]
        )

    def term_names(self) -> tuple[str, ...]:
        """-ELBO, its two terms, and what has been learnt about noise."""
        return ("negative_elbo", "reconstruction", "kl", "bits_per_dimension", "sigma_1", "sigma_2")

    def check_parts(self, x: tf.Tensor, u: tf.Tensor) -> None:
        """See `FlowModel.check_parts`: the images, encoder, sigma_1, the flow's layers, decoder and sigma_2."""
        check_finite(x, "a batch of images")
        check_finite(self.encoder(x, training=True), f"output of the encoder {self.encoder.name!r}")
        v, log_det = self.noisy_code(x, u, training=True)
        check_finite(log_det, "log-det of sigma_1")
        check_finite(v, "sigma_1 u + E(x)")
        self.flow.checked_forward(v)
        check_finite(self.decoder(v, training=True), f"output of the decoder {self.decoder.name!r}")
        check_finite(self.likelihood(v, training=True).log_prob(x), "log q(x|z), with sigma_2,")

    def flow_input(self, x: tf.Tensor, u: tf.Tensor) -> tf.Tensor:
        """The noisy code v = sigma_1 u + E(x)."""
        return self.noisy_code(x, u)[0]

    # Use ---------------------------------------------------------------------------------------------------------

    @endpoint(gives=LATENTS.unit, images=IMAGES)
    def encode(self, images: tf.Tensor) -> tf.Tensor:
        """F(E(x)), latents [n, *latent_shape] of images [n, height, width, channels] in [-1, 1]."""
        return self.flow.forward(call_on_any_batch(self.encoder, [images]))[0]

    def posterior_sample(self, images: tf.Tensor, seed: int = 0) -> tf.Tensor:
        """Draws z = F_x(u) ~ p(z|x), float32 [n, *latent_shape], of images [n, height, width, channels] in [-1, 1].

        There is one for each image. Unlike `encode`'s, these latents carry noise, as those that the decoder was trained
        on.

        Raises:
            InputError: The images have another shape or type.
        """
        images = IMAGES.checked(self, "images", images)
        u = noise.normal(tf.stack([tf.shape(images)[0], *self.code_shape]), stream_seed(seed, "posterior_sample"))
        return self.flow.forward(self.noisy_code(images, u)[0])[0]

    @endpoint(gives=PIXELS, latents=LATENTS)
    def decode(self, latents: tf.Tensor) -> tf.Tensor:
        """G(F^-1(z)), images float32 [n, height, width, channels] of latents [n, *latent_shape] (19)."""
        return call_on_any_batch(self.decoder, [self.flow.inverse(latents)])

    @endpoint(gives=PIXELS, images=IMAGES)
    def reconstruct(self, images: tf.Tensor) -> tf.Tensor:
        """G(E(x)), of images [n, height, width, channels] in [-1, 1]: without noise the flow cancels."""
        return call_on_any_batch(self.decoder, [call_on_any_batch(self.encoder, [images])])

    def weighted_draws(self, images: tf.Tensor) -> tuple[LogWeight, tuple[int, ...]]:
        """See `ImportanceSampled.weighted_draws`."""

        def log_weight(u: tf.Tensor) -> tf.Tensor:
            reconstruction, kl = self.elbo_terms(images, u)
            return -reconstruction - kl

        return log_weight, self.code_shape

    @endpoint(gives="bits per dimension", images=IMAGES, num_draws=WholeNumber(at_least=1), seed=Seed())
    def bits_per_dimension(
        self, images: tf.Tensor, num_draws: int | tf.Tensor = NUM_DRAWS, seed: int | tf.Tensor = 0
    ) -> tf.Tensor:
        """A bound on the bits per dimension of images of 8 bits [n, height, width, channels], float32 [n]."""
        noisy = images + uniform_noise(tf.shape(images), seed)
        return self.in_bits_per_dimension(self.log_prob(noisy, num_draws, seed))

    def get_config(self) -> dict[str, Any]:
        """The arguments that build this model again."""
        parts = {"encoder": self.encoder, "decoder": self.decoder, "flow": self.flow}
        return {
            **super().get_config(),
            **{name: keras.saving.serialize_keras_object(part) for name, part in parts.items()},
            "sigma_1": self.initial_sigmas[0],
            "sigma_2": self.initial_sigmas[1],
            "trainable_sigmas": self.trainable_sigmas,
            "sigma_rate": self.sigma_rate,
        }


def _check_networks(encoder: keras.Model, decoder: keras.Model) -> None:
    check_defined(encoder=encoder, decoder=decoder)
    codes, taken = tuple(encoder.output_shape[1:]), tuple(decoder.input_shape[1:])
    if codes != taken:
        raise InputError(f"the encoder's codes have shape {codes}, the decoder takes {taken}")
    data, given = tuple(encoder.input_shape[1:]), tuple(decoder.output_shape[1:])
    if data != given:
        raise InputError(f"the decoder gives {given}, the data that the encoder takes is {data}")

"""`FlowPosteriorVAE`: a VAE whose posterior is a conditional flow, the post's general case.

The post of 2018-09-21 on f-VAEs, whose equations are quoted by number. The script is `reproductions/f_vae.py`, its page
`reproductions/f_vae.md`, its tests are `tests/models/test_flow_posterior_vae.py`.
"""

from typing import Any

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from keras_gen import keras_privates
from keras_gen.errors import InputError
from keras_gen.layers import likelihoods
from keras_gen.layers.flows import ActNorm, ConditionalAffine, FlowLayer
from keras_gen.models.endpoints import IMAGES, LATENTS, endpoint
from keras_gen.models.importance_sampling import LogWeight
from keras_gen.models.priors import standard_normal
from keras_gen.models.reproducible_model import Terms
from keras_gen.models.vae import VAE


@keras.saving.register_keras_serializable("keras_gen")
class FlowPosteriorVAE(VAE):
    """A VAE whose posterior is noise that went through a flow F_x, which depends on x; it need not be Gaussian.

        z = F_x(u),   u ~ q(u) = N(0, I)                                                              (5)
        loss = E_x E_u[ log q(u) - log |det dF_x(u)/du| - log q(F_x(u)) - log q(x|F_x(u)) ]           (6)

    F_x begins with the affine map of a VAE, sigma_1(x) u + mu_1(x), and continues with any flow that keeps the shape.
    The post's example is

        f_1 = F_1(sigma_1(x) u + mu_1(x)),   f_2 = F_2(sigma_2(x) f_1 + mu_2(x)),
        F_x(u) = sigma_3(x) f_2 + mu_3(x)                                                             (16)

    Here `encoder` gives sigma_1 and mu_1, and `keras_gen.networks.conditional_flow` builds the rest. With the identity
    as the flow, (6) is the loss of `VAE`, with the KL divergence at the z drawn.

    With beta = 1 the loss is -ELBO. Reported terms are those of `VAE`, in nats per image: `negative_elbo`, whatever
    beta is, `reconstruction`, -log q(x|z), and `kl`, log p(z|x) - log q(z), both at the z drawn. With `num_classes` the
    prior is q(z|y), as in `VAE`.

    >>> networks, shape = keras_gen.networks, (8, 8, 1)
    >>> encoders = [networks.autoencoder.dense_encoder(shape, 2, (16,), seed) for seed in range(3)]
    >>> flow = networks.conditional_flow(encoders[1:], depth=1, width=16)
    >>> model = keras_gen.models.FlowPosteriorVAE(
    ...     encoders[0], networks.autoencoder.dense_decoder(shape, 2, (16,)), flow
    ... )
    >>> model.encode(tf.zeros([3, *shape])).shape
    TensorShape([3, 2])

    Args:
        encoder: Network from data [batch, ...] to a list of two tensors, mu_1(x) and log sigma_1(x)², each
            [batch, *latent_shape].
        decoder: See `VAE`.
        flow: The flow from sigma_1(x) u + mu_1(x) to z, both [batch, *latent_shape]; x is its condition. An `ActNorm`
            in it has `from_data=False`.
        likelihood: See `VAE`.
        **kwargs: `prior`, `beta`, `num_classes`, `seed`, and what `keras.Model` takes; see `VAE`.

    Raises:
        InputError: The networks do not fit each other, the flow does not fit the latents, changes their shape or begins
            as a function of data, or a number is out of range.
    """

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        flow: FlowLayer,
        likelihood: str | likelihoods.Likelihood = "gaussian",
        **kwargs: Any,
    ):
        super().__init__(encoder, decoder, likelihood, **kwargs)
        if not isinstance(flow, FlowLayer):
            raise InputError(f"the flow is a {type(flow).__name__}; give a layer of keras_gen.layers.flows")
        flow.fit_to(self.latent_shape)
        given = flow.transformed_shape(self.latent_shape)
        if given != self.latent_shape:
            raise InputError(f"the flow makes {given} of latents {self.latent_shape}; it must keep their shape")
        for layer in keras_privates.all_layers(flow):
            if isinstance(layer, ActNorm) and layer.from_data:
                raise InputError(
                    f"the flow's layer {layer.name!r} begins as a function of data, but the flow of a posterior is "
                    "given none to begin with; make it with from_data=False"
                )
            taken = (layer.taken_shapes or [self.data_shape])[-1] if isinstance(layer, ConditionalAffine) else None
            if taken not in (None, self.data_shape):
                raise InputError(
                    f"the flow's layer {layer.name!r} depends on images {taken}; the encoder takes {self.data_shape}"
                )
        self.flow = flow

    def posterior(self, x: tf.Tensor, training: bool = False) -> tfd.Distribution:
        """p(z|x), batch shape [n], event shape `latent_shape`."""
        return tfd.TransformedDistribution(super().posterior(x, training), self.flow.as_bijector(x))

    def reparameterize(self, posterior: tfd.Distribution, noise: tf.Tensor) -> tf.Tensor:
        """Makes z [n, *latent_shape] with the posterior's distribution from standard normal noise of that shape."""
        return posterior.bijector.forward(super().reparameterize(posterior.distribution, noise))

    def conditional_flow(self, x: tf.Tensor, u: tf.Tensor, training: bool = False) -> tuple[tf.Tensor, tf.Tensor]:
        """Gives z = F_x(u) [n, *latent_shape] of noise u of that shape, and log |det dF_x(u)/du| in nats, [n]."""
        gaussian = super().posterior(x, training)  # N(mu_1(x), sigma_1(x)²)
        first = super().reparameterize(gaussian, u)  # sigma_1(x) u + mu_1(x)
        log_det_first = tf.reduce_sum(tf.math.log(gaussian.stddev()), axis=list(range(1, u.shape.rank)))
        z, log_det = self.flow.forward(first, x, training)
        return z, log_det_first + log_det

    def elbo_terms(
        self, x: tf.Tensor, u: tf.Tensor, *classes: tf.Tensor, training: bool = False
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """What (6) is the mean of: -log q(x|z), and log p(z|x) - log q(z), at z = F_x(u); nats, both [n]."""
        z, log_det = self.conditional_flow(x, u, training)
        reconstruction = -self.likelihood(z, training).log_prob(x)  # -log q(x|F_x(u))
        log_posterior = standard_normal(self.latent_shape).log_prob(u) - log_det  # log q(u) - log |det dF_x(u)/du|
        log_prior = self.prior_of(*classes).log_prob(z)  # log q(F_x(u)), or log q(F_x(u)|y)
        return reconstruction, log_posterior - log_prior

    def objective(
        self, x: tf.Tensor, u: tf.Tensor, *classes: tf.Tensor, training: bool = True
    ) -> tuple[tf.Tensor, Terms]:
        """(6) of a batch, and its terms; u is noise [n, *latent_shape]."""
        reconstruction, kl = map(tf.reduce_mean, self.elbo_terms(x, u, *classes, training=training))
        terms = {"negative_elbo": reconstruction + kl, "reconstruction": reconstruction, "kl": kl}
        return reconstruction + self.beta * kl, terms

    @endpoint(gives=LATENTS.unit, images=IMAGES)
    def encode(self, images: tf.Tensor) -> tf.Tensor:
        """F_x(0), latents float32 [n, *latent_shape] of images [n, height, width, channels] in [-1, 1]."""
        x = self.likelihood_layer.checked(images)
        return self.flow.forward(super().posterior(x).mean(), x)[0]

    def weighted_draws(self, images: tf.Tensor) -> tuple[LogWeight, tuple[int, ...]]:
        """See `ImportanceSampled.weighted_draws`."""
        x = self.likelihood_layer.checked(images)

        def log_weight(u: tf.Tensor) -> tf.Tensor:
            reconstruction, kl = self.elbo_terms(x, u)
            return -reconstruction - kl

        return log_weight, self.latent_shape

    def get_config(self) -> dict[str, Any]:
        """The arguments that build this model again."""
        return {**super().get_config(), "flow": keras.saving.serialize_keras_object(self.flow)}

"""`VAE`: the variational autoencoder (Kingma and Welling 2013, arXiv 1312.6114).

It is what the posts start from, and what their models are compared with. Its tests are `tests/models/test_vae.py`.
"""

from typing import Any

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from keras_gen.layers import likelihoods
from keras_gen.models import priors
from keras_gen.models.gaussian_autoencoder import GaussianAutoencoder
from keras_gen.models.reproducible_model import Terms


@keras.saving.register_keras_serializable("keras_gen")
class VAE(GaussianAutoencoder):
    """A variational autoencoder with a diagonal Gaussian posterior.

        loss = E_{z ~ p(z|x)}[-log q(x|z)] + beta KL(p(z|x) || q(z))

    With beta = 1 this is -ELBO, which is at least -log q(x). The expectation over z is one reparameterised draw per
    image.

    Reported terms, in nats per image, means over the batch: `negative_elbo` (the sum of the two below, whatever beta
    is), `reconstruction`, -log q(x|z), and `kl`, KL(p(z|x) || q(z)), exact where TFP knows the divergence and else
    log p(z|x) - log q(z) at the z drawn.

    A subclass may override `posterior` with `reparameterize`, `likelihood`, `prior`, `kl` or `objective`.

    >>> networks = keras_gen.networks.autoencoder
    >>> shape = (8, 8, 1)
    >>> model = keras_gen.models.VAE(networks.dense_encoder(shape, 2, (16,)), networks.dense_decoder(shape, 2, (16,)))
    >>> model.compile()
    >>> model.reconstruct(tf.zeros([3, *shape])).shape
    TensorShape([3, 8, 8, 1])

    Args:
        encoder: Network from data [batch, ...] to a list of two tensors, the posterior's mean and log variance, each
            [batch, *latent_shape].
        decoder: Network from latents [batch, *latent_shape] to what the likelihood takes: tensors of the data's shape.
        likelihood: `gaussian` (variance 1), `bernoulli`, or a `keras_gen.layers.Likelihood`.
        prior: `standard_normal`, or a function from the shape of one latent to a TFP distribution over such latents. It
            is registered with `keras.saving.register_keras_serializable` if the model is to be saved. Latents are drawn
            as `priors.draw` says.
        beta: Weight of the KL term, at least 0.
        seed: Seed of every draw in training.
        **kwargs: Passed on to `keras.Model`.

    Raises:
        InputError: The networks do not fit each other, there is no such likelihood or prior, or beta is out of range.
    """

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        likelihood: str | likelihoods.Likelihood = "gaussian",
        prior: str | priors.Prior = "standard_normal",
        beta: float = 1.0,
        seed: int = 0,
        **kwargs: Any,
    ):
        super().__init__(encoder, decoder, likelihood, beta, seed=seed, **kwargs)
        self.make_prior = priors.checked_prior(prior, self.latent_shape)

    @property
    def prior(self) -> tfd.Distribution:
        """q(z), event shape `latent_shape`."""
        return self.make_prior(self.latent_shape)

    def term_names(self) -> tuple[str, ...]:
        """-ELBO, and the two terms that it is made of."""
        return ("negative_elbo", "reconstruction", "kl")

    def objective(self, x: tf.Tensor, noise: tf.Tensor, training: bool = True) -> tuple[tf.Tensor, Terms]:
        """The loss of a batch, and its terms; the noise [n, *latent_shape] makes z."""
        posterior = self.posterior(x, training)  # p(z|x)
        z = self.reparameterize(posterior, noise)
        reconstruction = tf.reduce_mean(-self.likelihood(z, training).log_prob(x))  # -log q(x|z)
        kl = tf.reduce_mean(self.kl(posterior, z))  # KL(p(z|x) || q(z))
        terms = {"negative_elbo": reconstruction + kl, "reconstruction": reconstruction, "kl": kl}
        return reconstruction + self.beta * kl, terms

    def kl(self, posterior: tfd.Distribution, z: tf.Tensor) -> tf.Tensor:
        """KL(p(z|x) || q(z)) [n], or, where TFP has no formula for it, its unbiased estimate at z drawn from p(z|x)."""
        try:
            return posterior.kl_divergence(self.prior)
        except NotImplementedError:
            return posterior.log_prob(z) - self.prior.log_prob(z)

    def get_config(self) -> dict[str, Any]:
        """The arguments that build this model again."""
        return {**super().get_config(), "prior": keras.saving.serialize_keras_object(self.make_prior)}

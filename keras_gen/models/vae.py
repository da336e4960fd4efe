"""`VAE`: the variational autoencoder (Kingma and Welling 2013, arXiv 1312.6114).

It is what the posts start from, and what their models are compared with. Its tests are `tests/models/test_vae.py`.
"""

from typing import Any

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from keras_gen.checks import check_num_classes
from keras_gen.errors import InputError
from keras_gen.layers import likelihoods
from keras_gen.layers.class_prior import ClassPrior
from keras_gen.models import priors
from keras_gen.models.classes import classes_config, of_samples
from keras_gen.models.gaussian_autoencoder import GaussianAutoencoder
from keras_gen.models.reproducible_model import Terms


@keras.saving.register_keras_serializable("keras_gen")
class VAE(GaussianAutoencoder):
    """A variational autoencoder with a diagonal Gaussian posterior.

        loss = E_{z ~ p(z|x)}[-log q(x|z)] + beta KL(p(z|x) || q(z))

    With beta = 1 the loss is -ELBO, which is at least -log q(x). The expectation over z is one reparameterised draw per
    image.

    With `num_classes` there is a prior for every class, q(z|y) = N(mu_y, I) in the place of q(z), with learnt mu_y, and
    batches are pairs (images, labels): the q(z|y) of the post on clustering (2018-09-17), equation 3, with y given.
    This is a restricted conditional VAE (Sohn et al. 2015, NeurIPS, section 4): only the prior depends on y, while
    encoder and decoder do not. The q(z) of `log_prob` is then the uniform mixture.

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
        decoder: Network from latents [batch, *latent_shape] to what the likelihood takes: tensors of the data's shape,
            one, or for a Gaussian likelihood also two, mean and log variance.
        likelihood: `gaussian` (variance 1), `bernoulli`, or a `keras_gen.layers.Likelihood`.
        prior: `standard_normal`, or a function from the shape of one latent to a TFP distribution over such latents. It
            is registered with `keras.saving.register_keras_serializable` if the model is to be saved. Latents are drawn
            as `priors.draw` says.
        beta: Weight of the KL term, at least 0.
        num_classes: Number of classes of a conditional model, at least 2; None for a model that ignores labels.
        seed: Seed of every draw in training.
        **kwargs: Passed on to `keras.Model`.

    Raises:
        InputError: The networks do not fit each other or the likelihood, there is no such likelihood or prior, a number
            is out of range, or both a prior and `num_classes` are given.
    """

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        likelihood: str | likelihoods.Likelihood = "gaussian",
        prior: str | priors.Prior = "standard_normal",
        beta: float = 1.0,
        seed: int = 0,
        num_classes: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(encoder, decoder, likelihood, beta, seed=seed, **kwargs)
        check_num_classes(num_classes)
        self.make_prior = priors.checked_prior(prior, self.latent_shape)
        self.num_classes = num_classes
        if num_classes is not None:
            if self.make_prior is not priors.standard_normal:
                raise InputError("prior: with num_classes there is one for every class; leave one of the two out")
            self.class_prior = ClassPrior(num_classes, self.latent_shape, name="class_prior")

    @property
    def prior(self) -> tfd.Distribution:
        """q(z), event shape `latent_shape`."""
        return self.make_prior(self.latent_shape) if self.num_classes is None else self.class_prior.mixture

    def prior_of(self, *classes: tf.Tensor) -> tfd.Distribution:
        """q(z|y) of one-hot rows [n, num_classes], batch shape [n]; without any, q(z)."""
        return self.class_prior.of(*classes) if classes else self.prior

    def term_names(self) -> tuple[str, ...]:
        """-ELBO, and the two terms that it is made of."""
        return ("negative_elbo", "reconstruction", "kl")

    def objective(
        self, x: tf.Tensor, epsilon: tf.Tensor, *classes: tf.Tensor, training: bool = True
    ) -> tuple[tf.Tensor, Terms]:
        """The loss of a batch, and its terms; the noise epsilon [n, *latent_shape] makes z."""
        posterior = self.posterior(x, training)  # p(z|x)
        z = self.reparameterize(posterior, epsilon)
        reconstruction = tf.reduce_mean(-self.likelihood(z, training).log_prob(x))  # -log q(x|z)
        kl = tf.reduce_mean(self.kl(posterior, z, *classes))  # KL(p(z|x) || q(z)), or q(z|y)
        terms = {"negative_elbo": reconstruction + kl, "reconstruction": reconstruction, "kl": kl}
        return reconstruction + self.beta * kl, terms

    def kl(self, posterior: tfd.Distribution, z: tf.Tensor, *classes: tf.Tensor) -> tf.Tensor:
        """KL(p(z|x) || q(z)) [n], or, where TFP has no formula for it, its unbiased estimate at z drawn from p(z|x)."""
        prior = self.prior_of(*classes)
        try:
            return posterior.kl_divergence(prior)
        except NotImplementedError:
            return posterior.log_prob(z) - prior.log_prob(z)

    def latents(
        self, num_samples: int | tf.Tensor, seed: int | tf.Tensor, labels: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Draws z ~ q(z), [num_samples, *latent_shape], or z ~ q(z|y) for labels [num_samples], by default in turn.

        The same seed gives the same latents. See `priors.draw`.

        Raises:
            InputError: A label is not a class of this model, or it has none.
        """
        classes = of_samples(self.num_classes, num_samples, labels)
        return self.class_prior.draw(classes[0], seed) if classes else super().latents(num_samples, seed)

    def prior_in_numbers(self) -> dict[str, Any]:
        """See `GenerativeModel.prior_in_numbers`."""
        return super().prior_in_numbers() if self.num_classes is None else self.class_prior.in_numbers()

    def get_config(self) -> dict[str, Any]:
        """The arguments that build this model again."""
        prior = keras.saving.serialize_keras_object(self.make_prior)
        return {**super().get_config(), "prior": prior, **classes_config(self.num_classes)}

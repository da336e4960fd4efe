"""`GaussianAutoencoder`: what `VAE` and `ClusteringVAE` share around their losses.

In the posts' letters: p(z|x) is the posterior that the encoder gives, q(x|z) the likelihood that the decoder gives, and
q(z) the prior.
"""

from typing import Any

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from keras_gen.checks import check_defined, check_not_negative, checked_images
from keras_gen.errors import InputError
from keras_gen.layers import likelihoods
from keras_gen.models import priors
from keras_gen.models.classes import of_batch
from keras_gen.models.endpoints import IMAGES, LATENTS, PIXELS, endpoint
from keras_gen.models.importance_sampling import ImportanceSampled, LogWeight
from keras_gen.models.reproducible_model import Terms


class GaussianAutoencoder(ImportanceSampled):
    """An encoder with a diagonal Gaussian posterior, and a decoder with any likelihood.

    Subclasses define `prior`, `objective` and `term_names`. Expectations over z are one reparameterised draw per image.

    Args:
        encoder: See `VAE`.
        decoder: See `VAE`.
        likelihood: See `VAE`.
        beta: Weight of the loss's terms that do not reconstruct, at least 0.
        **kwargs: `seed`, and what `keras.Model` takes.

    Raises:
        InputError: The networks do not fit each other or the likelihood, there is no such likelihood, or beta is out of
            range.
    """

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        likelihood: str | likelihoods.Likelihood,
        beta: float = 1.0,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        _check_networks(encoder, decoder)
        check_not_negative(beta=beta)
        self.encoder = encoder
        self.decoder = decoder
        self.likelihood_layer = likelihoods.get(likelihood)
        self.likelihood_layer.checked_outputs(decoder.outputs)
        self.beta = beta
        self.built = True

    # The three distributions -------------------------------------------------------------------------------------

    def posterior(self, x: tf.Tensor, training: bool = False) -> tfd.Distribution:
        """p(z|x), batch shape [n], event shape `latent_shape`."""
        mean, log_variance = (tf.cast(output, tf.float32) for output in self.encoder(x, training=training))
        return tfd.Independent(
            tfd.Normal(mean, tf.exp(log_variance / 2)), reinterpreted_batch_ndims=len(self.latent_shape)
        )

    def likelihood(self, z: tf.Tensor, training: bool = False) -> tfd.Distribution:
        """q(x|z), batch shape [n], event shape that of the data."""
        return self.likelihood_layer.distribution(self.decoder(z, training=training))

    @property
    def prior(self) -> tfd.Distribution:
        """q(z), event shape `latent_shape`."""
        raise NotImplementedError

    def reparameterize(self, posterior: tfd.Distribution, noise: tf.Tensor) -> tf.Tensor:
        """Makes z [n, *latent_shape] with the posterior's distribution from standard normal noise of that shape."""
        return posterior.mean() + posterior.stddev() * noise

    # Training ----------------------------------------------------------------------------------------------------

    def objective(
        self, x: tf.Tensor, epsilon: tf.Tensor, *classes: tf.Tensor, training: bool = True
    ) -> tuple[tf.Tensor, Terms]:
        """The loss of a batch, and its terms; the noise epsilon [n, *latent_shape] makes z.

        The classes, one-hot [n, num_classes], are those of a conditional model.
        """
        raise NotImplementedError

    def train_step(self, data: Any) -> Terms:
        """One update of all weights on a batch: images, or (images, labels), which a model without classes ignores."""
        x, noise, *classes = self._with_noise(data)
        terms = self.minimize(lambda: self.objective(x, noise, *classes), self.trainable_variables, self.optimizer)
        return self.report(terms)

    def test_step(self, data: Any) -> Terms:
        """The terms of a batch, as in training but with the networks at inference; the noise is the next step's."""
        x, noise, *classes = self._with_noise(data)
        _, terms = self.objective(x, noise, *classes, training=False)
        return self.running_means(terms, tf.shape(x)[0])

    def _with_noise(self, data: Any) -> tuple[tf.Tensor, ...]:
        """A batch's images, its noise and, of a conditional model, its classes."""
        self.likelihood_layer.check_decoder(self.decoder)
        x = self.likelihood_layer.checked(checked_images(data, "encoder", self.data_shape))
        noise = self.normal(tf.shape(x)[0], self.latent_shape, "posterior")
        return x, noise, *of_batch(self.num_classes, data)

    # Use ---------------------------------------------------------------------------------------------------------

    @property
    def latent_shape(self) -> tuple[int, ...]:
        """Shape of one latent."""
        return tuple(self.decoder.input_shape[1:])

    @property
    def data_shape(self) -> tuple[int, ...]:
        """Shape of one image, or of what else is modelled."""
        return tuple(self.encoder.input_shape[1:])

    def latents(self, num_samples: int | tf.Tensor, seed: int | tf.Tensor) -> tf.Tensor:
        """Draws z ~ q(z), [num_samples, *latent_shape]; the same seed gives the same latents. See `priors.draw`."""
        return priors.draw(self.prior, num_samples, seed)

    def prior_in_numbers(self) -> dict[str, Any]:
        """See `GenerativeModel.prior_in_numbers`."""
        return priors.in_numbers(self.prior)

    @endpoint(gives=LATENTS.unit, images=IMAGES)
    def encode(self, images: tf.Tensor) -> tf.Tensor:
        """The mean of p(z|x), float32 [n, *latent_shape], of images [n, height, width, channels] in [-1, 1]."""
        return self.posterior(self.likelihood_layer.checked(images)).mean()

    @endpoint(gives=PIXELS, latents=LATENTS)
    def decode(self, latents: tf.Tensor) -> tf.Tensor:
        """The mean of q(x|z), float32 [n, height, width, channels], of latents [n, *latent_shape]."""
        return self.likelihood(latents).mean()

    @endpoint(gives=PIXELS, images=IMAGES)
    def reconstruct(self, images: tf.Tensor) -> tf.Tensor:
        """`decode(encode(images))`, of images [n, height, width, channels] in [-1, 1]."""
        return self.decode(self.encode(images))

    def weighted_draws(self, images: tf.Tensor) -> tuple[LogWeight, tuple[int, ...]]:
        """See `ImportanceSampled.weighted_draws`."""
        x = self.likelihood_layer.checked(images)
        posterior = self.posterior(x)

        def log_weight(noise: tf.Tensor) -> tf.Tensor:
            z = self.reparameterize(posterior, noise)
            return self.likelihood(z).log_prob(x) + self.prior.log_prob(z) - posterior.log_prob(z)

        return log_weight, self.latent_shape

    def get_config(self) -> dict[str, Any]:
        """The arguments that build this model again."""
        serialize = keras.saving.serialize_keras_object
        return {
            **super().get_config(),
            "encoder": serialize(self.encoder),
            "decoder": serialize(self.decoder),
            "likelihood": serialize(self.likelihood_layer),
            "beta": self.beta,
        }


def _check_networks(encoder: keras.Model, decoder: keras.Model) -> None:
    check_defined(encoder=encoder, decoder=decoder)
    codes = [tuple(output.shape[1:]) for output in encoder.outputs]
    if len(codes) != 2 or codes[0] != codes[1]:
        raise InputError(f"the encoder gives {codes}; it must give a mean and a log variance, of one shape")
    taken = tuple(decoder.input_shape[1:])
    if codes[0] != taken:
        raise InputError(f"the encoder's codes have shape {codes[0]}, the decoder takes {taken}")
    data = tuple(encoder.input_shape[1:])
    for output in decoder.outputs:
        if tuple(output.shape[1:]) != data:
            raise InputError(f"the decoder gives {tuple(output.shape[1:])}, the data that the encoder takes is {data}")

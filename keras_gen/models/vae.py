"""`VAE`: the variational autoencoder (Kingma and Welling 2013, arXiv 1312.6114), and the base of those of the posts.

In the posts' letters: p(z|x) is the posterior that the encoder gives, q(x|z) the likelihood that the decoder gives, and
q(z) the prior. Its tests are `tests/models/test_vae.py`.
"""

from collections.abc import Callable

import keras
import tensorflow as tf
import tensorflow_probability as tfp

from keras_gen.checks import check_defined, checked_images
from keras_gen.errors import InputError
from keras_gen.layers import likelihoods
from keras_gen.models.endpoints import Rows
from keras_gen.models.generative_model import GenerativeModel
from keras_gen.models.interpolation import Interpolation
from keras_gen.models.reproducible_model import Endpoint, Terms, stream_seed

tfd = tfp.distributions
Prior = Callable[[tuple[int, ...]], tfd.Distribution]


@keras.saving.register_keras_serializable("keras_gen")
def standard_normal(latent_shape: tuple[int, ...]) -> tfd.Distribution:
    """N(0, I) over latents of that shape."""
    return tfd.Independent(tfd.Normal(tf.zeros(latent_shape), 1.0), reinterpreted_batch_ndims=len(latent_shape))


PRIORS = {"standard_normal": standard_normal}


@keras.saving.register_keras_serializable("keras_gen")
class VAE(Interpolation, GenerativeModel):
    """A variational autoencoder with a diagonal Gaussian posterior.

        loss = E_{z ~ p(z|x)}[-log q(x|z)] + beta KL(p(z|x) || q(z))

    With beta = 1 this is -ELBO, which is at least -log q(x). The expectation over z is one reparameterised draw an
    image.

    Reported terms, in nats an image, means over the batch: `negative_elbo` (the sum of the two below, whatever beta
    is), `reconstruction`, -log q(x|z), and `kl`, KL(p(z|x) || q(z)), exact where TFP knows the divergence and else
    log p(z|x) - log q(z) at the z drawn.

    A subclass may override `posterior` with `reparameterize`, `likelihood`, `prior`, `kl` or `objective`.

    Args:
        encoder: Network from data [batch, ...] to a list of two tensors, the posterior's mean and log variance, each
            [batch, *latent_shape].
        decoder: Network from latents [batch, *latent_shape] to what the likelihood takes: tensors of the data's shape.
        likelihood: `gaussian` (variance 1), `bernoulli`, or a `keras_gen.layers.Likelihood`.
        prior: `standard_normal`, or a function from the shape of one latent to a TFP distribution over such latents. It
            is registered with `keras.saving.register_keras_serializable` if the model is to be saved.
        beta: Weight of the KL term, at least 0.
        seed: Seed of every draw in training.
        **kwargs: Passed on to `keras.Model`.

    Raises:
        InputError: The networks do not fit each other, or an argument is out of range.
    """

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        likelihood: str | likelihoods.Likelihood = "gaussian",
        prior: str | Prior = "standard_normal",
        beta: float = 1.0,
        seed: int = 0,
        **kwargs,
    ):
        super().__init__(seed=seed, **kwargs)
        _check_networks(encoder, decoder)
        if not 0 <= beta < float("inf"):
            raise InputError(f"beta={beta}: must be a finite number, at least 0")
        self.encoder = encoder
        self.decoder = decoder
        self.likelihood_layer = likelihoods.get(likelihood)
        self.make_prior = _checked_prior(prior, self.latent_shape)
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
        return self.make_prior(self.latent_shape)

    def reparameterize(self, posterior: tfd.Distribution, noise: tf.Tensor) -> tf.Tensor:
        """Makes z [n, *latent_shape] with the posterior's distribution from standard normal noise of that shape."""
        return posterior.mean() + posterior.stddev() * noise

    # Training ----------------------------------------------------------------------------------------------------

    def term_names(self) -> tuple[str, ...]:
        """-ELBO, and the two terms that it is made of."""
        return ("negative_elbo", "reconstruction", "kl")

    def train_step(self, data) -> Terms:
        """One update of all weights on a batch: images, or a tuple (images, labels) whose labels are ignored."""
        x, noise = self._with_noise(data)
        terms = self.minimize(lambda: self.objective(x, noise), self.trainable_variables, self.optimizer)
        return self.report(terms)

    def test_step(self, data) -> Terms:
        """The terms of a batch, as in training but with the networks at inference; the noise is the next step's."""
        _, terms = self.objective(*self._with_noise(data), training=False)
        return self.running_means(terms)

    def _with_noise(self, data) -> tuple[tf.Tensor, tf.Tensor]:
        x = self._checked(data)
        return x, self.normal(tf.shape(x)[0], self.latent_shape, "posterior")

    def objective(self, x: tf.Tensor, noise: tf.Tensor, training: bool = True) -> tuple[tf.Tensor, Terms]:
        """The loss of a batch, and its terms; the noise [n, *latent_shape] makes z."""
        posterior = self.posterior(x, training=training)
        z = self.reparameterize(posterior, noise)
        reconstruction = tf.reduce_mean(-self.likelihood(z, training=training).log_prob(x))
        kl = tf.reduce_mean(self.kl(posterior, z))
        terms = {"negative_elbo": reconstruction + kl, "reconstruction": reconstruction, "kl": kl}
        return reconstruction + self.beta * kl, terms

    def kl(self, posterior: tfd.Distribution, z: tf.Tensor) -> tf.Tensor:
        """KL(p(z|x) || q(z)) [n], or, where TFP has no formula for it, its unbiased estimate at z drawn from p(z|x)."""
        try:
            return posterior.kl_divergence(self.prior)
        except NotImplementedError:
            return posterior.log_prob(z) - self.prior.log_prob(z)

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
        """Draws z ~ q(z), [num_samples, *latent_shape]; the same seed gives the same latents."""
        return self.prior.sample(num_samples, seed=tf.cast(stream_seed(seed, "sample"), tf.int32))

    def encode(self, images: tf.Tensor) -> tf.Tensor:
        """The mean of p(z|x), float32 [n, *latent_shape], of images [n, height, width, channels] in [-1, 1]."""
        return self.posterior(self._checked(images)).mean()

    def decode(self, latents: tf.Tensor) -> tf.Tensor:
        """The mean of q(x|z), float32 [n, height, width, channels], of latents [n, *latent_shape]."""
        return self.likelihood(Rows("latent_shape").checked(self, "latents", latents)).mean()

    def reconstruct(self, images: tf.Tensor) -> tf.Tensor:
        """`decode(encode(images))`, of images [n, height, width, channels] in [-1, 1]."""
        return self.decode(self.encode(images))

    def log_prob(self, images: tf.Tensor, num_draws: int = 100, seed: int = 0) -> tf.Tensor:
        """Estimates log q(x) by importance sampling: log 1/m sum_j q(x|z_j) q(z_j) / p(z_j|x), z_j ~ p(z|x).

        It lies below log q(x) in the mean, rises with the number of draws m towards it (Burda et al. 2015,
        arXiv 1509.00519), and with one draw is the ELBO. Always state m beside it.

        Args:
            images: [n, height, width, channels] in [-1, 1].
            num_draws: m, at least 1.
            seed: Seed of the draws; the first draws of many are those of a few.

        Returns:
            float32 [n], in nats, of the density on [-1, 1].

        Raises:
            InputError: `num_draws` is below 1, or the images are not what the model takes.
        """
        if num_draws < 1:
            raise InputError(f"num_draws={num_draws}: at least 1 is needed")
        images = self.likelihood_layer.checked(checked_images(images, "encoder", self.data_shape))
        return self._compiled_log_prob(images, tf.constant(num_draws, tf.int32), tf.constant(seed, tf.int32))

    @tf.function
    def _compiled_log_prob(self, images: tf.Tensor, num_draws: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        positive = tf.debugging.assert_positive(num_draws, "num_draws: at least 1 is needed")
        with tf.control_dependencies([positive]):
            draws = tf.range(num_draws)
        posterior = self.posterior(self._checked(images))
        noise_shape = tf.stack([tf.shape(images)[0], *self.latent_shape])

        def log_weight(draw: tf.Tensor) -> tf.Tensor:
            draw_seed = tf.random.fold_in(stream_seed(seed, "log_prob"), draw, alg="philox")
            z = self.reparameterize(posterior, tf.random.stateless_normal(noise_shape, draw_seed, alg="philox"))
            return self.likelihood(z).log_prob(images) + self.prior.log_prob(z) - posterior.log_prob(z)

        log_weights = tf.map_fn(log_weight, draws, fn_output_signature=tf.float32)
        return tf.reduce_logsumexp(log_weights, axis=0) - tf.math.log(tf.cast(num_draws, tf.float32))

    def endpoints(self) -> dict[str, Endpoint]:
        """`sample`, `decode`, `encode`, `reconstruct`, `interpolate`, `log_prob`, with the types of their arguments."""

        def images(name: str) -> tf.TensorSpec:
            return tf.TensorSpec([None, *self.data_shape], tf.float32, name)

        def number(name: str) -> tf.TensorSpec:
            return tf.TensorSpec([], tf.int32, name)

        return {
            **super().endpoints(),
            "encode": (self.encode, [images("images")]),
            "reconstruct": (self.reconstruct, [images("images")]),
            "interpolate": (self.interpolate, [images("start"), images("end"), number("num_points")]),
            "log_prob": (self._compiled_log_prob, [images("images"), number("num_draws"), number("seed")]),
        }

    def _checked(self, data) -> tf.Tensor:
        return self.likelihood_layer.checked(checked_images(data, "encoder", self.data_shape))

    # Saving ------------------------------------------------------------------------------------------------------

    def get_config(self) -> dict:
        """The arguments that build this model again."""
        serialize = keras.saving.serialize_keras_object
        return {
            **super().get_config(),
            "encoder": serialize(self.encoder),
            "decoder": serialize(self.decoder),
            "likelihood": serialize(self.likelihood_layer),
            "prior": serialize(self.make_prior),
            "beta": self.beta,
        }

    @classmethod
    def from_config(cls, config: dict, custom_objects: dict | None = None) -> "VAE":
        """Builds the model from `get_config`."""
        deserialize = keras.saving.deserialize_keras_object
        return cls(**{name: deserialize(value, custom_objects) for name, value in config.items()})


def _checked_prior(prior: str | Prior, latent_shape: tuple[int, ...]) -> Prior:
    if isinstance(prior, str):
        if prior not in PRIORS:
            raise InputError(f"prior={prior!r}: choose {', '.join(PRIORS)}, or give a function")
        return PRIORS[prior]
    if not callable(prior):
        raise InputError(
            f"prior={prior}: give a function from the shape of a latent to a TFP distribution, for it is made anew in "
            "every step"
        )
    made = prior(latent_shape)
    if made.event_shape != latent_shape or made.batch_shape.rank:
        raise InputError(
            f"prior: its event shape is {tuple(made.event_shape)}, its batch shape {tuple(made.batch_shape)}; must be "
            f"{latent_shape}, that of a latent, and ()"
        )
    return prior


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

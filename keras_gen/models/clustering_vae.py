"""`ClusteringVAE`: a VAE with a discrete latent beside the continuous one, which clusters while it encodes.

The post of 2018-09-17, whose equations are quoted by number. The script is `reproductions/vae_clustering.py`, its page
`reproductions/vae_clustering.md`, its tests `tests/models/test_clustering_vae.py`.
"""

from typing import Any

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from keras_gen.checks import check_choice, check_counts, check_defined, check_gives_logits, check_not_negative
from keras_gen.errors import InputError, check_input
from keras_gen.layers import likelihoods
from keras_gen.models.endpoints import IMAGES, PIXELS, Seed, WholeNumber, endpoint
from keras_gen.models.gaussian_autoencoder import GaussianAutoencoder
from keras_gen.models.reproducible_model import Terms
from keras_gen.utils import noise
from keras_gen.utils.noise import stream_seed

RATIOS = ("sampled", "analytic")
SAMPLE_CLUSTER = "sample_cluster"  # the stream of the draws from one cluster


@keras.saving.register_keras_serializable("keras_gen")
class ClusteringVAE(GaussianAutoencoder):
    """One-step clustering: the latent is (z, y), with y one of `num_clusters` clusters.

        p(z, y|x) = p(y|z) p(z|x),   q(x|z, y) = q(x|z),   q(z, y) = q(z|y) q(y)                        (3)
        loss = E_{z ~ p(z|x)}[ -log q(x|z)                                  (i)   keeps information
                               + sum_y p(y|z) log p(z|x)/q(z|y)             (ii)  draws z to a cluster
                               + KL(p(y|z) || q(y)) ]                       (iii) balances the clusters   (5)

    p(z|x) and q(x|z) are the encoder and the decoder of a VAE, p(y|z) is a classifier, q(z|y) = N(mu_y, I) with
    trainable mu_y, and q(y) is uniform. The loss is -ELBO: KL(p(x, z, y) || q(x, z, y)) (2) plus the entropy of the
    data.

    The ratio of (ii) is `sampled`, at the z that is drawn (8), which makes (5) an unbiased estimate; or `analytic`, as
    in the author's first version: sum_y p(y|z) KL(p(z|x) || q(z|y)), which is not, as p(y|z) depends on z.

    Reported terms, in nats per image: `negative_elbo`, the sum of `reconstruction` (i), `alignment` (ii) and `balance`
    (iii), whatever the weights; with the sampled ratio it is at least -log q(x) in the mean.

    >>> networks = keras_gen.networks.autoencoder
    >>> shape = (8, 8, 1)
    >>> model = keras_gen.models.ClusteringVAE(
    ...     networks.dense_encoder(shape, 2, (16,)),
    ...     networks.dense_decoder(shape, 2, (16,)),
    ...     networks.classifier(2, num_clusters=10),
    ... )
    >>> model.cluster(tf.zeros([3, *shape])).shape
    TensorShape([3])

    Args:
        encoder: See `VAE`.
        decoder: See `VAE`.
        classifier: Network from latents [batch, *latent_shape] to logits of p(y|z) [batch, num_clusters].
        likelihood: See `VAE`. The author's lambda, on images in [0, 1], is `GaussianLikelihood(4 / lambda)`.
        ratio: `sampled` or `analytic`.
        balance_weight: Weight of (iii), at least 0; 0 drops it.
        means_initializer: Keras initializer of mu_y [num_clusters, *latent_shape]; the author's is zeros.
        warm_up_steps: For so many steps all mu_y count as 0, so that the model trains as a plain VAE. Then they begin
            from their initial values, or from those that `keras_gen.callbacks.InitialClusters` finds in the codes.
        **kwargs: `beta`, the weight of (ii) and (iii) together; `seed`; and what `keras.Model` takes.

    Raises:
        InputError: The networks do not fit each other, there is no such ratio, or a number is out of range.
    """

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        classifier: keras.Model,
        likelihood: str | likelihoods.Likelihood = "gaussian",
        ratio: str = "sampled",
        balance_weight: float = 1.0,
        means_initializer: str | keras.initializers.Initializer = "zeros",
        warm_up_steps: int = 0,
        **kwargs: Any,
    ):
        super().__init__(encoder, decoder, likelihood, **kwargs)
        _check_classifier(classifier, self.latent_shape)
        check_choice("ratio", ratio, RATIOS)
        check_not_negative(balance_weight=balance_weight)
        check_counts(0, warm_up_steps=warm_up_steps)
        self.classifier = classifier
        self.warm_up_steps = warm_up_steps
        self.ratio = ratio
        self.balance_weight = balance_weight
        self.means_initializer = keras.initializers.get(means_initializer)
        self.means = self.add_weight(
            name="means",
            shape=(self.num_clusters, *self.latent_shape),
            dtype="float32",
            initializer=self.means_initializer,
        )

    # The distributions -------------------------------------------------------------------------------------------

    @property
    def num_clusters(self) -> int:
        """Number of values of y."""
        return self.classifier.output_shape[-1]

    @property
    def components(self) -> tfd.Distribution:
        """q(z|y) = N(mu_y, I), batch shape [num_clusters], event shape `latent_shape`."""
        return tfd.Independent(tfd.Normal(self.present_means, 1.0), reinterpreted_batch_ndims=len(self.latent_shape))

    @property
    def present_means(self) -> tf.Tensor:
        """The mu_y that count at the present step, float32 [num_clusters, *latent_shape]: 0 while it warms up."""
        return tf.where(self.step.value < self.warm_up_steps, 0.0, self.means.value)

    @property
    def prior(self) -> tfd.Distribution:
        """q(z), the uniform mixture of the q(z|y)."""
        return tfd.MixtureSameFamily(tfd.Categorical(logits=tf.zeros(self.num_clusters)), self.components)

    def log_membership(self, z: tf.Tensor, training: bool = False) -> tf.Tensor:
        """The logarithm of p(y|z), [n, num_clusters], in nats."""
        return tf.nn.log_softmax(tf.cast(self.classifier(z, training=training), tf.float32))

    # Training ----------------------------------------------------------------------------------------------------

    def term_names(self) -> tuple[str, ...]:
        """-ELBO, and the three terms that it is made of."""
        return ("negative_elbo", "reconstruction", "alignment", "balance")

    def objective(
        self, x: tf.Tensor, epsilon: tf.Tensor, *classes: tf.Tensor, training: bool = True
    ) -> tuple[tf.Tensor, Terms]:
        """Equation (5) for a batch, and its terms; the noise epsilon [n, *latent_shape] makes z."""
        posterior = self.posterior(x, training)  # p(z|x)
        z = self.reparameterize(posterior, epsilon)
        log_p_y = self.log_membership(z, training)  # log p(y|z)
        p_y, log_q_y = tf.exp(log_p_y), -tf.math.log(float(self.num_clusters))

        reconstruction = tf.reduce_mean(-self.likelihood(z, training).log_prob(x))  # (i)
        alignment = tf.reduce_mean(tf.reduce_sum(p_y * self.log_ratio(posterior, z), axis=1))  # (ii)
        balance = tf.reduce_mean(tf.reduce_sum(p_y * (log_p_y - log_q_y), axis=1))  # (iii)
        terms = {
            "negative_elbo": reconstruction + alignment + balance,
            "reconstruction": reconstruction,
            "alignment": alignment,
            "balance": balance,
        }
        # (5) has beta = balance_weight = 1
        return reconstruction + self.beta * (alignment + self.balance_weight * balance), terms

    def _with_noise(self, data: Any) -> tuple[tf.Tensor, ...]:
        check_gives_logits("classifier", self.classifier, "p(y|z) takes")
        return super()._with_noise(data)

    def log_ratio(self, posterior: tfd.Distribution, z: tf.Tensor) -> tf.Tensor:
        """The log p(z|x)/q(z|y) of (ii) [n, num_clusters]: at z (8) or, if `analytic`, its mean over p(z|x)."""
        if self.ratio == "analytic":
            return posterior[:, tf.newaxis].kl_divergence(self.components)
        return posterior.log_prob(z)[:, tf.newaxis] - self.components.log_prob(z[:, tf.newaxis])

    # Use ---------------------------------------------------------------------------------------------------------

    @endpoint(gives="number of a cluster", images=IMAGES)
    def cluster(self, images: tf.Tensor) -> tf.Tensor:
        """The most probable y at the mean of p(z|x), int32 [n], of images [n, height, width, channels] in [-1, 1]."""
        return tf.argmax(self.log_membership(self.encode(images)), axis=1, output_type=tf.int32)

    @endpoint(compiled=True, gives=PIXELS, cluster=WholeNumber(), num_samples=WholeNumber(at_least=1), seed=Seed())
    def sample_cluster(
        self, cluster: int | tf.Tensor, num_samples: int | tf.Tensor, seed: int | tf.Tensor = 0
    ) -> tf.Tensor:
        """Draws images of one cluster: z ~ q(z|y), then the mean of q(x|z).

        Args:
            cluster: y, from 0 to `num_clusters` - 1.
            num_samples: How many; the first of many are those of a few.
            seed: Seed of the draws. The same seed gives the same z - mu_y in every cluster.

        Returns:
            Images float32 [num_samples, height, width, channels].

        Raises:
            InputError: There is no such cluster, or `num_samples` is below 1.
        """
        exists = (cluster >= 0) & (cluster < self.num_clusters)
        message = f"cluster: must be from 0 to {self.num_clusters - 1}, got", cluster
        with tf.control_dependencies([check_input(exists, *message)]):
            mean = self.present_means[cluster]
        shape = tf.stack([num_samples, *self.latent_shape])
        return self.decode(mean + noise.normal(shape, stream_seed(seed, SAMPLE_CLUSTER)))

    def prior_in_numbers(self) -> dict[str, Any]:
        """See `GenerativeModel.prior_in_numbers`; with the stream of the draws from one cluster."""
        return {**super().prior_in_numbers(), "cluster_stream": noise.stream_number(SAMPLE_CLUSTER)}

    def get_config(self) -> dict[str, Any]:
        """The arguments that build this model again."""
        serialize = keras.saving.serialize_keras_object
        return {
            **super().get_config(),
            "classifier": serialize(self.classifier),
            "ratio": self.ratio,
            "balance_weight": self.balance_weight,
            "warm_up_steps": self.warm_up_steps,
            "means_initializer": serialize(self.means_initializer),
        }


def _check_classifier(classifier: keras.Model, latent_shape: tuple[int, ...]) -> None:
    check_defined(classifier=classifier)
    taken = tuple(classifier.input_shape[1:])
    if taken != latent_shape:
        raise InputError(f"the encoder's codes have shape {latent_shape}, the classifier takes {taken}")
    given = tuple(classifier.output_shape[1:])
    if len(given) != 1 or given[0] < 2:
        raise InputError(f"the classifier gives {given}; it must give one logit per cluster, and at least 2")

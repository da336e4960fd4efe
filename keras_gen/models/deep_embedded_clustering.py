"""`DeepEmbeddedClustering`: an autoencoder's codes, sharpened into clusters; what one-step clustering is compared with.

Xie et al. 2016, arXiv 1511.06335, whose equations are quoted by number; the post of 2018-09-17 names its accuracy on
MNIST. The script is `reproductions/vae_clustering.py`, the tests `tests/models/test_deep_embedded_clustering.py`.
"""

from typing import Any

import keras
import tensorflow as tf

from keras_gen.checks import check_counts, check_defined, check_momentum, checked_images
from keras_gen.errors import InputError
from keras_gen.models.endpoints import IMAGES, LATENTS, endpoint
from keras_gen.models.reproducible_model import ReproducibleModel, Terms


@keras.saving.register_keras_serializable("keras_gen")
class DeepEmbeddedClustering(ReproducibleModel):
    """Deep embedded clustering (DEC): after a warm-up as an autoencoder the codes move to their clusters.

        q_ij = (1 + |z_i - mu_j|^2)^-1 / sum_k (1 + |z_i - mu_k|^2)^-1,   z_i = encoder(x_i)            (1)
        p_ij = (q_ij^2 / f_j) / sum_k (q_ik^2 / f_k),                     f_j = sum_i q_ij              (3)
        loss = KL(P || Q) = mean_i sum_j p_ij log(p_ij / q_ij)                                          (2)

    In the first `warm_up_steps` steps the loss is mean_i |x_i - decoder(z_i)|^2 instead, which trains the encoder and
    the decoder; (2) takes over after them.

    The targets p_ij are constants to the gradient. The paper computes them over all images every so many updates; here
    each batch has its own, and the frequencies f_j are a running mean over the batches after the warm-up, in which the
    past has the weight `momentum`.

    The warm-up ends with `keras_gen.callbacks.InitialClusters`, which sets mu_j by k-means on the codes and
    resets the optimiser. Adam's moments would otherwise be those of the warm-up, whose gradients are far larger, and
    would keep the encoder almost still.

    Reported terms: `reconstruction`, the squared error per image; `divergence`, KL(P || Q) in nats. What is not
    minimised at the time is reported all the same.

    >>> networks = keras_gen.networks.autoencoder
    >>> encoder = networks.dense_encoder((8, 8, 1), 2, (16,))
    >>> model = keras_gen.models.DeepEmbeddedClustering(
    ...     keras.Model(encoder.input, encoder.outputs[0]),  # the mean alone
    ...     networks.dense_decoder((8, 8, 1), 2, (16,)),
    ...     num_clusters=10,
    ...     warm_up_steps=1_000,
    ... )
    >>> model.cluster(tf.zeros([3, 8, 8, 1])).shape
    TensorShape([3])

    Args:
        encoder: Network from images [batch, height, width, channels] to codes [batch, latent_dim].
        decoder: Network from codes to images.
        num_clusters: Number of clusters, at least 2.
        warm_up_steps: Steps as an autoencoder.
        momentum: Weight of the past in the frequencies f_j, at least 0 and below 1.
        seed: Seed of the initial mu_j.
        **kwargs: Passed on to `keras.Model`.

    Raises:
        InputError: The networks do not fit each other, or a number is out of range.
    """

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        num_clusters: int,
        warm_up_steps: int,
        momentum: float = 0.99,
        seed: int = 0,
        **kwargs: Any,
    ):
        super().__init__(seed=seed, **kwargs)
        _check_networks(encoder, decoder)
        check_counts(2, num_clusters=num_clusters)
        check_counts(0, warm_up_steps=warm_up_steps)
        check_momentum("momentum", momentum)
        self.encoder, self.decoder = encoder, decoder
        self.num_clusters, self.warm_up_steps, self.momentum = num_clusters, warm_up_steps, momentum
        normal = keras.initializers.RandomNormal(0, 1, seed)
        self.means = self.add_weight(name="means", shape=(num_clusters, *self.latent_shape), initializer=normal)
        self.frequencies = self.add_weight(
            name="frequencies",
            shape=(num_clusters,),
            initializer=keras.initializers.Constant(1 / num_clusters),
            trainable=False,
        )
        self.built = True

    # Training ----------------------------------------------------------------------------------------------------

    def term_names(self) -> tuple[str, ...]:
        """The loss of the warm-up, and that of the time after it."""
        return ("reconstruction", "divergence")

    def objective(self, images: tf.Tensor, training: bool = True) -> tuple[tf.Tensor, Terms]:
        """What is minimised at this step, and both terms."""
        z = self.encoder(images, training=training)
        squares = (images - tf.cast(self.decoder(z, training=training), tf.float32)) ** 2
        reconstruction = tf.reduce_mean(tf.reduce_sum(tf.reshape(squares, [tf.shape(images)[0], -1]), axis=1))

        log_q = self.log_membership(z)  # (1)
        target = self.target(tf.exp(log_q), training)  # (3)
        divergence = tf.reduce_mean(tf.reduce_sum(tf.math.xlogy(target, target) - target * log_q, axis=1))  # (2)

        loss = tf.where(self.step.value < self.warm_up_steps, reconstruction, divergence)
        return loss, {"reconstruction": reconstruction, "divergence": divergence}

    def log_membership(self, z: tf.Tensor) -> tf.Tensor:
        """The logarithm of q_ij (1), Student's t with one degree of freedom, float32 [n, num_clusters]."""
        squared_distances = tf.reduce_sum((tf.cast(z, tf.float32)[:, tf.newaxis] - self.means) ** 2, axis=-1)
        return tf.nn.log_softmax(-tf.math.log(1.0 + squared_distances))  # ONNX knows no log1p

    def target(self, q: tf.Tensor, training: bool = False) -> tf.Tensor:
        """The p_ij (3) of a batch's q_ij, [n, num_clusters], constant to the gradient; training updates the f_j."""
        q = tf.stop_gradient(q)
        frequencies = self.frequencies.value
        if training:
            batch = tf.distribute.get_replica_context().all_reduce(
                tf.distribute.ReduceOp.MEAN, tf.reduce_mean(q, axis=0)
            )
            moved = self.momentum * frequencies + (1 - self.momentum) * batch
            # Before the warm-up ends there are no clusters yet whose frequencies would mean anything.
            frequencies = tf.where(self.step.value < self.warm_up_steps, frequencies, moved)
            self.frequencies.assign(frequencies)
        weights = q**2 / tf.maximum(frequencies, keras.config.epsilon())
        return weights / tf.reduce_sum(weights, axis=1, keepdims=True)

    def train_step(self, data: Any) -> Terms:
        """One update on a batch: images, or a tuple (images, labels) whose labels are ignored."""
        images = checked_images(data, "encoder", self.data_shape)
        return self.report(self.minimize(lambda: self.objective(images), self.trainable_variables, self.optimizer))

    def test_step(self, data: Any) -> Terms:
        """The terms of a batch, as in training but with the networks at inference."""
        images = checked_images(data, "encoder", self.data_shape)
        _, terms = self.objective(images, training=False)
        return self.running_means(terms, tf.shape(images)[0])

    # Use ---------------------------------------------------------------------------------------------------------

    @property
    def latent_shape(self) -> tuple[int, ...]:
        """Shape of one code."""
        return tuple(self.encoder.output_shape[1:])

    @property
    def data_shape(self) -> tuple[int, ...]:
        """Shape of one image."""
        return tuple(self.encoder.input_shape[1:])

    @property
    def present_means(self) -> tf.Tensor:
        """The mu_j, float32 [num_clusters, latent_dim]."""
        return self.means.value

    def call(self, images: tf.Tensor) -> tf.Tensor:
        """The same as `encode`."""
        return self.encode(images)

    @endpoint(gives=LATENTS.unit, images=IMAGES)
    def encode(self, images: tf.Tensor) -> tf.Tensor:
        """Codes float32 [n, latent_dim] of images [n, height, width, channels] in [-1, 1]."""
        return tf.cast(self.encoder(images, training=False), tf.float32)

    @endpoint(gives="number of a cluster", images=IMAGES)
    def cluster(self, images: tf.Tensor) -> tf.Tensor:
        """The j of the largest q_ij, int32 [n], of images [n, height, width, channels] in [-1, 1]."""
        return tf.argmax(self.log_membership(self.encode(images)), axis=1, output_type=tf.int32)

    @endpoint(gives="probability", images=IMAGES)
    def memberships(self, images: tf.Tensor) -> tf.Tensor:
        """The q_ij, float32 [n, num_clusters], of images [n, height, width, channels] in [-1, 1]."""
        return tf.exp(self.log_membership(self.encode(images)))

    def get_config(self) -> dict[str, Any]:
        """The arguments that build this model again."""
        serialize = keras.saving.serialize_keras_object
        return {
            **super().get_config(),
            "encoder": serialize(self.encoder),
            "decoder": serialize(self.decoder),
            "num_clusters": self.num_clusters,
            "warm_up_steps": self.warm_up_steps,
            "momentum": self.momentum,
        }


def _check_networks(encoder: keras.Model, decoder: keras.Model) -> None:
    check_defined(encoder=encoder, decoder=decoder)
    codes = [tuple(output.shape[1:]) for output in encoder.outputs]
    if len(codes) != 1 or len(codes[0]) != 1:
        advice = "of a Gaussian encoder give keras.Model(encoder.input, encoder.outputs[0])"
        raise InputError(f"the encoder gives {codes}; it must give one code (latent_dim,): {advice}")
    taken, made = (tuple(shape[1:]) for shape in (decoder.input_shape, decoder.output_shape))
    if (taken, made) != (codes[0], tuple(encoder.input_shape[1:])):
        raise InputError(
            f"the decoder takes {taken} and gives {made}; it must take the encoder's codes {codes[0]} and give its "
            f"images {tuple(encoder.input_shape[1:])}"
        )

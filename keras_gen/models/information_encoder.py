"""`InformationEncoder`: the base of models that train an encoder by information, without a decoder."""

from typing import Any

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from keras_gen.checks import check_defined, check_shapes_known, checked_images
from keras_gen.errors import InputError, check_input
from keras_gen.losses import mutual_information
from keras_gen.models.endpoints import IMAGES, LATENTS, Rows, WholeNumber, endpoint
from keras_gen.models.priors import standard_normal
from keras_gen.models.reproducible_model import ReproducibleModel, Terms
from keras_gen.utils.neighbors import nearest_neighbors

CODES = Rows("code_shape", LATENTS.unit)


class InformationEncoder(ReproducibleModel):
    """A Gaussian encoder p(z|x), and discriminators T that tell an x and its own z from an x and the z of another.

    Encoder and discriminators minimise one loss together; neither is the other's adversary. Subclasses define
    `objective` and `term_names`.

    Args:
        encoder: Network from images [batch, ...] whose last two outputs are the mean and the logarithm of the variance
            of p(z|x), both [batch, latent_dim].
        seed: Seed of every draw in training.
        **kwargs: Passed on to `keras.Model`.

    Raises:
        InputError: The encoder has other outputs.
    """

    def __init__(self, encoder: keras.Model, seed: int = 0, **kwargs: Any):
        super().__init__(seed=seed, **kwargs)
        check_defined(encoder=encoder)
        shapes = [tuple(output.shape) for output in encoder.outputs]
        if len(shapes) < 2 or shapes[-2] != shapes[-1] or len(shapes[-1]) != 2:
            raise InputError(
                f"the encoder gives {', '.join(map(str, shapes))}: its last two outputs must be mean and log variance "
                "of the code, both [batch, latent_dim]"
            )
        self.encoder = encoder

    # The distributions -------------------------------------------------------------------------------------------

    @property
    def latent_dim(self) -> int:
        """Dimension of a code."""
        return self.encoder.outputs[-1].shape[-1]

    @property
    def data_shape(self) -> tuple[int, ...]:
        """Shape of one image."""
        return tuple(self.encoder.input_shape[1:])

    @property
    def prior(self) -> tfd.Distribution:
        """q(z) = N(0, I), event shape (latent_dim,)."""
        return standard_normal((self.latent_dim,))

    def posterior(self, images: tf.Tensor, training: bool = False) -> tfd.Distribution:
        """p(z|x), batch shape [n], event shape (latent_dim,)."""
        return self.gaussian(self.encoder(images, training=training))

    def gaussian(self, outputs: list[tf.Tensor]) -> tfd.Distribution:
        """p(z|x) of the encoder's outputs."""
        mean, log_variance = (tf.cast(output, tf.float32) for output in outputs[-2:])
        return tfd.Independent(tfd.Normal(mean, tf.exp(log_variance / 2)), reinterpreted_batch_ndims=1)

    # Training ----------------------------------------------------------------------------------------------------

    @property
    def codes_of_others(self) -> int:
        """Codes of other images of the batch that an image is paired with."""
        return 1

    def data_checks(self, images: tf.Tensor, *targets: tf.Tensor) -> list[tf.Operation | None]:
        """Those of every model, and that there are images enough to pair each with others."""
        count = tf.shape(images)[0]
        message = f"each image is paired with {self.codes_of_others} others: give larger batches than one of"
        return [*super().data_checks(images, *targets), check_input(count > self.codes_of_others, message, count)]

    def train_step(self, data: Any) -> Terms:
        """One update of all weights on a batch: images, or a tuple (images, labels) whose labels are ignored."""
        images = checked_images(data, "encoder", self.data_shape)
        terms = self.minimize(lambda: self.objective(images), self.trainable_variables, self.optimizer)
        return self.report(terms)

    def test_step(self, data: Any) -> Terms:
        """The terms of a batch, as in training but with the networks at inference; the noise is the next step's."""
        images = checked_images(data, "encoder", self.data_shape)
        _, terms = self.objective(images, training=False)
        return self.running_means(terms, tf.shape(images)[0])

    def objective(self, images: tf.Tensor, training: bool = True) -> tuple[tf.Tensor, Terms]:
        """The loss of a batch, and its terms."""
        raise NotImplementedError

    def draw(self, posterior: tfd.Distribution) -> tf.Tensor:
        """The codes z [batch, latent_dim], reparameterised, from this step's noise."""
        noise = self.normal(tf.shape(posterior.mean())[0], (self.latent_dim,), "posterior")
        return posterior.mean() + posterior.stddev() * noise

    def pair_scores(
        self,
        discriminator: keras.Model,
        x: tf.Tensor,
        codes: tf.Tensor,
        stream: str,
        num_shuffles: int = 1,
        training: bool = True,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """T of each x with its own code [batch, ..., 1] and with those of others of the batch [batch, ..., m], float32.

        Also where a network of one's own computes in less.
        """
        noise = self.uniform(tf.shape(codes)[0], (), f"{stream}/shuffle")
        others = mutual_information.shuffled(codes, noise, num_shuffles)
        scores = discriminator((x, tf.concat([codes[:, tf.newaxis], others], axis=1)), training=training)
        scores = tf.cast(scores, tf.float32)
        return scores[..., :1], scores[..., 1:]

    # Use ---------------------------------------------------------------------------------------------------------

    @property
    def code_shape(self) -> tuple[int, ...]:
        """Shape of one code."""
        return (self.latent_dim,)

    def call(self, images: tf.Tensor) -> tf.Tensor:
        """The same as `encode`."""
        return self.encode(images)

    @endpoint(gives=LATENTS.unit, images=IMAGES)
    def encode(self, images: tf.Tensor) -> tf.Tensor:
        """The mean of p(z|x), float32 [n, latent_dim], of images [n, height, width, channels] in [-1, 1]."""
        return self.posterior(images).mean()

    @endpoint(gives=("number of a code", "distance"), queries=CODES, codes=CODES, num_neighbors=WholeNumber(at_least=1))
    def neighbors(
        self, queries: tf.Tensor, codes: tf.Tensor, num_neighbors: int | tf.Tensor, distance: str = "euclidean"
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """For codes [q, latent_dim] the nearest of codes [n, latent_dim]; see `keras_gen.utils.nearest_neighbors`.

        The codes of a collection are made once, by `encode`, and serve every query.

        Returns:
            Numbers of the nearest, int32 [q, num_neighbors], and their distances, float32, the nearest first.
        """
        return nearest_neighbors(queries, codes, num_neighbors, distance)

    @endpoint(gives=("number of a code", "distance"), queries=CODES, codes=CODES, num_neighbors=WholeNumber(at_least=1))
    def cosine_neighbors(
        self, queries: tf.Tensor, codes: tf.Tensor, num_neighbors: int | tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """`neighbors` by cosine distance."""
        return nearest_neighbors(queries, codes, num_neighbors, "cosine")

    def get_config(self) -> dict[str, Any]:
        """The arguments that build this model again."""
        return {**super().get_config(), "encoder": keras.saving.serialize_keras_object(self.encoder)}


def check_discriminator(
    name: str, discriminator: keras.Model, x_shape: tuple[int, ...], latent_dim: int, positions: int
) -> None:
    """Checks that a discriminator takes what it is given.

    Args:
        name: What messages call it.
        discriminator: The network.
        x_shape: Shape of what its codes are paired with.
        latent_dim: Dimension of the codes.
        positions: How many of the leading axes of `x_shape` are positions, each with scores of its own.

    Raises:
        InputError: It takes something else, or does not give one score per code.
    """
    check_shapes_known(**{name.removeprefix("the "): discriminator})
    inputs = [tuple(tensor.shape[1:]) for tensor in discriminator.inputs]
    if len(inputs) != 2 or inputs[0] != x_shape or len(inputs[1]) != 2 or inputs[1][-1] != latent_dim:
        raise InputError(
            f"{name} takes rows of {' and '.join(map(str, inputs))}; it is given {x_shape} and codes [m, {latent_dim}]"
        )
    given, expected = tuple(discriminator.output_shape[1:]), (*x_shape[:positions], None)
    if len(given) != len(expected) or given[:-1] != expected[:-1]:
        raise InputError(f"{name} gives rows of {given}; it must give a score for each of m codes, {expected}")

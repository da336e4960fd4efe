"""`EncodingModel`: a generative model that also finds the latent of an image, and so draws images between images."""

import math

import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.models.endpoints import IMAGES, LATENTS, PIXELS, Rows, WholeNumber, endpoint
from keras_gen.models.generative_model import GenerativeModel


class EncodingModel(GenerativeModel):
    """A `GenerativeModel` with a map `encode` from images to latents.

    Subclasses define what `GenerativeModel` asks for, `encode` and `data_shape`.
    """

    @property
    def data_shape(self) -> tuple[int, ...]:
        """Shape of one image, or of what else is modelled."""
        raise NotImplementedError

    @property
    def corners_shape(self) -> tuple[int, ...]:
        """Shape of four images."""
        return (4, *self.data_shape)

    @endpoint(gives=LATENTS.unit, images=IMAGES)
    def encode(self, images: tf.Tensor) -> tf.Tensor:
        """Maps images [n, height, width, channels] in [-1, 1] to latents float32 [n, *latent_shape].

        Raises:
            InputError: The images have another shape or type.
        """
        raise NotImplementedError

    @endpoint(gives=PIXELS, start=IMAGES, end=IMAGES, num_points=WholeNumber(at_least=2))
    def interpolate(self, start: tf.Tensor, end: tf.Tensor, num_points: int | tf.Tensor = 8) -> tf.Tensor:
        """Decodes evenly spaced points of the lines from the latents of `start` to those of `end`.

        Args:
            start: Images [n, height, width, channels] in [-1, 1].
            end: As many others.
            num_points: Points on each line, its two ends included; at least 2.

        Returns:
            Images float32 [n, num_points, height, width, channels].

        Raises:
            InputError: `num_points` is below 2, or the images are not what the model takes, or differ in number.
        """
        return self.decoded_mixtures(self._encoded(_pairs(start, end)), line(num_points))

    @endpoint(gives=PIXELS, corners=Rows("corners_shape", PIXELS), num_points=WholeNumber(at_least=2))
    def interpolate_four(self, corners: tf.Tensor, num_points: int | tf.Tensor = 8) -> tf.Tensor:
        """Decodes a square grid between the latents of four images: the first two above, the last two below.

        Args:
            corners: Images [n, 4, height, width, channels] in [-1, 1].
            num_points: Points on each side, its two ends included; at least 2.

        Returns:
            Images float32 [n, num_points², height, width, channels], row by row.

        Raises:
            InputError: `num_points` is below 2, or the images are not four, or not what the model takes.
        """
        return self.decoded_mixtures(self._encoded(corners), square(num_points))

    def decoded_mixtures(self, latents: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        """Decodes mixtures of latents [n, k, *latent_shape], with weights [m, k] such as `line` and `square` give.

        Returns:
            Images float32 [n, m, height, width, channels].
        """
        (n, k), m = tf.unstack(tf.shape(latents)[:2]), tf.shape(weights)[0]
        flat = tf.reshape(latents, [n, k, math.prod(self.latent_shape)])
        mixtures = tf.reshape(tf.einsum("mk,nkd->nmd", weights, flat), [-1, *self.latent_shape])
        return tf.reshape(self.decode(mixtures), [n, m, *self.data_shape])

    def _encoded(self, images: tf.Tensor) -> tf.Tensor:
        """Latents [n, k, *latent_shape] of images [n, k, *data_shape]."""
        latents = self.encode(tf.reshape(images, [-1, *self.data_shape]))
        return tf.reshape(latents, [*tf.unstack(tf.shape(images)[:2]), *self.latent_shape])


def line(num_points: int | tf.Tensor) -> tf.Tensor:
    """Weights [num_points, 2] of the two ends of a line, at evenly spaced points."""
    right = tf.linspace(0.0, 1.0, num_points)
    return tf.stack([1 - right, right], axis=1)


def square(num_points: int | tf.Tensor) -> tf.Tensor:
    """Weights [num_points², 4] of a square's corners, two above and two below, at the points of a grid, row by row."""
    points = tf.linspace(0.0, 1.0, num_points)
    down, right = (tf.reshape(grid, [-1]) for grid in tf.meshgrid(points, points, indexing="ij"))
    return tf.stack([(1 - down) * (1 - right), (1 - down) * right, down * (1 - right), down * right], axis=1)


def _pairs(start: tf.Tensor, end: tf.Tensor) -> tf.Tensor:
    """The images where the lines start and those where they end, [n, 2, ...].

    Raises:
        InputError: Their numbers differ. In a graph, where only the values tell, this is an `InvalidArgumentError`.
    """
    if not start.shape[:1].is_compatible_with(end.shape[:1]):
        raise InputError(f"start has {start.shape[0]} images, end has {end.shape[0]}; give equal numbers")
    as_many = tf.debugging.assert_equal(
        tf.shape(start)[0], tf.shape(end)[0], "start and end: give equal numbers of images"
    )
    with tf.control_dependencies([as_many]):
        return tf.stack([start, end], axis=1)

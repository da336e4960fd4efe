"""`Interpolation`: images between images, by their codes."""

import math

import tensorflow as tf

from keras_gen.errors import InputError


class Interpolation:
    """For a model with `encode` and `decode`, `data_shape` and `latent_shape`, and `_checked` for its images.

    It stands before that class: `class Model(Interpolation, GenerativeModel)`.
    """

    def interpolate(self, start: tf.Tensor, end: tf.Tensor, num_points: int | tf.Tensor = 8) -> tf.Tensor:
        """Decodes evenly spaced points of the lines from the codes of `start` to those of `end`.

        Args:
            start: Images [n, height, width, channels] in [-1, 1].
            end: As many others.
            num_points: Points of a line, its two ends included; at least 2.

        Returns:
            Images float32 [n, num_points, height, width, channels].

        Raises:
            InputError: `num_points` is below 2, or the images are not what the model takes, or not as many.
        """
        images = _pairs(self._checked(start), self._checked(end))
        return self._decoded_mixtures(images, _between_two(num_points))

    def interpolate_four(self, corners: tf.Tensor, num_points: int | tf.Tensor = 8) -> tf.Tensor:
        """Decodes a square grid between the codes of four images: the first two above, the last two below.

        Args:
            corners: Images [n, 4, height, width, channels] in [-1, 1].
            num_points: Points of a side, its two ends included; at least 2.

        Returns:
            Images float32 [n, num_points², height, width, channels], row by row.

        Raises:
            InputError: `num_points` is below 2, or the images are not four, or not what the model takes.
        """
        corners = tf.convert_to_tensor(corners)
        if not corners.shape.is_compatible_with([None, 4, *self.data_shape]):
            needed = ", ".join(map(str, ("n", 4, *self.data_shape)))
            raise InputError(f"corners have shape {tuple(corners.shape)}; give [{needed}]")
        return self._decoded_mixtures(corners, _between_four(num_points))

    def _decoded_mixtures(self, images: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        """Decodes mixtures of the codes of images [n, k, *data_shape], with weights [m, k]; [n, m, *data_shape]."""
        (n, k), m = tf.unstack(tf.shape(images)[:2]), tf.shape(weights)[0]
        codes = self.encode(tf.reshape(images, [-1, *self.data_shape]))
        mixtures = tf.einsum("mk,nkd->nmd", weights, tf.reshape(codes, [n, k, math.prod(self.latent_shape)]))
        decoded = self.decode(tf.reshape(mixtures, [-1, *self.latent_shape]))
        return tf.reshape(decoded, [n, m, *self.data_shape])


def line(num_points: int | tf.Tensor) -> tf.Tensor:
    """Evenly spaced numbers from 0 to 1.

    Raises:
        InputError: `num_points` is below 2; of a symbolic tensor, it is an `InvalidArgumentError` when run.
    """
    known = tf.get_static_value(num_points)
    if known is not None and known < 2:
        raise InputError(f"num_points={known}: a line has at least 2")
    enough = tf.debugging.assert_greater_equal(num_points, 2, "num_points: a line has at least 2")
    with tf.control_dependencies([enough]):
        return tf.linspace(0.0, 1.0, num_points)


def _between_two(num_points: int | tf.Tensor) -> tf.Tensor:
    """Weights [num_points, 2] of a line's two ends."""
    weights = line(num_points)
    return tf.stack([1 - weights, weights], axis=1)


def _between_four(num_points: int | tf.Tensor) -> tf.Tensor:
    """Weights [num_points², 4] of a square's corners, the first two above, the last two below; row by row."""
    weights = line(num_points)
    down, right = (tf.reshape(grid, [-1]) for grid in tf.meshgrid(weights, weights, indexing="ij"))
    each = [(1 - down) * (1 - right), (1 - down) * right, down * (1 - right), down * right]
    return tf.stack(each, axis=1)


def _pairs(start: tf.Tensor, end: tf.Tensor) -> tf.Tensor:
    """As many images to begin at as to end at, [n, 2, ...].

    Raises:
        InputError: Their numbers differ; of symbolic tensors, it is an `InvalidArgumentError` when run.
    """
    if not start.shape[:1].is_compatible_with(end.shape[:1]):
        raise InputError(f"start has {start.shape[0]} images, end has {end.shape[0]}; give as many")
    as_many = tf.debugging.assert_equal(tf.shape(start)[0], tf.shape(end)[0], "start and end: give as many images")
    with tf.control_dependencies([as_many]):
        return tf.stack([start, end], axis=1)

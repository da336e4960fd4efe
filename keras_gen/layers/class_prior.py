"""`ClassPrior`: a Gaussian of latents for every class, learnt with the model."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from keras_gen.utils import noise
from keras_gen.utils.noise import SAMPLE, stream_seed


class ClassPrior(keras.layers.Layer):
    """q(z|y) = N(mu_y, sigma_y^2), independent numbers; mu_y begins as 0 and sigma_y as 1.

    Args:
        num_classes: Number of classes.
        latent_shape: Shape of one latent.
        learns_deviations: Whether sigma_y is learnt too, rather than 1.
        free_shape: Of latents that are vectors, the numbers that depend on the class, the first ones, as a map
            (height, width, channels), whose positions share mu_y and sigma_y; all others are N(0, 1). None: all numbers
            of a latent depend on the class, each by itself.
        **kwargs: Passed on to `keras.layers.Layer`.
    """

    def __init__(
        self,
        num_classes: int,
        latent_shape: Sequence[int],
        learns_deviations: bool = False,
        free_shape: Sequence[int] | None = None,
        **kwargs: object,
    ):
        super().__init__(**kwargs)
        self.num_classes = num_classes
        self.latent_shape = tuple(latent_shape)
        self.free_shape = None if free_shape is None else tuple(free_shape)
        shape = self.latent_shape if self.free_shape is None else self.free_shape[-1:]
        self.means = self.add_weight(name="means", shape=(num_classes, *shape), initializer="zeros")
        self.log_deviations = (
            self.add_weight(name="log_deviations", shape=(num_classes, *shape), initializer="zeros")
            if learns_deviations
            else None
        )
        self.built = True

    @property
    def components(self) -> tfd.Distribution:
        """q(z|y) for every y, batch shape [num_classes], event shape `latent_shape`."""
        return self._gaussians(*self._tables())

    @property
    def mixture(self) -> tfd.Distribution:
        """q(z), in which all classes are equally likely; batch shape ()."""
        return tfd.MixtureSameFamily(tfd.Categorical(logits=tf.zeros(self.num_classes)), self.components)

    def of(self, classes: tf.Tensor) -> tfd.Distribution:
        """q(z|y), batch shape [n], of one-hot rows float32 [n, num_classes]."""
        return self._gaussians(*self._moments(classes))

    def draw(self, classes: tf.Tensor, seed: int | tf.Tensor, temperature: float | tf.Tensor = 1.0) -> tf.Tensor:
        """Draws z ~ q(z|y), [n, *latent_shape], with deviations scaled by a temperature.

        The same seed gives the same (z - mu_y) / sigma_y in every class.
        """
        mean, deviation = self._moments(classes)
        return mean + temperature * deviation * noise.normal(tf.shape(mean), stream_seed(seed, SAMPLE))

    def in_numbers(self) -> dict[str, Any]:
        """How `draw` draws, as JSON can hold it; see `GenerativeModel.prior_in_numbers`."""
        moments = zip(("means", "deviations"), self._tables(), strict=True)
        return {
            "kind": "classes",
            "shape": list(self.latent_shape),
            "stream": noise.stream_number(SAMPLE),
            **{name: moment.numpy().tolist() for name, moment in moments},
        }

    def _tables(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Means and deviations of all classes, [num_classes, *latent_shape]."""
        means = self._table(self.means)
        if self.log_deviations is None:
            return means, tf.ones_like(means)
        return means, tf.exp(self._table(self.log_deviations))

    def _table(self, weight: keras.Variable) -> tf.Tensor:
        """The numbers of all latents, [num_classes, *latent_shape]."""
        if self.free_shape is None:
            return weight.value
        of_positions = tf.tile(weight.value, [1, math.prod(self.free_shape[:-1])])
        return tf.pad(of_positions, [[0, 0], [0, self.latent_shape[0] - math.prod(self.free_shape)]])

    def _moments(self, classes: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        means, deviations = self._tables()
        return tf.tensordot(classes, means, 1), tf.tensordot(classes, deviations, 1)

    def _gaussians(self, means: tf.Tensor, deviations: tf.Tensor) -> tfd.Distribution:
        return tfd.Independent(tfd.Normal(means, deviations), reinterpreted_batch_ndims=len(self.latent_shape))

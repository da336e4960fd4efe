"""`GenerativeModel`: a model that samples, in Python and as a SavedModel."""

import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.models.reproducible_model import Endpoint, ReproducibleModel


class GenerativeModel(ReproducibleModel):
    """A model with latents z and a deterministic map `decode` from latents to data.

    Subclasses define `latents`, `decode` and `latent_shape`; what else they can do (`encode`, `reconstruct` ...)
    they add to `endpoints`, and it is exported under that name.
    """

    @property
    def latent_shape(self) -> tuple[int, ...]:
        """Shape of one latent."""
        raise NotImplementedError

    def latents(self, num_samples: int | tf.Tensor, seed: int | tf.Tensor) -> tf.Tensor:
        """Draws latents [num_samples, *latent_shape] from the prior; the same seed gives the same latents."""
        raise NotImplementedError

    def decode(self, latents: tf.Tensor) -> tf.Tensor:
        """Maps latents [n, *latent_shape] to images float32 [n, height, width, channels] in [-1, 1].

        Raises:
            InputError: Latents of another shape.
        """
        raise NotImplementedError

    def checked_latents(self, latents: tf.Tensor) -> tf.Tensor:
        """The same latents, if `decode` can take them."""
        if not hasattr(latents, "shape"):
            latents = tf.convert_to_tensor(latents)
        given, needed = tf.TensorShape(latents.shape), (None, *self.latent_shape)
        if not given.is_compatible_with(needed):
            raise InputError(f"latents have shape {tuple(given)}; give [{', '.join(map(str, ('n', *needed[1:])))}]")
        return latents

    def call(self, latents: tf.Tensor) -> tf.Tensor:
        """The same as `decode`."""
        return self.decode(latents)

    def sample(self, num_samples: int, seed: int = 0) -> tf.Tensor:
        """Draws images float32 [num_samples, height, width, channels] in [-1, 1].

        The same seed gives the same images, and the first of many are those of a few. They are decoded at once; for
        more than fit in memory, draw `latents` and `decode` them in parts.

        Raises:
            InputError: `num_samples` is below 1.
        """
        if num_samples < 1:
            raise InputError(f"num_samples={num_samples}: ask for at least 1 sample")
        return self._compiled_sample(tf.constant(num_samples, tf.int32), tf.constant(seed, tf.int32))

    @tf.function
    def _compiled_sample(self, num_samples: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        positive = tf.debugging.assert_positive(num_samples, "num_samples: ask for at least 1 sample")
        with tf.control_dependencies([positive]):
            return self.decode(self.latents(num_samples, seed))

    def endpoints(self) -> dict[str, Endpoint]:
        """`sample` and `decode`, with the types of their arguments."""
        number = tf.TensorSpec([], tf.int32)
        return {
            "sample": (
                self._compiled_sample,
                [_named(number, "num_samples"), _named(number, "seed")],
            ),
            "decode": (
                self.decode,
                [tf.TensorSpec([None, *self.latent_shape], tf.float32, "latents")],
            ),
        }


def _named(spec: tf.TensorSpec, name: str) -> tf.TensorSpec:
    return tf.TensorSpec(spec.shape, spec.dtype, name)

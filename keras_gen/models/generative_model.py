"""`GenerativeModel`: a model that samples, in Python and as a SavedModel."""

import tensorflow as tf

from keras_gen.models.endpoints import Rows, WholeNumber, endpoint
from keras_gen.models.reproducible_model import ReproducibleModel


class GenerativeModel(ReproducibleModel):
    """A model with latents z and a deterministic map `decode` from latents to data.

    Subclasses define `latents`, `decode` and `latent_shape`; what else they can do (`encode`, `reconstruct` ...) are
    further endpoints.
    """

    @property
    def latent_shape(self) -> tuple[int, ...]:
        """Shape of one latent."""
        raise NotImplementedError

    def latents(self, num_samples: int | tf.Tensor, seed: int | tf.Tensor) -> tf.Tensor:
        """Draws latents [num_samples, *latent_shape] from the prior; the same seed gives the same latents."""
        raise NotImplementedError

    def call(self, latents: tf.Tensor) -> tf.Tensor:
        """The same as `decode`."""
        return self.decode(latents)

    @endpoint(compiled=True, num_samples=WholeNumber(at_least=1), seed=WholeNumber())
    def sample(self, num_samples: int | tf.Tensor, seed: int | tf.Tensor = 0) -> tf.Tensor:
        """Draws images float32 [num_samples, height, width, channels] in [-1, 1].

        The same seed gives the same images, and the first of many are those of a few. They are decoded at once; for
        more than fit in memory, draw `latents` and `decode` them in parts.

        Raises:
            InputError: `num_samples` is below 1.
        """
        return self.decode(self.latents(num_samples, seed))

    @endpoint(latents=Rows("latent_shape"))
    def decode(self, latents: tf.Tensor) -> tf.Tensor:
        """Maps latents [n, *latent_shape] to images float32 [n, height, width, channels] in [-1, 1].

        Raises:
            InputError: The latents have another shape.
        """
        raise NotImplementedError

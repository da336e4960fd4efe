"""`GenerativeModel`: a model that samples, in Python and as a SavedModel."""

from typing import Any

import tensorflow as tf
from numpy.typing import ArrayLike

from keras_gen.models.endpoints import LATENTS, PIXELS, Endpoint, Label, Labels, Seed, WholeNumber, endpoint
from keras_gen.models.priors import standard_normal_in_numbers
from keras_gen.models.reproducible_model import ReproducibleModel
from keras_gen.utils import noise
from keras_gen.utils.noise import SAMPLE, stream_seed


class GenerativeModel(ReproducibleModel):
    """A model with latents z and a deterministic map `decode` from latents to data.

    Subclasses define `decode` and `latent_shape`, and `latents` with `prior_in_numbers` if the prior is not N(0, I);
    what else they can do (`encode`, `reconstruct` ...) are further endpoints. The `latents` of a conditional model, one
    with `num_classes`, take labels [num_samples] too.
    """

    @property
    def latent_shape(self) -> tuple[int, ...]:
        """Shape of one latent."""
        raise NotImplementedError

    def latents(self, num_samples: int | tf.Tensor, seed: int | tf.Tensor) -> tf.Tensor:
        """Draws z ~ N(0, I), [num_samples, *latent_shape]; the same seed gives the same latents."""
        return noise.normal(tf.stack([num_samples, *self.latent_shape]), stream_seed(seed, SAMPLE))

    def prior_in_numbers(self) -> dict[str, Any]:
        """How `latents` are drawn, as JSON can hold it: what `keras_gen.portable.sampling.latents` draws from."""
        return standard_normal_in_numbers(self.latent_shape)

    def call(self, latents: tf.Tensor) -> tf.Tensor:
        """The same as `decode`."""
        return self.decode(latents)

    @endpoint(compiled=True, gives=PIXELS, num_samples=WholeNumber(at_least=1), seed=Seed(), labels=Labels())
    def sample(
        self, num_samples: int | tf.Tensor, seed: int | tf.Tensor = 0, labels: ArrayLike | tf.Tensor | None = None
    ) -> tf.Tensor:
        """Draws images float32 [num_samples, height, width, channels] in [-1, 1].

        The same seed gives the same images, and the first of many are those of a few. They are decoded at once; for
        more than fit in memory, draw `latents` and `decode` them in parts.

        Args:
            num_samples: How many, at least 1.
            seed: Seed of the draws.
            labels: The class of each image, whole numbers [num_samples], of a conditional model; by default each class
                in turn, beginning with 0.

        Raises:
            InputError: `num_samples` is below 1, or a label is not a class of this model.
        """
        return self.decode(self.latents(num_samples, seed, *(() if labels is None else (labels,))))

    @endpoint(compiled=True, gives=PIXELS, num_samples=WholeNumber(at_least=1), seed=Seed(), label=Label())
    def sample_class(self, num_samples: int | tf.Tensor, seed: int | tf.Tensor, label: int | tf.Tensor) -> tf.Tensor:
        """Draws images of one class of a conditional model, as `sample` does; a seed gives every class the same noise.

        Raises:
            InputError: `num_samples` is below 1, or there is no such class.
        """
        return self.sample(num_samples, seed, labels=tf.fill([num_samples], label))

    def endpoints(self) -> dict[str, Endpoint]:
        """See `ReproducibleModel.endpoints`; `sample_class` for a conditional model alone."""
        found = super().endpoints()
        if self.num_classes is None:
            found.pop("sample_class", None)
        return found

    @endpoint(gives=PIXELS, latents=LATENTS)
    def decode(self, latents: tf.Tensor) -> tf.Tensor:
        """Maps latents [n, *latent_shape] to images float32 [n, height, width, channels] in [-1, 1].

        Raises:
            InputError: The latents have another shape.
        """
        raise NotImplementedError

"""`TemperedModel`: a model with latents z ~ N(0, I), which can also be drawn at another temperature."""

from typing import Any

import tensorflow as tf
from numpy.typing import ArrayLike
from tensorflow_probability import distributions as tfd

from keras_gen.models.classes import of_samples
from keras_gen.models.encoding_model import EncodingModel
from keras_gen.models.endpoints import PIXELS, Labels, Number, Seed, WholeNumber, endpoint
from keras_gen.models.priors import standard_normal
from keras_gen.utils import noise
from keras_gen.utils.noise import SAMPLE, stream_seed


class TemperedModel(EncodingModel):
    """An `EncodingModel` whose samples are drawn at a temperature."""

    @property
    def prior(self) -> tfd.Distribution:
        """q(z) = N(0, I), event shape `latent_shape`."""
        return standard_normal(self.latent_shape)

    def prior_in_numbers(self) -> dict[str, Any]:
        """See `GenerativeModel.prior_in_numbers`."""
        return {**super().prior_in_numbers(), "temperature": 1.0}

    def latents(
        self,
        num_samples: int | tf.Tensor,
        seed: int | tf.Tensor,
        labels: tf.Tensor | None = None,
        temperature: float | tf.Tensor = 1.0,
    ) -> tf.Tensor:
        """Draws z ~ N(0, temperature^2 I), [num_samples, *latent_shape]; the same seed gives the same latents.

        Raises:
            InputError: There are labels, which only a conditional model takes.
        """
        of_samples(self.num_classes, num_samples, labels)
        return temperature * noise.normal(tf.stack([num_samples, *self.latent_shape]), stream_seed(seed, SAMPLE))

    @endpoint(
        compiled=True,
        gives=PIXELS,
        num_samples=WholeNumber(at_least=1),
        seed=Seed(),
        labels=Labels(),
        temperature=Number(at_least=0.0, exported=False),
    )
    def sample(
        self,
        num_samples: int | tf.Tensor,
        seed: int | tf.Tensor = 0,
        labels: ArrayLike | tf.Tensor | None = None,
        temperature: float | tf.Tensor = 1.0,
    ) -> tf.Tensor:
        """Draws images float32 [num_samples, height, width, channels] in [-1, 1]; see `GenerativeModel.sample`.

        Args:
            num_samples: How many, at least 1.
            seed: Seed of the draws.
            labels: The class of each image, of a conditional model; by default each in turn.
            temperature: Factor of the latents' standard deviation, at least 0. At 0 all images, of a class, are one.

        Raises:
            InputError: `num_samples`, `temperature` or a label is out of range.
        """
        return self.decode(self.latents(num_samples, seed, labels, temperature))

    @endpoint(gives=PIXELS, num_samples=WholeNumber(at_least=1), seed=Seed(), temperature=Number(at_least=0.0))
    def sample_at_temperature(
        self, num_samples: int | tf.Tensor, seed: int | tf.Tensor, temperature: float | tf.Tensor
    ) -> tf.Tensor:
        """`sample` at a temperature, as exported functions take it: without labels, of which they have the default.

        Raises:
            InputError: `num_samples` or `temperature` is out of range.
        """
        return self.sample(num_samples, seed, temperature=temperature)

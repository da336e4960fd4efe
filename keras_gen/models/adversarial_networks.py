"""`AdversarialNetworks`: the two networks of a GAN, what the generator draws and how the discriminator scores it."""

from typing import Any

import keras
import tensorflow as tf

from keras_gen.checks import check_momentum, check_num_classes
from keras_gen.models import classes as labelled
from keras_gen.models.adversarial_checks import check_networks
from keras_gen.models.endpoints import LATENTS, PIXELS, endpoint
from keras_gen.models.generative_model import GenerativeModel
from keras_gen.models.priors import standard_normal_in_numbers
from keras_gen.utils import noise
from keras_gen.utils.noise import SAMPLE, stream_seed


class AdversarialNetworks(GenerativeModel):
    """A generator G and a discriminator T, of images alone or of images and their classes.

    In a conditional model both take labels beside their data, and a latent is z followed by its class as a one-hot row:
    `decode` and whatever uses it need nothing else to know the class. A row between two classes gives an image between
    them, if the generator takes one-hot rows.

    Args:
        generator: See `AdversarialModel`.
        discriminator: See `AdversarialModel`.
        ema_momentum: See `AdversarialModel`.
        num_classes: See `AdversarialModel`.
        **kwargs: `seed`, and what `keras.Model` takes.

    Raises:
        InputError: The networks do not fit each other or the classes, or an argument is out of range.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        ema_momentum: float | None = None,
        num_classes: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        check_num_classes(num_classes)
        check_networks(generator, discriminator, num_classes)
        if ema_momentum is not None:
            check_momentum("ema_momentum", ema_momentum, ", or None for no average")
        self.num_classes = num_classes
        self.generator = generator
        self.discriminator = discriminator
        self.ema_momentum = ema_momentum
        if ema_momentum is not None:
            self.average_generator = keras.models.clone_model(generator)
            self.average_generator.set_weights(generator.get_weights())

    @property
    def data_shape(self) -> tuple[int, ...]:
        """Shape of one image, or of what else the discriminator scores."""
        return tuple(self.discriminator.inputs[0].shape[1:])

    # Sampling ----------------------------------------------------------------------------------------------------

    @property
    def noise_shape(self) -> tuple[int, ...]:
        """Shape of one z, (latent_dim,)."""
        return tuple(self.generator.inputs[0].shape[1:])

    @property
    def latent_shape(self) -> tuple[int, ...]:
        """Shape of one latent, (latent_dim,), or (latent_dim + num_classes,) of a conditional model."""
        *outer, last = self.noise_shape
        return (*outer, last + (self.num_classes or 0))

    def latents(
        self, num_samples: int | tf.Tensor, seed: int | tf.Tensor, labels: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Draws z ~ N(0, I), [num_samples, *latent_shape]; the same seed gives the same latents.

        Args:
            num_samples: How many.
            seed: Seed of the draws.
            labels: Of a conditional model, the class of each, whole numbers [num_samples]; by default each in turn.

        Raises:
            InputError: A label is not a class of this model, or it has none.
        """
        z = noise.normal(tf.stack([num_samples, *self.noise_shape]), stream_seed(seed, SAMPLE))
        return labelled.joined(z, *labelled.of_samples(self.num_classes, num_samples, labels))

    def prior_in_numbers(self) -> dict[str, Any]:
        """See `GenerativeModel.prior_in_numbers`."""
        numbers = standard_normal_in_numbers(self.noise_shape)
        return numbers if self.num_classes is None else {**numbers, "one_hot_classes": self.num_classes}

    @endpoint(gives=PIXELS, latents=LATENTS)
    def decode(self, latents: tf.Tensor) -> tf.Tensor:
        """G(z), or G(z, y): latents [n, *latent_shape] to data float32 [n, ...], without any random draw."""
        network = self.generator if self.ema_momentum is None else self.average_generator
        inputs = labelled.network_inputs(network, *labelled.split(self.num_classes, latents))
        return tf.cast(network(inputs, training=False), tf.float32)

    # Training ----------------------------------------------------------------------------------------------------

    def score(self, x: tf.Tensor, *classes: tf.Tensor, training: bool = True) -> tf.Tensor:
        """T(x), or T(x, y), float32 [batch, 1]."""
        inputs = labelled.network_inputs(self.discriminator, x, *classes)
        return tf.cast(self.discriminator(inputs, training=training), tf.float32)

    def generate(self, batch_size: tf.Tensor, stream: str, *classes: tf.Tensor, training: bool = True) -> tf.Tensor:
        """G(z), or G(z, y), float32 [batch, ...], from this step's noise."""
        z = self.normal(batch_size, self.noise_shape, stream)
        inputs = labelled.network_inputs(self.generator, z, *classes)
        return tf.cast(self.generator(inputs, training=training), tf.float32)

    def drawn_classes(self, batch_size: tf.Tensor, stream: str) -> labelled.Classes:
        """Classes y that are equally likely, from this step's noise; empty for a model without classes."""
        if self.num_classes is None:
            return ()
        return labelled.drawn(self.num_classes, self.uniform(batch_size, (1,), f"{stream}/classes"))

    # Saving ------------------------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """The arguments that build this model again."""
        serialize = keras.saving.serialize_keras_object
        return {
            **super().get_config(),
            "generator": serialize(self.generator),
            "discriminator": serialize(self.discriminator),
            "ema_momentum": self.ema_momentum,
            **labelled.classes_config(self.num_classes),
        }

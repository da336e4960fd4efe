"""`AdversarialLoss`: what every adversarial loss is."""

from typing import Any, Self

import tensorflow as tf

from keras_gen.errors import InputError


class AdversarialLoss:
    """The two losses of an adversarial game, both means over the batch (float32 scalars).

    Attributes:
        relativistic: Whether the generator's loss compares fake images with real ones: `generator_loss` is then given
            the scores [batch, 1] of fresh real images too.
    """

    relativistic = False

    def discriminator_loss(self, real_scores: tf.Tensor, fake_scores: tf.Tensor) -> tf.Tensor:
        """What T minimises, from the scores [batch, 1] of real and of fake images."""
        raise NotImplementedError(f"{type(self).__name__} defines no discriminator_loss")

    def generator_loss(self, fake_scores: tf.Tensor) -> tf.Tensor:
        """What G minimises, from the scores [batch, 1] of fake images."""
        raise NotImplementedError(f"{type(self).__name__} defines no generator_loss")

    def get_config(self) -> dict[str, Any]:
        """The arguments that build this loss again."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Builds the loss from `get_config`."""
        return cls(**config)


def checked_scores(**scores: tf.Tensor) -> list[tf.Tensor]:
    """The scores in float32, in the order given.

    Raises:
        InputError: One has another shape than [batch, 1].
    """
    tensors = []
    for name, tensor in scores.items():
        tensor = tf.cast(tensor, tf.float32)
        if tensor.shape.rank != 2 or tensor.shape[1] != 1:
            raise InputError(
                f"{name} has shape {tuple(tensor.shape)}: a discriminator gives one score per image, [batch, 1]"
            )
        tensors.append(tensor)
    return tensors

"""Adversarial losses: what the discriminator T and the generator G minimise, given scores.

Scores are float32 [batch, 1], without a sigmoid, higher for real. A loss knows no network and no penalty, so any loss
goes with any of them. A new one is a subclass of `AdversarialLoss` with two short methods.
"""

import keras
import tensorflow as tf

from keras_gen.errors import InputError


class AdversarialLoss:
    """The two losses of an adversarial game; both are means over the batch (float32 scalars)."""

    def discriminator_loss(self, real_scores: tf.Tensor, fake_scores: tf.Tensor) -> tf.Tensor:
        """What T minimises, from the scores [batch, 1] of real and of fake images."""
        raise NotImplementedError

    def generator_loss(self, fake_scores: tf.Tensor) -> tf.Tensor:
        """What G minimises, from the scores [batch, 1] of fake images."""
        raise NotImplementedError

    def get_config(self) -> dict:
        """The arguments that build this loss again."""
        return {}

    @classmethod
    def from_config(cls, config: dict) -> "AdversarialLoss":
        """Builds the loss from `get_config`."""
        return cls(**config)


@keras.saving.register_keras_serializable("keras_gen")
class NonSaturating(AdversarialLoss):
    """The standard GAN, with the generator's loss that does not saturate (Goodfellow et al. 2014, section 3).

    With T the logit: log sigma(T) = -softplus(-T) and log(1 - sigma(T)) = -softplus(T).
    """

    def discriminator_loss(self, real_scores: tf.Tensor, fake_scores: tf.Tensor) -> tf.Tensor:
        """-E_p[log sigma(T)] - E_q[log(1 - sigma(T))]; 2 log 2 at T = 0."""
        real_scores, fake_scores = _checked(real_scores=real_scores, fake_scores=fake_scores)
        return tf.reduce_mean(tf.nn.softplus(-real_scores)) + tf.reduce_mean(
            tf.nn.softplus(fake_scores)
        )

    def generator_loss(self, fake_scores: tf.Tensor) -> tf.Tensor:
        """-E_q[log sigma(T)]; log 2 at T = 0."""
        (fake_scores,) = _checked(fake_scores=fake_scores)
        return tf.reduce_mean(tf.nn.softplus(-fake_scores))


@keras.saving.register_keras_serializable("keras_gen")
class Wasserstein(AdversarialLoss):
    """The difference of the mean scores (Arjovsky et al. 2017, arXiv 1701.07875, equation 2)."""

    def discriminator_loss(self, real_scores: tf.Tensor, fake_scores: tf.Tensor) -> tf.Tensor:
        """-(E_p[T] - E_q[T])."""
        real_scores, fake_scores = _checked(real_scores=real_scores, fake_scores=fake_scores)
        return -(tf.reduce_mean(real_scores) - tf.reduce_mean(fake_scores))

    def generator_loss(self, fake_scores: tf.Tensor) -> tf.Tensor:
        """-E_q[T]; the term E_p[T] does not depend on G."""
        (fake_scores,) = _checked(fake_scores=fake_scores)
        return -tf.reduce_mean(fake_scores)


_LOSSES = {"non_saturating": NonSaturating, "wasserstein": Wasserstein}


def names() -> tuple[str, ...]:
    """Names that `get` knows."""
    return tuple(_LOSSES)


def get(loss: str | AdversarialLoss) -> AdversarialLoss:
    """The loss of that name; a loss is returned as it is.

    Raises:
        InputError: There is no loss of that name.
    """
    if isinstance(loss, AdversarialLoss):
        return loss
    if loss not in _LOSSES:
        raise InputError(f"adversarial_loss={loss!r}: choose one of {', '.join(names())}")
    return _LOSSES[loss]()


def _checked(**scores: tf.Tensor) -> list[tf.Tensor]:
    """The scores in float32, each of shape [batch, 1]."""
    tensors = []
    for name, tensor in scores.items():
        tensor = tf.cast(tensor, tf.float32)
        if tensor.shape.rank != 2 or tensor.shape[1] != 1:
            raise InputError(
                f"{name} has shape {tuple(tensor.shape)}: a discriminator gives one score an image, [batch, 1]"
            )
        tensors.append(tensor)
    return tensors

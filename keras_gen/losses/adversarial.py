"""Adversarial losses: what the discriminator T and the generator G minimise, given scores.

Scores are float32 [batch, 1], without a sigmoid, higher for real. A loss knows no network and no penalty, so any loss
goes with any of them. A new one is a subclass of `AdversarialLoss` with two short methods.
"""

from collections.abc import Callable
from functools import partial

import keras
import tensorflow as tf

from keras_gen.checks import check_choice
from keras_gen.errors import InputError
from keras_gen.losses.adversarial_loss import AdversarialLoss, checked_scores
from keras_gen.losses.relativistic import Relativistic


@keras.saving.register_keras_serializable("keras_gen")
class NonSaturating(AdversarialLoss):
    """The standard GAN, with the generator's loss that does not saturate (Goodfellow et al. 2014, section 3).

    With T the logit: log sigma(T) = -softplus(-T) and log(1 - sigma(T)) = -softplus(T).
    """

    def discriminator_loss(self, real_scores: tf.Tensor, fake_scores: tf.Tensor) -> tf.Tensor:
        """-E_p[log sigma(T)] - E_q[log(1 - sigma(T))]; 2 log 2 at T = 0."""
        real_scores, fake_scores = checked_scores(real_scores=real_scores, fake_scores=fake_scores)
        return tf.reduce_mean(tf.nn.softplus(-real_scores)) + tf.reduce_mean(tf.nn.softplus(fake_scores))

    def generator_loss(self, fake_scores: tf.Tensor) -> tf.Tensor:
        """-E_q[log sigma(T)]; log 2 at T = 0."""
        (fake_scores,) = checked_scores(fake_scores=fake_scores)
        return tf.reduce_mean(tf.nn.softplus(-fake_scores))


@keras.saving.register_keras_serializable("keras_gen")
class Wasserstein(AdversarialLoss):
    """The difference of the mean scores (Arjovsky et al. 2017, arXiv 1701.07875, equation 2)."""

    def discriminator_loss(self, real_scores: tf.Tensor, fake_scores: tf.Tensor) -> tf.Tensor:
        """-(E_p[T] - E_q[T])."""
        real_scores, fake_scores = checked_scores(real_scores=real_scores, fake_scores=fake_scores)
        return -(tf.reduce_mean(real_scores) - tf.reduce_mean(fake_scores))

    def generator_loss(self, fake_scores: tf.Tensor) -> tf.Tensor:
        """-E_q[T]; the term E_p[T] does not depend on G."""
        (fake_scores,) = checked_scores(fake_scores=fake_scores)
        return -tf.reduce_mean(fake_scores)


@keras.saving.register_keras_serializable("keras_gen")
class Hinge(AdversarialLoss):
    """The hinge loss: scores beyond 1 on the right side are good enough.

    Lim and Ye 2017, arXiv 1705.02894; Miyato et al. 2018, arXiv 1802.05957, equations 16 and 17.
    """

    def discriminator_loss(self, real_scores: tf.Tensor, fake_scores: tf.Tensor) -> tf.Tensor:
        """E_p[max(0, 1 - T)] + E_q[max(0, 1 + T)]; 2 at T = 0."""
        real_scores, fake_scores = checked_scores(real_scores=real_scores, fake_scores=fake_scores)
        return tf.reduce_mean(tf.nn.relu(1.0 - real_scores)) + tf.reduce_mean(tf.nn.relu(1.0 + fake_scores))

    def generator_loss(self, fake_scores: tf.Tensor) -> tf.Tensor:
        """-E_q[T]."""
        (fake_scores,) = checked_scores(fake_scores=fake_scores)
        return -tf.reduce_mean(fake_scores)


@keras.saving.register_keras_serializable("keras_gen")
class LeastSquares(AdversarialLoss):
    """The least squares GAN: T regresses to 1 for real and 0 for fake images (Mao et al. 2016, arXiv 1611.04076).

    Both losses are those of its equation 9.
    """

    def discriminator_loss(self, real_scores: tf.Tensor, fake_scores: tf.Tensor) -> tf.Tensor:
        """1/2 E_p[(T - 1)^2] + 1/2 E_q[T^2]; 1/2 at T = 0."""
        real_scores, fake_scores = checked_scores(real_scores=real_scores, fake_scores=fake_scores)
        return tf.reduce_mean((real_scores - 1.0) ** 2) / 2 + tf.reduce_mean(fake_scores**2) / 2

    def generator_loss(self, fake_scores: tf.Tensor) -> tf.Tensor:
        """1/2 E_q[(T - 1)^2]; 1/2 at T = 0."""
        (fake_scores,) = checked_scores(fake_scores=fake_scores)
        return tf.reduce_mean((fake_scores - 1.0) ** 2) / 2


_LOSSES: dict[str, Callable[[], AdversarialLoss]] = {
    "non_saturating": NonSaturating,
    "wasserstein": Wasserstein,
    "hinge": Hinge,
    "least_squares": LeastSquares,
    "relativistic": Relativistic,
    "relativistic_average": partial(Relativistic, pairs="average"),
}


def names() -> tuple[str, ...]:
    """Names that `get` knows."""
    return tuple(_LOSSES)


def get(loss: str | AdversarialLoss) -> AdversarialLoss:
    """The loss of that name; a loss is returned as it is.

    Raises:
        InputError: There is no loss of that name, or it is no `AdversarialLoss`.
    """
    if isinstance(loss, AdversarialLoss):
        return loss
    if not isinstance(loss, str):
        kind = loss.__name__ if isinstance(loss, type) else type(loss).__name__
        advice = f"give {kind}(), an instance" if _is_loss(loss) else "give an AdversarialLoss"
        raise InputError(f"adversarial_loss={kind}: {advice}, or one of {', '.join(names())}")
    check_choice("adversarial_loss", loss, names())
    return _LOSSES[loss]()


def _is_loss(loss: object) -> bool:
    return isinstance(loss, type) and issubclass(loss, AdversarialLoss)

"""Relativistic losses: the discriminator tells which of two images is the real one.

Jolicoeur-Martineau 2018, arXiv 1807.00734; the post on RSGAN of 2018-10-22, whose equations are quoted by number. The
paper's model is `keras_gen.models.RSGAN`; this is its loss as one of those that `keras_gen.models.GAN` takes.
"""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from keras_gen.checks import check_choice
from keras_gen.errors import InputError
from keras_gen.losses.adversarial_loss import AdversarialLoss, checked_scores
from keras_gen.utils.replicas import of_all_replicas

# The generator's choices of h. With any of them h(log t) is convex in t, so that (11) is an f-divergence.
H: dict[str, Callable[[tf.Tensor], tf.Tensor]] = {
    "log_sigmoid": lambda t: -tf.math.log_sigmoid(t),
    "linear": lambda t: -t,
    "log_one_minus_sigmoid": lambda t: tf.math.log_sigmoid(-t),  # 1 - sigma(t) = sigma(-t)
}

PAIRS = ("position", "all", "average")


def differences(pairs: str, one: tf.Tensor, other: tf.Tensor) -> list[tf.Tensor]:
    """T(x) - T(y) for the pairs of an x of one kind and a y of the other.

    The batch is that of all replicas together.

    Args:
        pairs: `position`: the first x and the first y, the second two, and so on. `all`: every x and every y.
            `average`: every x and the mean score of all y, then the mean score of all x and every y.
        one: T(x), float32 [batch, 1], this replica's.
        other: T(y), float32 [batch, 1].

    Returns:
        One or two tensors, whose means are to be added.
    """
    if pairs == "position":
        return [one - other]
    if pairs == "all":
        return [one - tf.transpose(of_all_replicas(other))]
    mean_one, mean_other = tf.reduce_mean(of_all_replicas(one)), tf.reduce_mean(of_all_replicas(other))
    return [one - mean_other, mean_one - other]


@keras.saving.register_keras_serializable("keras_gen")
class Relativistic(AdversarialLoss):
    """RSGAN's losses, of differences between the scores of a real image x_r and a fake one x_f.

    A constant added to T changes nothing. With `average` it is the relativistic average GAN, RaSGAN, of the paper's
    algorithm 2.

    Args:
        h: The generator's h: `log_sigmoid`, h(t) = -log sigma(t), the paper's; `linear`, h(t) = -t; or
            `log_one_minus_sigmoid`, h(t) = log(1 - sigma(t)).
        pairs: `position`, `all` or `average`; see `differences`.

    Raises:
        InputError: `h` or `pairs` is none of these.
    """

    relativistic = True

    def __init__(self, h: str = "log_sigmoid", pairs: str = "position"):
        check_choice("h", h, H)
        check_choice("pairs", pairs, PAIRS)
        self.h = h
        self.pairs = pairs

    def discriminator_loss(self, real_scores: tf.Tensor, fake_scores: tf.Tensor) -> tf.Tensor:
        """-E[log sigma(T(x_r) - T(x_f))] (7); log 2 where all scores are equal, 2 log 2 for `average`."""
        real, fake = checked_scores(real_scores=real_scores, fake_scores=fake_scores)
        return _mean(H["log_sigmoid"], differences(self.pairs, real, fake))

    def generator_loss(self, fake_scores: tf.Tensor, real_scores: tf.Tensor | None = None) -> tf.Tensor:
        """E[h(T(x_f) - T(x_r))] (8), from the scores [batch, 1] of fake and of fresh real images.

        Raises:
            InputError: The scores have another shape, or there are none of real images.
        """
        if real_scores is None:
            raise InputError("real_scores: a relativistic loss compares with real images; give their scores too")
        fake, real = checked_scores(fake_scores=fake_scores, real_scores=real_scores)
        return _mean(H[self.h], differences(self.pairs, fake, real))

    def get_config(self) -> dict[str, Any]:
        """The arguments that build this loss again."""
        return {"h": self.h, "pairs": self.pairs}


def _mean(h: Callable[[tf.Tensor], tf.Tensor], pairs: list[tf.Tensor]) -> tf.Tensor:
    return tf.add_n([tf.reduce_mean(h(difference)) for difference in pairs])

"""Relativistic losses: the discriminator tells which of two images is the real one.

Jolicoeur-Martineau 2018, arXiv 1807.00734; the post on RSGAN of 2018-10-22, whose equations are quoted by number.
"""

from collections.abc import Callable

import keras
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.losses.adversarial_loss import AdversarialLoss, checked_scores

# The generator's choices of h. With any of them h(log t) is convex in t, so that (11) is an f-divergence.
H = {
    "log_sigmoid": lambda t: -tf.math.log_sigmoid(t),
    "linear": lambda t: -t,
    "log_one_minus_sigmoid": lambda t: tf.math.log_sigmoid(-t),  # 1 - sigma(t) = sigma(-t)
}

PAIRS = ("position", "all", "average")


@keras.saving.register_keras_serializable("keras_gen")
class Relativistic(AdversarialLoss):
    """RSGAN's losses, of differences of the scores of a real image x_r and a fake one x_f; see `RSGAN`.

    Which differences, is the choice of `pairs`:

    * `position`: T(x_r) - T(x_f) of the first real image and the first fake one, of the second two, and so on.
    * `all`: T(x_r) - T(x_f) of every real and every fake image of the batch.
    * `average`: T(x_r) - E_q[T] of every real image and E_p[T] - T(x_f) of every fake one, whose two means are added:
      the relativistic average GAN, RaSGAN, of the paper's algorithm 2.

    The batch is that of all replicas together. A constant added to T changes nothing.

    Args:
        h: The generator's h: `log_sigmoid`, h(t) = -log sigma(t), the paper's; `linear`, h(t) = -t; or
            `log_one_minus_sigmoid`, h(t) = log(1 - sigma(t)).
        pairs: `position`, `all` or `average`.

    Raises:
        InputError: `h` or `pairs` is none of these.
    """

    relativistic = True

    def __init__(self, h: str = "log_sigmoid", pairs: str = "position"):
        if h not in H:
            raise InputError(f"h={h!r}: choose one of {', '.join(H)}")
        if pairs not in PAIRS:
            raise InputError(f"pairs={pairs!r}: choose one of {', '.join(PAIRS)}")
        self.h = h
        self.pairs = pairs

    def discriminator_loss(self, real_scores: tf.Tensor, fake_scores: tf.Tensor) -> tf.Tensor:
        """-E[log sigma(T(x_r) - T(x_f))] (7); log 2 where all scores are equal, 2 log 2 for `average`."""
        real, fake = checked_scores(real_scores=real_scores, fake_scores=fake_scores)
        return self._mean(H["log_sigmoid"], real, fake)

    def generator_loss(self, fake_scores: tf.Tensor, real_scores: tf.Tensor) -> tf.Tensor:
        """E[h(T(x_f) - T(x_r))] (8), from the scores [batch, 1] of fake and of fresh real images."""
        fake, real = checked_scores(fake_scores=fake_scores, real_scores=real_scores)
        return self._mean(H[self.h], fake, real)

    def _mean(self, h: Callable, one: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
        """E[h(T(x) - T(y))] over the pairs of an x of one kind and a y of the other."""
        if self.pairs == "position":
            return tf.reduce_mean(h(one - other))
        if self.pairs == "all":
            return tf.reduce_mean(h(one - tf.transpose(_of_all_replicas(other))))
        mean_one = tf.reduce_mean(_of_all_replicas(one))
        mean_other = tf.reduce_mean(_of_all_replicas(other))
        return tf.reduce_mean(h(one - mean_other)) + tf.reduce_mean(h(mean_one - other))

    def get_config(self) -> dict:
        """The arguments that build this loss again."""
        return {"h": self.h, "pairs": self.pairs}


def _of_all_replicas(scores: tf.Tensor) -> tf.Tensor:
    """The scores [global batch, 1] from those [batch, 1] of this replica; gradients pass through."""
    return tf.distribute.get_replica_context().all_gather(scores, axis=0)

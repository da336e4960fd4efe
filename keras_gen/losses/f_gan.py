"""The variational bound of an f-divergence as an adversarial loss.

The post of 2018-09-29, whose equations are quoted by number, after Nowozin et al. 2016, arXiv 1606.00709. The paper's
model is `keras_gen.models.FGAN`; this is its loss as one of those that `keras_gen.models.GAN` takes.
"""

from typing import Any

import keras
import tensorflow as tf

from keras_gen.checks import check_choice
from keras_gen.losses import f_divergences
from keras_gen.losses.adversarial_loss import AdversarialLoss, checked_scores

ORDERS = ("real_fake", "fake_real")


@keras.saving.register_keras_serializable("keras_gen")
class FDivergence(AdversarialLoss):
    """An f-divergence between the data's p and the generator's q, by its variational bound; see `FGAN`.

    Args:
        divergence: A `f_divergences.Divergence` or its name.
        order: `real_fake`, D_f(p||q) (14), or `fake_real`, D_f(q||p) (15).
        non_saturating: Whether the generator has the loss that does not saturate instead of the equation's.

    Raises:
        InputError: There is no such divergence or order.
    """

    def __init__(
        self,
        divergence: str | f_divergences.Divergence = "kl",
        order: str = "real_fake",
        non_saturating: bool = False,
    ):
        check_choice("order", order, ORDERS)
        self.divergence = f_divergences.get(divergence)
        self.order = order
        self.non_saturating = non_saturating

    def discriminator_loss(self, real_scores: tf.Tensor, fake_scores: tf.Tensor) -> tf.Tensor:
        """Minus the bound, which is at most D_f(p||q), or D_f(q||p) in the order fake_real; nats for logarithms."""
        real_scores, fake_scores = checked_scores(real_scores=real_scores, fake_scores=fake_scores)
        if self.order == "real_fake":
            return -self.divergence.bound(real_scores, fake_scores)
        return -self.divergence.bound(-fake_scores, -real_scores)

    def generator_loss(self, fake_scores: tf.Tensor) -> tf.Tensor:
        """The bound's term in G, -E_q[g(T)] or E_q[T]; if it shall not saturate, -E_q[T] or E_q[g(T)]."""
        (fake_scores,) = checked_scores(fake_scores=fake_scores)
        activation, conjugate = self.divergence.activation, self.divergence.activated_conjugate
        if self.order == "real_fake":
            reward = activation if self.non_saturating else conjugate
            return -tf.reduce_mean(reward(fake_scores))
        cost = conjugate if self.non_saturating else activation
        return tf.reduce_mean(cost(-fake_scores))

    def get_config(self) -> dict[str, Any]:
        """The arguments that build this loss again; the divergence's name, by which it must be registered."""
        return {
            "divergence": self.divergence.name,
            "order": self.order,
            "non_saturating": self.non_saturating,
        }

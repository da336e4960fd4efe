"""The variational bound of an f-divergence as an adversarial loss.

The post of 2018-09-29, whose equations are quoted by number, after Nowozin et al. 2016, arXiv 1606.00709.
"""

import keras
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.losses import f_divergences
from keras_gen.losses.adversarial_loss import AdversarialLoss, checked_scores

ORDERS = ("real_fake", "fake_real")


@keras.saving.register_keras_serializable("keras_gen")
class FDivergence(AdversarialLoss):
    """An f-divergence between the data's p and the generator's q, by its variational bound.

        real_fake, D_f(p||q):   min_G max_T  E_p[T(x)] - E_q[g(T(x))]     (14)
        fake_real, D_f(q||p):   min_G max_T  E_q[T(x)] - E_p[g(T(x))]     (15)

    T is the divergence's activation of the score. In the order fake_real, where T is higher for fakes, it is the
    activation of the negated score, so that the scores are higher for real in both.

    The generator's loss that does not saturate (Nowozin et al. 2016, section 3.2) gives fakes the reward that T earns
    on reals: E_q[T] goes up in (14), E_q[-g(T)] in (15). Under `sgan` it is Goodfellow's. It is meant for those
    divergences whose loss in the equation loses its slope at low scores, such as `kl`, `hellinger`, `js` and `sgan` in
    the order real_fake. That of `reverse_kl` and `pearson` keeps its slope, and the alternative's grows like e^-score.

    Args:
        divergence: A `f_divergences.Divergence` or its name.
        order: `real_fake` or `fake_real`.
        non_saturating: Whether the generator has the loss that does not saturate, not that of the equation.

    Raises:
        InputError: There is no such divergence or order.
    """

    def __init__(
        self,
        divergence: str | f_divergences.Divergence = "kl",
        order: str = "real_fake",
        non_saturating: bool = False,
    ):
        if order not in ORDERS:
            raise InputError(f"order={order!r}: choose one of {', '.join(ORDERS)}")
        self.divergence = f_divergences.get(divergence)
        self.order = order
        self.non_saturating = non_saturating

    def discriminator_loss(self, real_scores: tf.Tensor, fake_scores: tf.Tensor) -> tf.Tensor:
        """Minus the bound, which is at most D_f(p||q), or D_f(q||p) in the order fake_real."""
        real_scores, fake_scores = checked_scores(real_scores=real_scores, fake_scores=fake_scores)
        if self.order == "real_fake":
            return -self.divergence.bound(real_scores, fake_scores)
        return -self.divergence.bound(-fake_scores, -real_scores)

    def generator_loss(self, fake_scores: tf.Tensor) -> tf.Tensor:
        """The bound's term in G, -E_q[g(T)] or E_q[T]; -E_q[T] or E_q[g(T)] where it shall not saturate."""
        (fake_scores,) = checked_scores(fake_scores=fake_scores)
        activation, conjugate = self.divergence.activation, self.divergence.activated_conjugate
        if self.order == "real_fake":
            reward = activation if self.non_saturating else conjugate
            return -tf.reduce_mean(reward(fake_scores))
        cost = conjugate if self.non_saturating else activation
        return tf.reduce_mean(cost(-fake_scores))

    def get_config(self) -> dict:
        """The arguments that build this loss again; the divergence's name, by which it must be registered."""
        return {
            "divergence": self.divergence.name,
            "order": self.order,
            "non_saturating": self.non_saturating,
        }

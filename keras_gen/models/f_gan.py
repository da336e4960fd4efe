"""`FGAN`: the GAN of any f-divergence.

Nowozin et al. 2016, arXiv 1606.00709; the post of 2018-09-29, whose equations are quoted by number. The script is
`reproductions/f_gan.py`, its page `reproductions/f_gan.md`, its tests `tests/models/test_f_gan.py`; the table of
divergences, with f, g and the activations, is `keras_gen/losses/f_divergences.py`.
"""

from typing import Any

import keras
import tensorflow as tf

from keras_gen.checks import check_choice
from keras_gen.losses import f_divergences
from keras_gen.losses.f_gan import ORDERS
from keras_gen.models.adversarial_model import AdversarialModel
from keras_gen.models.reproducible_model import Terms


@keras.saving.register_keras_serializable("keras_gen")
class FGAN(AdversarialModel):
    """f-GAN: the discriminator estimates an f-divergence from below, the generator minimises the estimate.

        D_f(p||q) = E_q[f(p/q)]                                                         (1)
                  = max_T  E_p[T(x)] - E_q[g(T(x))],  g(t) = max_u (t u - f(u))         (12, 13)

        real_fake:  min_G max_T  E_p[T(x)] - E_q[g(T(x))]                               (14)
        fake_real:  min_G max_T  E_q[T(x)] - E_p[g(T(x))]                               (15)

    T is the divergence's activation of the discriminator's score. In the order fake_real, where T is higher for fakes,
    it is the activation of the negated score, so that the scores are higher for real in both.

    A loss of G that does not saturate (Nowozin et al. 2016, section 3.2) gives fakes the reward that T earns on reals:
    E_q[T] goes up in (14), E_q[-g(T)] in (15). With `sgan` it is Goodfellow's. It is meant for those divergences whose
    loss in the equation loses its slope at low scores, such as `kl`, `hellinger`, `js` and `sgan` in the order
    real_fake. That of `reverse_kl` and `pearson` keeps its slope, and the alternative's grows like e^-score.

    Reported terms: those of `AdversarialModel`, and `divergence_bound`, the batch's value of the expression that T
    maximises. At the best T it is the divergence; at any other one its expectation is less.

    >>> mlp = keras_gen.networks.mlp
    >>> model = keras_gen.models.FGAN(mlp(2, 2, name="generator"), mlp(2, 1, name="discriminator"), "js")
    >>> model.sample(3, seed=0).shape
    TensorShape([3, 2])

    Args:
        generator: See `AdversarialModel`.
        discriminator: Gives the scores from which T is made; see `AdversarialModel`.
        divergence: `total_variation`, `kl`, `reverse_kl`, `pearson`, `neyman`, `hellinger`, `jeffreys`, `js`, `sgan`,
            or a `Divergence`. One of your own is saved with its name: register it before the model is loaded.
        order: `real_fake` for D_f(p||q), `fake_real` for D_f(q||p).
        non_saturating: Whether G has the loss that does not saturate instead of the equation's.
        **kwargs: `num_classes`, `ema_momentum`, `seed` and others; passed on to `AdversarialModel`.

    Raises:
        InputError: There is no such divergence or order, or as in `AdversarialModel`.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        divergence: str | f_divergences.Divergence = "kl",
        order: str = "real_fake",
        non_saturating: bool = False,
        **kwargs: Any,
    ):
        super().__init__(generator, discriminator, **kwargs)
        check_choice("order", order, ORDERS)
        self.divergence = f_divergences.get(divergence)
        self.order = order
        self.non_saturating = non_saturating

    def discriminator_terms(
        self, t_real: tf.Tensor, t_fake: tf.Tensor, squared_slopes: tf.Tensor | None
    ) -> tuple[tf.Tensor, Terms]:
        """Minus what T maximises, plus a `gradient_penalty` if one was given: the paper has none."""
        # t_real and t_fake are scores. t makes T of a score; g makes g(T), in its simplest form where there is one,
        # which rounds least.
        t, g = self.divergence.activation, self.divergence.activated_conjugate
        if self.order == "real_fake":
            bound = tf.reduce_mean(t(t_real)) - tf.reduce_mean(g(t_fake))  # E_p[T] - E_q[g(T)]  (14)
        else:
            bound = tf.reduce_mean(t(-t_fake)) - tf.reduce_mean(g(-t_real))  # E_q[T] - E_p[g(T)]  (15)
        penalty = self.penalty(squared_slopes)
        return penalty - bound, {"divergence_bound": bound, "gradient_penalty": penalty}

    def generator_loss(self, t_fake: tf.Tensor, t_real: tf.Tensor | None) -> tf.Tensor:
        """The part of the bound that depends on G, or the alternative that does not saturate."""
        t, g = self.divergence.activation, self.divergence.activated_conjugate
        if self.order == "real_fake":
            if self.non_saturating:
                return -tf.reduce_mean(t(t_fake))  # -E_q[T]
            return -tf.reduce_mean(g(t_fake))  # -E_q[g(T)]  (14)
        if self.non_saturating:
            return tf.reduce_mean(g(-t_fake))  # E_q[g(T)]
        return tf.reduce_mean(t(-t_fake))  # E_q[T]  (15)

    def term_names(self) -> tuple[str, ...]:
        """The terms of `AdversarialModel`, and the bound."""
        return (*super().term_names(), "divergence_bound")

    def get_config(self) -> dict[str, Any]:
        """The arguments that build this model again."""
        return {
            **super().get_config(),
            "divergence": self.divergence.name,
            "order": self.order,
            "non_saturating": self.non_saturating,
        }

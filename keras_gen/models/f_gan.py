"""`FGAN`: the GAN of any f-divergence.

Nowozin et al. 2016, arXiv 1606.00709; the post of 2018-09-29, whose equations are quoted by number. Its
tests are `tests/models/test_f_gan.py`.
"""

import keras
import tensorflow as tf

from keras_gen.losses.f_divergences import Divergence
from keras_gen.losses.variational import FDivergence
from keras_gen.models.gan import GAN
from keras_gen.models.reproducible_model import Terms


@keras.saving.register_keras_serializable("keras_gen")
class FGAN(GAN):
    """f-GAN: the discriminator estimates an f-divergence from below, the generator minimises the estimate.

        D_f(p||q) = E_q[f(p/q)]                                                 (1)
                  = max_T  E_p[T(x)] - E_q[g(T(x))],  g(t) = max_u (t u - f(u))   (12, 13)

        real_fake:  min_G max_T  E_p[T(x)] - E_q[g(T(x))]                       (14)
        fake_real:  min_G max_T  E_q[T(x)] - E_p[g(T(x))]                       (15)

    T is the divergence's activation of the discriminator's score, or of its negative in the order fake_real.

    Reported terms: those of `GAN`, and `divergence_bound`, the batch's value of the expression that T maximises. At the
    best T it is the divergence; at any other one its expectation is less.

    Args:
        generator: See `GAN`.
        discriminator: See `GAN`.
        divergence: `total_variation`, `kl`, `reverse_kl`, `pearson`, `neyman`, `hellinger`, `jeffreys`, `js`, `sgan`,
            or a `Divergence`. One of your own is saved with its name: register it before the model is loaded.
        order: `real_fake` for D_f(p||q), `fake_real` for D_f(q||p).
        non_saturating: Whether G has the loss that does not saturate, not that of the equation; see `FDivergence`.
        **kwargs: Passed on to `GAN`.

    Raises:
        InputError: There is no such divergence or order, or as in `GAN`.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        divergence: str | Divergence = "kl",
        order: str = "real_fake",
        non_saturating: bool = False,
        **kwargs,
    ):
        loss = FDivergence(divergence, order, non_saturating)
        super().__init__(generator, discriminator, adversarial_loss=loss, **kwargs)

    def term_names(self) -> tuple[str, ...]:
        """The terms of `GAN`, and the bound."""
        return (*super().term_names(), "divergence_bound")

    def discriminator_objective(
        self, real: tf.Tensor, fake: tf.Tensor, points: tuple[tf.Tensor, ...]
    ) -> tuple[tf.Tensor, Terms]:
        """Minus the bound (13), plus the penalty, if there is one."""
        loss, terms = super().discriminator_objective(real, fake, points)
        return loss, {**terms, "divergence_bound": terms.get("gradient_penalty", 0.0) - loss}

    def get_config(self) -> dict:
        """The arguments that build this model again."""
        config = super().get_config()
        del config["adversarial_loss"]
        return {**config, **self.adversarial_loss.get_config()}

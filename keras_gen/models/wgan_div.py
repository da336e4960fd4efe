"""`WGANDiv`: the GAN of the Wasserstein divergence.

Wu et al. 2018, arXiv 1712.01026; the post of 2018-11-07, whose equations are quoted by number. The script is
`reproductions/wgan_div.py`, its page `reproductions/wgan_div.md`, its tests `tests/models/test_wgan_div.py`.
"""

import keras
import tensorflow as tf

from keras_gen.losses.gradient_penalties import PowerPenalty
from keras_gen.models.gan import GAN
from keras_gen.models.reproducible_model import Terms


@keras.saving.register_keras_serializable("keras_gen")
class WGANDiv(GAN):
    """WGAN-div: the gradient term makes the critic's optimum a divergence, so no Lipschitz constraint is needed.

        W_{k,p}[p, q] = max_T  E_p[T(x)] - E_q[T(x)] - k E_r[|grad T(x)|^p]         (9)
        T = argmax_T  E_p[T(x)] - E_q[T(x)] - k E_r[|grad T(x)|^p]                  (11)
        G = argmin_G  E_p[T(x)] - E_z[T(G(z))]                                      (11)

    Reported terms: those of `GAN`, and `wasserstein_divergence`, the batch's estimate of W_{k,p} at the present T.

    Args:
        generator: See `GAN`.
        discriminator: T; see `GAN`.
        k: Weight of the gradient term, above 0.
        p: Power of the gradient's norm, above 1. The paper finds k = 2, p = 6 best.
        sampling: The name of r(x): `interpolate_real_fake`, `interpolate_within`, `interpolate_pooled`,
            `real_and_fake`, `fake` or `real`. The theory asks almost nothing of it; the author's code uses
            `real_and_fake`.
        **kwargs: Passed on to `GAN`.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        k: float = 2.0,
        p: float = 6.0,
        sampling: str = "real_and_fake",
        **kwargs,
    ):
        super().__init__(
            generator,
            discriminator,
            adversarial_loss="wasserstein",
            gradient_penalty=PowerPenalty(k, p, sampling),
            **kwargs,
        )

    def term_names(self) -> tuple[str, ...]:
        """The terms of `GAN`, and the divergence."""
        return (*super().term_names(), "wasserstein_divergence")

    def discriminator_objective(
        self, real: tf.Tensor, fake: tf.Tensor, points: tuple[tf.Tensor, ...]
    ) -> tuple[tf.Tensor, Terms]:
        """-(E_p[T] - E_q[T] - k E_r[|grad T|^p]): T maximises W_{k,p} (11)."""
        loss, terms = super().discriminator_objective(real, fake, points)
        return loss, {**terms, "wasserstein_divergence": -loss}

    def get_config(self) -> dict:
        """The arguments that build this model again."""
        config = super().get_config()
        del config["adversarial_loss"], config["gradient_penalty"]
        penalty = self.gradient_penalty
        return {**config, "k": penalty.k, "p": penalty.p, "sampling": penalty.sampling}

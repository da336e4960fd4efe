"""`WGANGP`: the Wasserstein GAN with gradient penalty.

Gulrajani et al. 2017, arXiv 1704.00028, equation 3; equation 6 of the post on WGAN-div, equations 19 to 21 of the post
on Lipschitz constraints.
"""

import keras

from keras_gen.losses.gradient_penalties import OneSidedPenalty, TwoSidedPenalty
from keras_gen.models.gan import GAN


@keras.saving.register_keras_serializable("keras_gen")
class WGANGP(GAN):
    """WGAN-GP: T minimises -E_p[T] + E_q[T] + penalty_weight E_r[(|grad T| - 1)^2].

    Args:
        generator: See `GAN`.
        discriminator: See `GAN`; without batch norm, as the penalty is meant for each image alone.
        penalty_weight: The lambda of the equation, above 0.
        one_sided: Penalises max(|grad T| - 1, 0)^2 instead (equation 20 of the post on Lipschitz constraints).
        sampling: The name of r(x), one of `keras_gen.losses.gradient_sampling.SAMPLINGS`.
        **kwargs: Passed on to `GAN`.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        penalty_weight: float = 10.0,
        one_sided: bool = False,
        sampling: str = "interpolate_real_fake",
        **kwargs,
    ):
        penalty = OneSidedPenalty if one_sided else TwoSidedPenalty
        super().__init__(
            generator,
            discriminator,
            adversarial_loss="wasserstein",
            gradient_penalty=penalty(penalty_weight, sampling),
            **kwargs,
        )
        self.one_sided = one_sided

    def get_config(self) -> dict:
        """The arguments that build this model again."""
        config = super().get_config()
        del config["adversarial_loss"], config["gradient_penalty"]
        penalty = self.gradient_penalty
        return {
            **config,
            "penalty_weight": penalty.weight,
            "one_sided": self.one_sided,
            "sampling": penalty.sampling,
        }

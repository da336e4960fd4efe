"""`WGANGP`: the Wasserstein GAN with gradient penalty.

Gulrajani et al. 2017, arXiv 1704.00028. Equations are numbered as in the post on Lipschitz constraints of 2018-10-07;
(19) is equation 3 of the paper and (6) of the post on WGAN-div. The script is `reproductions/lipschitz.py`, its page
`reproductions/lipschitz.md`, its tests are `tests/models/test_wgan_gp.py`.
"""

from typing import Any

import keras
import tensorflow as tf

from keras_gen.checks import check_positive
from keras_gen.losses.gradient_penalties import norms
from keras_gen.models.adversarial_model import AdversarialModel
from keras_gen.models.reproducible_model import Terms


@keras.saving.register_keras_serializable("keras_gen")
class WGANGP(AdversarialModel):
    """WGAN-GP: a penalty keeps the slopes of T near 1.

        T = argmin_T  E_q[T(x)] - E_p[T(x)] + lambda E_r[(|grad T(x)| - 1)^2]               (19)
        T = argmin_T  E_q[T(x)] - E_p[T(x)] + lambda E_r[max(|grad T(x)| - 1, 0)^2]         (20), if `one_sided`
        G = argmin_G  -E_z[T(G(z))]

    >>> mlp = keras_gen.networks.mlp
    >>> model = keras_gen.models.WGANGP(mlp(2, 2, name="generator"), mlp(2, 1, name="critic"), one_sided=True)
    >>> model.term_names()
    ('discriminator_loss', 'generator_loss', 'gradient_penalty')

    Args:
        generator: See `AdversarialModel`.
        discriminator: T; see `AdversarialModel`. Without batch norm, as the penalty is meant for each image alone.
        penalty_weight: lambda, above 0.
        one_sided: Whether slopes below 1 are free, (20), as the post's author prefers.
        sampling: The name of r(x), one of `keras_gen.losses.gradient_sampling.SAMPLINGS`; by default points between a
            real and a fake image (21). With `num_classes` that fake image is the neighbour's, which may be of another
            class; `interpolate_within_class` takes the one of the real image's own class.
        **kwargs: `num_classes`, `ema_momentum`, `seed` and others; passed on to `AdversarialModel`.

    Raises:
        InputError: `penalty_weight` or `sampling` is out of range, or as in `AdversarialModel`.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        penalty_weight: float = 10.0,
        one_sided: bool = False,
        sampling: str = "interpolate_real_fake",
        **kwargs: Any,
    ):
        super().__init__(generator, discriminator, **kwargs)
        self.measure_slopes(sampling)
        check_positive(penalty_weight=penalty_weight)
        self.penalty_weight = penalty_weight
        self.one_sided = one_sided

    def discriminator_terms(
        self, t_real: tf.Tensor, t_fake: tf.Tensor, squared_slopes: tf.Tensor | None
    ) -> tuple[tf.Tensor, Terms]:
        """The loss of (19), or of (20)."""
        distance = tf.reduce_mean(t_real) - tf.reduce_mean(t_fake)  # E_p[T(x)] - E_q[T(x)]
        excess = norms(squared_slopes) - 1.0  # |grad T(x)| - 1
        if self.one_sided:
            excess = tf.nn.relu(excess)  # max(|grad T(x)| - 1, 0)
        penalty = self.penalty_weight * tf.reduce_mean(excess**2)
        return penalty - distance, {"gradient_penalty": penalty}

    def generator_loss(self, t_fake: tf.Tensor, t_real: tf.Tensor | None) -> tf.Tensor:
        """-E_z[T(G(z))]."""
        return -tf.reduce_mean(t_fake)

    def get_config(self) -> dict[str, Any]:
        """The arguments that build this model again."""
        return {
            **super().get_config(),
            "penalty_weight": self.penalty_weight,
            "one_sided": self.one_sided,
            "sampling": self.sampling,
        }

"""`WGANDiv`: the GAN of the Wasserstein divergence.

Wu et al. 2018, arXiv 1712.01026; the post of 2018-11-07, whose equations are quoted by number. The script is
`reproductions/wgan_div.py`, its page `reproductions/wgan_div.md`, its tests `tests/models/test_wgan_div.py`.
"""

from typing import Any

import keras
import tensorflow as tf

from keras_gen.losses.gradient_penalties import check_power_penalty, norms_to_the
from keras_gen.models.adversarial_model import AdversarialModel
from keras_gen.models.reproducible_model import Terms


@keras.saving.register_keras_serializable("keras_gen")
class WGANDiv(AdversarialModel):
    """WGAN-div: the gradient term makes the critic's optimum a divergence, so no Lipschitz constraint is needed.

        W_{k,p}[p, q] = max_T  E_p[T(x)] - E_q[T(x)] - k E_r[|grad T(x)|^p]         (9)
        T = argmax_T  E_p[T(x)] - E_q[T(x)] - k E_r[|grad T(x)|^p]                  (11)
        G = argmin_G  E_p[T(x)] - E_z[T(G(z))]                                      (11)

    In E_p, p is the data's distribution; in |grad T|^p it is the power. q is the generator's distribution.

    Reported terms: those of `AdversarialModel`, and `wasserstein_divergence`, the batch's estimate of W_{k,p} at the
    present T.

    >>> mlp = keras_gen.networks.mlp
    >>> model = keras_gen.models.WGANDiv(mlp(2, 2, name="generator"), mlp(2, 1, name="critic"), k=2.0, p=6.0)
    >>> model.compile(discriminator_optimizer=keras.optimizers.Adam(2e-3, beta_1=0.5))
    >>> history = model.fit(tf.random.stateless_normal([64, 2], [0, 0]), verbose=0)
    >>> model.sample(3, seed=0).shape
    TensorShape([3, 2])

    Args:
        generator: See `AdversarialModel`.
        discriminator: T; see `AdversarialModel`.
        k: Weight of the gradient term, above 0.
        p: Power of the gradient's norm, above 1. The paper finds k = 2, p = 6 best.
        sampling: The name of r(x): `interpolate_real_fake`, `interpolate_within`, `interpolate_pooled`,
            `real_and_fake`, `fake` or `real`, or with `num_classes` `interpolate_within_class`; see
            `keras_gen.losses.gradient_sampling.points`. The theory asks almost nothing of it; the author's code uses
            `real_and_fake`.
        **kwargs: `num_classes`, `ema_momentum`, `seed` and others; passed on to `AdversarialModel`.

    Raises:
        InputError: `k`, `p` or `sampling` is out of range, or as in `AdversarialModel`.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        k: float = 2.0,
        p: float = 6.0,
        sampling: str = "real_and_fake",
        **kwargs: Any,
    ):
        super().__init__(generator, discriminator, **kwargs)
        self.measure_slopes(sampling)
        check_power_penalty(k, p)
        self.k = k
        self.p = p

    def discriminator_terms(
        self, t_real: tf.Tensor, t_fake: tf.Tensor, squared_slopes: tf.Tensor | None
    ) -> tuple[tf.Tensor, Terms]:
        """Minus what T maximises in (11); `squared_slopes` are |grad T(x)|² at the points x of r(x)."""
        penalty = self.k * tf.reduce_mean(norms_to_the(self.p, squared_slopes))  # k E_r[|grad T(x)|^p]
        divergence = tf.reduce_mean(t_real) - tf.reduce_mean(t_fake) - penalty  # (9)
        return -divergence, {"wasserstein_divergence": divergence, "gradient_penalty": penalty}

    def generator_loss(self, t_fake: tf.Tensor, t_real: tf.Tensor | None) -> tf.Tensor:
        """-E_z[T(G(z))] (11); E_p[T(x)] does not depend on G."""
        return -tf.reduce_mean(t_fake)

    def term_names(self) -> tuple[str, ...]:
        """The terms of `AdversarialModel`, and the divergence."""
        return (*super().term_names(), "wasserstein_divergence")

    def get_config(self) -> dict[str, Any]:
        """The arguments that build this model again."""
        return {**super().get_config(), "k": self.k, "p": self.p, "sampling": self.sampling}

"""`WGAN`: the Wasserstein GAN with weight clipping.

Arjovsky, Chintala and Bottou 2017, arXiv 1701.07875, whose equations are quoted by number. The posts on WGAN-div and on
Lipschitz constraints name clipping as the crude first way to a Lipschitz constraint; it stands here for comparison.
"""

from typing import Any

import keras
import tensorflow as tf

from keras_gen.checks import check_positive
from keras_gen.models.adversarial_model import AdversarialModel
from keras_gen.models.reproducible_model import Terms


@keras.saving.register_keras_serializable("keras_gen")
class WGAN(AdversarialModel):
    """WGAN: T estimates the Wasserstein distance of p and q, up to a factor, with every weight in [-clip, clip].

        T = argmax_{|w| <= clip}  E_p[T(x)] - E_q[T(x)]         (2), (3)
        G = argmin_G  -E_z[T(G(z))]                             (4)

    >>> mlp = keras_gen.networks.mlp
    >>> model = keras_gen.models.WGAN(mlp(2, 2, name="generator"), mlp(2, 1, name="critic"), clip=0.01)
    >>> model.decode(tf.zeros([3, 2])).shape
    TensorShape([3, 2])

    Args:
        generator: See `AdversarialModel`.
        discriminator: T; see `AdversarialModel`.
        clip: Bound of every trainable weight of T after each of its updates, above 0.
        **kwargs: `num_classes`, `ema_momentum`, `seed` and others; passed on to `AdversarialModel`.

    Raises:
        InputError: `clip` is not a finite number above 0, or as in `AdversarialModel`.
    """

    def __init__(self, generator: keras.Model, discriminator: keras.Model, clip: float = 0.01, **kwargs: Any):
        super().__init__(generator, discriminator, **kwargs)
        check_positive(clip=clip)
        self.clip = clip

    def discriminator_terms(
        self, t_real: tf.Tensor, t_fake: tf.Tensor, squared_slopes: tf.Tensor | None
    ) -> tuple[tf.Tensor, Terms]:
        """Minus (3), plus a `gradient_penalty` if one was given: the paper has none."""
        distance = tf.reduce_mean(t_real) - tf.reduce_mean(t_fake)  # E_p[T(x)] - E_q[T(x)]
        penalty = self.penalty(squared_slopes)
        return penalty - distance, {"gradient_penalty": penalty}

    def generator_loss(self, t_fake: tf.Tensor, t_real: tf.Tensor | None) -> tf.Tensor:
        """-E_z[T(G(z))] (4)."""
        return -tf.reduce_mean(t_fake)

    def train_discriminator(self, real: tf.Tensor, stream: str, *classes: tf.Tensor) -> Terms:
        """One update of T, then the clipping (algorithm 1, line 7)."""
        terms = super().train_discriminator(real, stream, *classes)
        for weight in self.discriminator.trainable_variables:
            weight.assign(tf.clip_by_value(weight, -self.clip, self.clip))
        return terms

    def get_config(self) -> dict[str, Any]:
        """The arguments that build this model again."""
        return {**super().get_config(), "clip": self.clip}

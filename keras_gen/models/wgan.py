"""`WGAN`: the Wasserstein GAN with weight clipping.

Arjovsky, Chintala and Bottou 2017, arXiv 1701.07875, algorithm 1. The post on WGAN-div names clipping as the crude
first way to a Lipschitz constraint; it stands here for comparison.
"""

import keras
import tensorflow as tf

from keras_gen.checks import check_positive
from keras_gen.models.gan import GAN
from keras_gen.models.reproducible_model import Terms


@keras.saving.register_keras_serializable("keras_gen")
class WGAN(GAN):
    """WGAN: T maximises E_p[T] - E_q[T] with every weight of T clipped to [-clip, clip].

    Args:
        generator: See `GAN`.
        discriminator: See `GAN`.
        clip: Bound of every trainable weight of the discriminator after each of its updates, above 0.
        **kwargs: Passed on to `GAN`.

    Raises:
        InputError: `clip` is not a finite number above 0.
    """

    def __init__(self, generator: keras.Model, discriminator: keras.Model, clip: float = 0.01, **kwargs):
        super().__init__(generator, discriminator, adversarial_loss="wasserstein", **kwargs)
        check_positive(clip=clip)
        self.clip = clip

    def train_discriminator(self, real: tf.Tensor, stream: str) -> Terms:
        """One update of T, then the clipping."""
        terms = super().train_discriminator(real, stream)
        for weight in self.discriminator.trainable_variables:
            weight.assign(tf.clip_by_value(weight, -self.clip, self.clip))
        return terms

    def get_config(self) -> dict:
        """The arguments that build this model again."""
        config = super().get_config()
        del config["adversarial_loss"]
        return {**config, "clip": self.clip}

"""`RSGAN`: the relativistic standard GAN.

Jolicoeur-Martineau 2018, arXiv 1807.00734; the post of 2018-10-22, whose equations are quoted by number. Its
tests are `tests/models/test_rsgan.py`.
"""

import keras

from keras_gen.losses.relativistic import Relativistic
from keras_gen.models.gan import GAN


@keras.saving.register_keras_serializable("keras_gen")
class RSGAN(GAN):
    """RSGAN: the discriminator judges a pair, a real image and a fake one, and tells which of the two is real.

        T = argmin_T  -E_{x_r ~ p, x_f ~ q}[log sigma(T(x_r) - T(x_f))]             (7)
        G = argmin_G  E_{x_r ~ p, x_f = G(z)}[h(T(x_f) - T(x_r))]                   (8)
        G = argmin_G  -E_{x_r ~ p, x_f = G(z)}[log sigma(T(x_f) - T(x_r))]          (9), (8) with `log_sigmoid`

    The best T is log(p/q) up to a constant (10). G then minimises an f-divergence between p(x_r) q(x_f) and the same
    with the two images swapped (11); with `linear` it is KL(p||q) + KL(q||p).

    The generator's updates compare with fresh real images too, so that a batch holds the images of all updates:
    `discriminator_steps + generator_steps` times as many as one uses. The author makes two updates of the generator
    for one of the discriminator, `generator_steps=2`.

    Args:
        generator: See `GAN`.
        discriminator: T; see `GAN`.
        h: `log_sigmoid`, h(t) = -log sigma(t), the paper's; `linear`, h(t) = -t; or `log_one_minus_sigmoid`,
            h(t) = log(1 - sigma(t)).
        pairs: What is compared: `position`, the first real image with the first fake one and so on; `all`, every real
            image of the batch with every fake one; or `average`, every image with the mean score of the other kind,
            which is the relativistic average GAN (RaSGAN) of the same paper.
        **kwargs: Passed on to `GAN`.

    Raises:
        InputError: `h` or `pairs` is none of these.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        h: str = "log_sigmoid",
        pairs: str = "position",
        **kwargs,
    ):
        super().__init__(generator, discriminator, adversarial_loss=Relativistic(h, pairs), **kwargs)

    def get_config(self) -> dict:
        """The arguments that build this model again."""
        config = super().get_config()
        del config["adversarial_loss"]
        return {**config, **self.adversarial_loss.get_config()}

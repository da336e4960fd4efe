"""`GAN`: a generator and a discriminator with any adversarial loss and any gradient penalty.

With its defaults it is the standard GAN with the generator's loss that does not saturate (Goodfellow et al. 2014,
arXiv 1406.2661). The losses are in `keras_gen/losses`; each paper's model has a file of its own beside this one.
"""

from typing import Any

import keras
import tensorflow as tf

from keras_gen.losses import adversarial
from keras_gen.losses.gradient_penalties import GradientPenalty
from keras_gen.models.adversarial_model import AdversarialModel
from keras_gen.models.reproducible_model import Terms


@keras.saving.register_keras_serializable("keras_gen")
class GAN(AdversarialModel):
    """A generative adversarial network of free choice.

        T = argmin_T  L_T(T(x), T(G(z))) + E_r[phi(|grad T(x)|)]
        G = argmin_G  L_G(T(G(z)))

    L_T and L_G are the two sides of `adversarial_loss`, by default the standard GAN's:

        L_T = -E_p[log sigma(T(x))] - E_q[log(1 - sigma(T(x)))]
        L_G = -E_z[log sigma(T(G(z)))]

    >>> mlp = keras_gen.networks.mlp
    >>> model = keras_gen.models.GAN(
    ...     mlp(2, 2, name="generator"),
    ...     mlp(2, 1, name="discriminator"),
    ...     keras_gen.losses.Wasserstein(),
    ...     keras_gen.losses.OneSidedPenalty(weight=10.0, sampling="fake"),
    ... )
    >>> model.compile()
    >>> history = model.fit(tf.random.stateless_normal([64, 2], [0, 0]), verbose=0)
    >>> sorted(history.history)
    ['discriminator_loss', 'generator_loss', 'gradient_penalty']

    Args:
        generator: See `AdversarialModel`.
        discriminator: T; see `AdversarialModel`.
        adversarial_loss: An `AdversarialLoss` or its name, one of `keras_gen.losses.adversarial.names()`.
        gradient_penalty: The last term of T's loss, a `GradientPenalty`, or None.
        discriminator_steps: See `AdversarialModel`.
        generator_steps: Updates of the generator per step.
        ema_momentum: Momentum of the generator's moving average, or None.
        seed: Seed of every draw in training.
        **kwargs: `num_classes`; passed on to `AdversarialModel`.

    Raises:
        InputError: There is no such loss, or as in `AdversarialModel`.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        adversarial_loss: str | adversarial.AdversarialLoss = "non_saturating",
        gradient_penalty: GradientPenalty | None = None,
        discriminator_steps: int = 1,
        generator_steps: int = 1,
        ema_momentum: float | None = None,
        seed: int = 0,
        **kwargs: Any,
    ):
        steps = (discriminator_steps, generator_steps)
        super().__init__(
            generator, discriminator, *steps, ema_momentum, seed, gradient_penalty=gradient_penalty, **kwargs
        )
        self.adversarial_loss = adversarial.get(adversarial_loss)
        self.relativistic = self.adversarial_loss.relativistic

    def discriminator_terms(
        self, t_real: tf.Tensor, t_fake: tf.Tensor, squared_slopes: tf.Tensor | None
    ) -> tuple[tf.Tensor, Terms]:
        """The adversarial loss and the penalty."""
        loss = self.adversarial_loss.discriminator_loss(t_real, t_fake)  # L_T
        penalty = self.penalty(squared_slopes)  # E_r[phi(|grad T|)]
        return loss + penalty, {"gradient_penalty": penalty}

    def generator_loss(self, t_fake: tf.Tensor, t_real: tf.Tensor | None) -> tf.Tensor:
        """The adversarial loss; a relativistic one compares with real images."""
        scores = (t_fake, t_real) if self.relativistic else (t_fake,)
        return self.adversarial_loss.generator_loss(*scores)  # L_G

    def get_config(self) -> dict[str, Any]:
        """The arguments that build this model again."""
        loss = keras.saving.serialize_keras_object(self.adversarial_loss)
        return {**super().get_config(), "adversarial_loss": loss}

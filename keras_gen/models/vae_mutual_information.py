"""`DecoderFreeVAE`: the VAE's loss as prior plus mutual information, without a decoder.

The post of 2018-10-10, whose equations are quoted by number. Its tests are
`tests/models/test_vae_mutual_information.py`, its script and page `reproductions/vae_mutual_information.py` and `.md`.
"""

from typing import Any

import keras
import tensorflow as tf

from keras_gen.checks import check_counts, check_positive
from keras_gen.losses import mutual_information
from keras_gen.losses.mutual_information import Estimator
from keras_gen.models.information_encoder import InformationEncoder, check_discriminator
from keras_gen.models.reproducible_model import Terms


@keras.saving.register_keras_serializable("keras_gen")
class DecoderFreeVAE(InformationEncoder):
    """An encoder trained by the VAE's loss with the information in the place of the decoder.

        KL(p~(x) p(z|x) || q(z) q(x|z)) = E_x KL(p(z|x) || q(z)) - E log q(x|z)/p~(x)      (1, 2)
        min over q(x|z) of this         = E_x KL(p(z|x) || q(z)) - I(x, z)                 (3)

        min over p(z|x), T of             E_x KL(p(z|x) || q(z)) - information_weight * estimate of I(x, z)

    The estimate is what the `estimator` makes of T's scores, on pairs of an x and its own z (P) and of an x and the z
    of m others (Q). In the mean, `nwj` and `info_nce` are at most I(x, z). The logarithm of a batch's mean can lift
    `donsker_varadhan` above it; `jensen_shannon` bounds twice the Jensen-Shannon divergence of P and Q instead:

        jensen_shannon      E_P[log sigma(T)] + E_Q[log(1 - sigma(T))] + 2 log 2
        nwj                 E_P[T] - E_Q[e^(T - 1)]
        donsker_varadhan    E_P[T] - log E_Q[e^T]
        info_nce            E_P[T - log 1/(m + 1) sum_j e^(T_j)]   of an x's own z and those of the m others

    q(z) = N(0, I). The weight is 1 in (3), which is KL(p(z) || q(z)): it asks for codes that together are spread as the
    prior is, and for no information in particular. The post of 2018-10-02 has (1 + lambda)/lambda, above 1.

    Reported terms, in nats: `loss`, the expression above; `prior_kl`, its first term; `information`, the estimate.

    >>> networks = keras_gen.networks.infomax
    >>> model = keras_gen.models.DecoderFreeVAE(
    ...     networks.encoder((8, 8, 1), 2, map_widths=(4,), code_widths=(4,)),
    ...     networks.image_discriminator((8, 8, 1), 2, map_widths=(4,), widths=(8,)),
    ...     estimator="info_nce",
    ...     num_shuffles=7,
    ... )
    >>> model.encode(tf.zeros([3, 8, 8, 1])).shape
    TensorShape([3, 2])

    Args:
        encoder: Network from images [batch, ...] whose last two outputs are the mean and the logarithm of the variance
            of p(z|x), both [batch, latent_dim].
        discriminator: T(x, z), from images and codes [batch, m, latent_dim] to scores [batch, m].
        estimator: Of the information, one of `mutual_information.names()`, or an `Estimator`; one of your own cannot be
            saved.
        num_shuffles: Codes of others that an image is paired with, m; info_nce is at most log(m + 1).
        information_weight: Weight of the information, above 0.
        seed: Seed of every draw in training.
        **kwargs: Passed on to `keras.Model`.

    Raises:
        InputError: The networks do not fit each other, there is no such estimator, or a number is out of range.
    """

    def __init__(
        self,
        encoder: keras.Model,
        discriminator: keras.Model,
        estimator: str | Estimator = "jensen_shannon",
        num_shuffles: int = 1,
        information_weight: float = 1.0,
        seed: int = 0,
        **kwargs: Any,
    ):
        super().__init__(encoder, seed=seed, **kwargs)
        check_discriminator("the discriminator", discriminator, self.data_shape, self.latent_dim, positions=0)
        check_counts(num_shuffles=num_shuffles)
        check_positive(information_weight=information_weight)
        self.discriminator = discriminator
        self.estimator = mutual_information.get(estimator)
        self.num_shuffles = num_shuffles
        self.information_weight = information_weight
        self.built = True

    @property
    def codes_of_others(self) -> int:
        """Codes of other images of the batch that an image is paired with."""
        return self.num_shuffles

    def term_names(self) -> tuple[str, ...]:
        """The loss and its two terms."""
        return ("loss", "prior_kl", "information")

    def objective(self, images: tf.Tensor, training: bool = True) -> tuple[tf.Tensor, Terms]:
        """What encoder and discriminator minimise together, and its terms."""
        posterior = self.posterior(images, training)  # p(z|x)
        z = self.draw(posterior)
        pairs = images, z, "information", self.num_shuffles
        scores = self.pair_scores(self.discriminator, *pairs, training=training)  # T(x, z)
        prior_kl = tf.reduce_mean(posterior.kl_divergence(self.prior))  # E_x KL(p(z|x) || q(z))
        information = self.estimator.bound(*scores)  # the estimate of I(x, z), by the estimator's formula above
        loss = prior_kl - self.information_weight * information  # (3), where the weight is 1
        return loss, {"loss": loss, "prior_kl": prior_kl, "information": information}

    def get_config(self) -> dict[str, Any]:
        """The arguments that build this model again."""
        return {
            **super().get_config(),
            "discriminator": keras.saving.serialize_keras_object(self.discriminator),
            "estimator": self.estimator.name,
            "num_shuffles": self.num_shuffles,
            "information_weight": self.information_weight,
        }

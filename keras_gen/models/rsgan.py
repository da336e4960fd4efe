"""`RSGAN`: the relativistic standard GAN.

Jolicoeur-Martineau 2018, arXiv 1807.00734; the post of 2018-10-22, whose equations are quoted by number. The script is
`reproductions/rsgan.py`, its page `reproductions/rsgan.md`, its tests `tests/models/test_rsgan.py`.
"""

from typing import Any

import keras
import tensorflow as tf

from keras_gen.checks import check_choice
from keras_gen.losses.relativistic import PAIRS, H, differences
from keras_gen.models.adversarial_model import AdversarialModel
from keras_gen.models.reproducible_model import Terms

REAL_SCORES = ("fresh", "running_mean")
MOMENTUM = 0.9  # of the running mean
REAL_SCORE = "real_score"


@keras.saving.register_keras_serializable("keras_gen")
class RSGAN(AdversarialModel):
    """RSGAN: the discriminator judges a pair, a real image and a fake one, and tells which of the two is real.

        T = argmin_T  -E_{x_r ~ p, x_f ~ q}[log sigma(T(x_r) - T(x_f))]             (7)
        G = argmin_G  E_{x_r ~ p, x_f = G(z)}[h(T(x_f) - T(x_r))]                   (8)

        h(t) = -log sigma(t)            `log_sigmoid`, the paper's, which makes (8) its loss (9)
        h(t) = -t                       `linear`
        h(t) = log(1 - sigma(t))        `log_one_minus_sigmoid`

    The best T is log(p/q) up to a constant (10). G then minimises an f-divergence between p(x_r) q(x_f) and the same
    with the two images swapped (11); with `linear` it is KL(p||q) + KL(q||p).

    The expectations over pairs are means of these differences; those of (8) have x_f and x_r in each other's place:

        T(x_r,i) - T(x_f,i)                             `position`: the i-th real image and the i-th fake one
        T(x_r,i) - T(x_f,j)                             `all`: every real image of the batch and every fake one
        T(x_r,i) - mean T(x_f), mean T(x_r) - T(x_f,j)  `average`: the two means are added, as in the relativistic
                                                        average GAN (RaSGAN) of the paper's algorithm 2

    The generator's updates compare with fresh real images too, so that a batch holds the images of all updates:
    `discriminator_steps + generator_steps` times as many as one uses. The author makes two updates of the generator
    per update of the discriminator, `generator_steps=2`.

    Whether that stabilises the training, as the post has it, `real_scores="running_mean"` lets one try: the generator
    then compares with one number in the place of T(x_r), a running mean of the scores that the discriminator's updates
    gave to their real images, and its updates take no real images.

    >>> mlp = keras_gen.networks.mlp
    >>> model = keras_gen.models.RSGAN(mlp(2, 2, name="generator"), mlp(2, 1, name="discriminator"), generator_steps=2)
    >>> model.real_batches_per_step  # one for the discriminator and two for the generator
    3

    Args:
        generator: See `AdversarialModel`.
        discriminator: T; see `AdversarialModel`.
        h: `log_sigmoid`, `linear` or `log_one_minus_sigmoid`.
        pairs: `position`, `all` or `average`. The batch is that of all replicas together.
        real_scores: What the generator compares with: `fresh` scores of real images, as in (8), or their
            `running_mean`, m <- 0.9 m + 0.1 mean T(x_r).
        **kwargs: `num_classes`, `ema_momentum`, `seed` and others; passed on to `AdversarialModel`.

    Raises:
        InputError: `h`, `pairs` or `real_scores` is none of these, or as in `AdversarialModel`.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        h: str = "log_sigmoid",
        pairs: str = "position",
        real_scores: str = "fresh",
        **kwargs: Any,
    ):
        super().__init__(generator, discriminator, **kwargs)
        check_choice("h", h, H)
        check_choice("pairs", pairs, PAIRS)
        check_choice("real_scores", real_scores, REAL_SCORES)
        self.h = h
        self.pairs = pairs
        self.real_scores = real_scores
        self.relativistic = real_scores == "fresh"
        if not self.relativistic:
            self.mean_real_score = self.add_weight(
                name="mean_real_score", shape=(), initializer="zeros", trainable=False
            )

    def discriminator_terms(
        self, t_real: tf.Tensor, t_fake: tf.Tensor, squared_slopes: tf.Tensor | None
    ) -> tuple[tf.Tensor, Terms]:
        """The loss of (7), plus a `gradient_penalty` if one was given: the paper has none."""
        apart = differences(self.pairs, t_real, t_fake)  # T(x_r) - T(x_f)
        loss = tf.add_n([-tf.reduce_mean(tf.math.log_sigmoid(difference)) for difference in apart])  # (7)
        penalty = self.penalty(squared_slopes)
        return loss + penalty, {"gradient_penalty": penalty, REAL_SCORE: tf.reduce_mean(t_real)}

    def generator_loss(self, t_fake: tf.Tensor, t_real: tf.Tensor | None) -> tf.Tensor:
        """E[h(T(x_f) - T(x_r))] (8)."""
        if t_real is None:
            t_real = tf.fill(tf.shape(t_fake), self.mean_real_score.value)
        apart = differences(self.pairs, t_fake, t_real)  # T(x_f) - T(x_r)
        return tf.add_n([tf.reduce_mean(H[self.h](difference)) for difference in apart])  # (8)

    def train_discriminator(self, real: tf.Tensor, stream: str, *classes: tf.Tensor) -> Terms:
        """See `AdversarialModel.train_discriminator`; follows the mean score of real images."""
        terms = super().train_discriminator(real, stream, *classes)
        if not self.relativistic:
            replica = tf.distribute.get_replica_context()
            score = replica.all_reduce(tf.distribute.ReduceOp.MEAN, terms[REAL_SCORE])
            self.mean_real_score.assign(MOMENTUM * self.mean_real_score + (1 - MOMENTUM) * score)
        return terms

    def get_config(self) -> dict[str, Any]:
        """The arguments that build this model again."""
        return {**super().get_config(), "h": self.h, "pairs": self.pairs, "real_scores": self.real_scores}

"""`DeepInfoMax`: codes by information alone, with a prior.

The post of 2018-10-02, after Hjelm et al. 2018, arXiv 1808.06670. Its networks are `keras_gen/networks/infomax.py`, its
tests `tests/models/test_deep_infomax.py`, its script and page `reproductions/deep_infomax.py` and `.md`.
"""

import math
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from keras_gen.checks import check_choice, check_defined, check_not_negative
from keras_gen.errors import InputError
from keras_gen.losses import f_divergences
from keras_gen.models.information_encoder import InformationEncoder, check_discriminator
from keras_gen.models.reproducible_model import Terms

GLOBAL_PAIRS = ("image_code", "code_code")
KL_REDUCTIONS = ("sum", "mean")
DIVERGENCES = ("js", "hellinger")
# The weight of the term that trains each discriminator.
TRAINED_BY = {"alpha": "global_discriminator", "beta": "local_discriminator", "gamma": "prior_discriminator"}


@keras.saving.register_keras_serializable("keras_gen")
class DeepInfoMax(InformationEncoder):
    """Deep InfoMax with the VAE's prior term.

        min over p(z|x), T_1, T_2 of
            - alpha (E_P[log sigma(T_1(x, z))] + E_Q[log(1 - sigma(T_1(x, z)))])
            - beta / (h w) sum_ij (E_P[log sigma(T_2(C_ij, z))] + E_Q[log(1 - sigma(T_2(C_ij, z)))])
            + gamma E_x[KL(p(z|x) || q(z))]

    P pairs an image with its own code, Q with that of another image of the batch; C_ij are the columns of the encoder's
    feature map; q(z) = N(0, I).

    Two choices that the post weighs and does not take: `divergence="hellinger"` has E_P[1 - e^(-T)] + E_Q[1 - e^T] in
    both brackets; and with a `prior_discriminator` T_3 the third line is the paper's adversary (its equation 7),

            - E_q(z)[log sigma(T_3(z))] - E_p(z)[log(1 - sigma(T_3(z)))]

    which T_3 minimises, while p(z|x) maximises gamma times it: on its way back to the codes the gradient is multiplied
    by -gamma.

    Reported terms: `loss`, the expression above; `global_information` and `local_information`, the estimates in nats of
    the Jensen-Shannon divergence JS(P, Q) that its first two lines hold: half of the bracket, plus log 2, at most
    log 2; for `hellinger` the bracket itself, which estimates the squared Hellinger distance, at most 2. `prior_kl`,
    KL(p(z|x) || q(z)) in nats, summed over the dimensions whatever `kl_reduction` is; of an adversary `prior_js`, its
    estimate of JS(q(z), p(z)) in nats. A term of weight 0 is left out.

    >>> networks = keras_gen.networks.infomax
    >>> encoder = networks.encoder((8, 8, 1), 2, map_widths=(4,), code_widths=(4,))
    >>> model = keras_gen.models.DeepInfoMax(
    ...     encoder,
    ...     networks.image_discriminator((8, 8, 1), 2, map_widths=(4,), widths=(8,)),
    ...     networks.local_discriminator(encoder.output_shape[0][1:], 2, widths=(8,)),
    ... )
    >>> codes = model.encode(tf.zeros([3, 8, 8, 1]))
    >>> numbers, distances = model.neighbors(codes, codes, 2)
    >>> numbers.shape
    TensorShape([3, 2])

    Args:
        encoder: Network from images [batch, ...] to feature map [batch, h, w, channels] and mean and logarithm of the
            variance of p(z|x), both [batch, latent_dim].
        global_discriminator: T_1, from what `global_pairs` says and codes [batch, m, latent_dim] to scores [batch, m].
            None if alpha is 0.
        local_discriminator: T_2, from feature maps and codes [batch, m, latent_dim] to scores [batch, h, w, m]. None
            if beta is 0.
        alpha: Weight of the global information, at least 0.
        beta: Weight of the local information, at least 0.
        gamma: Weight of the prior, at least 0.
        global_pairs: `image_code`: T_1 sees images, as in the formula. `code_code`: it sees codes in their place, as in
            the author's code, where the pairs are (z, z) and (z, z').
        kl_reduction: `sum` over the dimensions of z, which is the KL, or `mean`, as in the author's code, which makes
            the weight gamma / latent_dim. Not with a `prior_discriminator`, which has no KL.
        divergence: Whose bound by T_1 and T_2 is maximised: `js`, as in the expression, or `hellinger`.
        prior_discriminator: T_3, from codes [batch, latent_dim] to scores [batch, 1]; None for the KL, or if gamma
            is 0.
        seed: Seed of every draw in training.
        **kwargs: Passed on to `keras.Model`.

    Raises:
        InputError: The networks do not fit each other, or one would not be trained, since its weight is 0; a weight is
            below 0, alpha and beta are both 0, `kl_reduction` is given without a KL, or there is no such
            `global_pairs`, `kl_reduction` or `divergence`.
    """

    def __init__(
        self,
        encoder: keras.Model,
        global_discriminator: keras.Model | None,
        local_discriminator: keras.Model | None,
        alpha: float = 0.5,
        beta: float = 1.5,
        gamma: float = 0.01,
        global_pairs: str = "image_code",
        kl_reduction: str = "sum",
        divergence: str = "js",
        prior_discriminator: keras.Model | None = None,
        seed: int = 0,
        **kwargs: Any,
    ):
        super().__init__(encoder, seed=seed, **kwargs)
        check_not_negative(alpha=alpha, beta=beta, gamma=gamma)
        if not alpha and not beta:
            raise InputError("alpha=0, beta=0: there is no information to maximise; give one a weight above 0")
        check_choice("global_pairs", global_pairs, GLOBAL_PAIRS)
        check_choice("kl_reduction", kl_reduction, KL_REDUCTIONS)
        check_choice("divergence", divergence, DIVERGENCES)
        self.alpha, self.beta, self.gamma = alpha, beta, gamma
        self.global_pairs = global_pairs
        self.kl_reduction = kl_reduction
        self.divergence = divergence
        self.global_discriminator = global_discriminator
        self.local_discriminator = local_discriminator
        self.prior_discriminator = prior_discriminator
        self._check_networks()
        self.built = True

    def term_names(self) -> tuple[str, ...]:
        """The loss, and its terms whose weight is not 0."""
        prior = "prior_kl" if self.prior_discriminator is None else "prior_js"
        weights = {"global_information": self.alpha, "local_information": self.beta, prior: self.gamma}
        return ("loss", *(name for name, weight in weights.items() if weight))

    def objective(self, images: tf.Tensor, training: bool = True) -> tuple[tf.Tensor, Terms]:
        """What encoder and discriminators minimise together, and its terms."""
        outputs = self.encoder(images, training=training)
        feature_map, posterior = outputs[0], self.gaussian(outputs)  # C_ij, p(z|x)
        z = self.draw(posterior)
        loss, terms = tf.zeros([]), {}
        if self.alpha:
            x = images if self.global_pairs == "image_code" else z
            scores = self.pair_scores(self.global_discriminator, x, z, "global", training=training)
            bracket = self.bracket(*scores)
            loss -= self.alpha * bracket  # -alpha (E_P[log sigma(T_1)] + E_Q[log(1 - sigma(T_1))]), or Hellinger's
            terms["global_information"] = self.estimate(bracket)
        if self.beta:
            scores = self.pair_scores(self.local_discriminator, feature_map, z, "local", training=training)
            bracket = self.bracket(*scores)
            loss -= self.beta * bracket  # -beta / (h w) sum_ij (E_P[log sigma(T_2)] + E_Q[log(1 - sigma(T_2))])
            terms["local_information"] = self.estimate(bracket)
        if self.gamma and self.prior_discriminator is not None:
            drawn, against = self.normal(tf.shape(z)[0], (self.latent_dim,), "prior"), reversed_gradient(z, self.gamma)
            of_prior, of_codes = (
                tf.cast(self.prior_discriminator(codes, training=training), tf.float32) for codes in (drawn, against)
            )
            bracket = log_likelihood_of_pairs(of_prior, of_codes)
            # -E_q(z)[log sigma(T_3)] - E_p(z)[log(1 - sigma(T_3))], whose gradient to the encoder is times -gamma
            loss -= bracket
            terms["prior_js"] = bracket / 2 + math.log(2)
        elif self.gamma:
            kl = tf.reduce_mean(posterior.kl_divergence(self.prior))
            terms["prior_kl"] = kl
            if self.kl_reduction == "mean":
                kl /= self.latent_dim
            loss += self.gamma * kl  # gamma E_x[KL(p(z|x) || q(z))]
        return loss, {"loss": loss, **terms}

    def bracket(self, joint_scores: tf.Tensor, shuffled_scores: tf.Tensor) -> tf.Tensor:
        """What T_1 and T_2 maximise, from scores of the pairs of P and of Q."""
        if self.divergence == "hellinger":
            return f_divergences.HELLINGER.bound(joint_scores, shuffled_scores)
        return log_likelihood_of_pairs(joint_scores, shuffled_scores)

    def estimate(self, bracket: tf.Tensor) -> tf.Tensor:
        """The divergence of P and Q that a bracket estimates."""
        return bracket if self.divergence == "hellinger" else bracket / 2 + math.log(2)

    def _check_networks(self) -> None:
        outputs = [tuple(output.shape[1:]) for output in self.encoder.outputs]
        if self.beta and (len(outputs) != 3 or len(outputs[0]) != 3):
            raise InputError(
                f"the encoder gives {', '.join(map(str, outputs))} per image; beta={self.beta} needs a feature map "
                "(h, w, channels), mean and log variance"
            )
        if self.alpha:
            x_shape = self.data_shape if self.global_pairs == "image_code" else (self.latent_dim,)
            self._check("alpha", "global_discriminator", x_shape, positions=0)
        if self.beta:
            self._check("beta", "local_discriminator", outputs[0], positions=2)
        for weight, name in TRAINED_BY.items():
            if not getattr(self, weight) and getattr(self, name) is not None:
                raise InputError(f"{name}: with {weight}=0 it would not be trained; leave it out, or raise {weight}")
        if self.prior_discriminator is not None:
            if self.kl_reduction != "sum":
                raise InputError(
                    f"kl_reduction={self.kl_reduction!r}: with a prior_discriminator there is no KL; leave one of the "
                    "two out"
                )
            check_defined(prior_discriminator=self.prior_discriminator)
            network = self.prior_discriminator
            taken, given = tuple(network.input_shape[1:]), tuple(network.output_shape[1:])
            if (taken, given) != ((self.latent_dim,), (1,)):
                raise InputError(
                    f"prior_discriminator takes {taken} and gives {given}; it must take codes ({self.latent_dim},) and "
                    "give one score, (1,)"
                )

    def _check(self, weight: str, name: str, x_shape: tuple[int, ...], positions: int) -> None:
        if getattr(self, name) is None:
            raise InputError(f"{name}=None: {weight}={getattr(self, weight)} needs one")
        check_discriminator(name, getattr(self, name), x_shape, self.latent_dim, positions)

    def get_config(self) -> dict[str, Any]:
        """The arguments that build this model again."""
        serialize = keras.saving.serialize_keras_object
        return {
            **super().get_config(),
            "global_discriminator": serialize(self.global_discriminator),
            "local_discriminator": serialize(self.local_discriminator),
            "prior_discriminator": serialize(self.prior_discriminator),
            "alpha": self.alpha,
            "beta": self.beta,
            "gamma": self.gamma,
            "global_pairs": self.global_pairs,
            "kl_reduction": self.kl_reduction,
            "divergence": self.divergence,
        }


def reversed_gradient(codes: tf.Tensor, weight: float) -> tf.Tensor:
    """The codes, whose gradient is multiplied by -weight: what is minimised behind them they themselves maximise."""

    @tf.custom_gradient
    def reversing(codes: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        return tf.identity(codes), lambda upstream: -weight * upstream

    return reversing(codes)


def log_likelihood_of_pairs(joint_scores: tf.Tensor, shuffled_scores: tf.Tensor) -> tf.Tensor:
    """E_P[log sigma(T)] + E_Q[log(1 - sigma(T))], a scalar of at most 0, from scores T of the pairs of P and of Q."""
    log_sigmoid = tf.math.log_sigmoid
    return tf.reduce_mean(log_sigmoid(joint_scores)) + tf.reduce_mean(log_sigmoid(-shuffled_scores))

"""Mutual information I(x, z) from scores T(x, z) of pairs that belong together and of pairs that were shuffled.

P is the joint distribution of x and z, Q the product of their marginals, and I = KL(P||Q). The posts of 2018-10-02 and
2018-10-10; the bounds are collected in Poole et al. 2019, arXiv 1905.06922.

Scores are `joint_scores` [..., 1], of x with its own z, and `shuffled_scores` [..., m], of the same x with the z of m
others. Each estimator is to be maximised in T, and by an encoder in z too. Estimates are float32 scalars in nats:

    name               a lower bound of I                      at most     reached by T =
    jensen_shannon     yes, though it estimates JS(P, Q),      log 2       log(p/q)
                       which is at most I/2; reported is
                       the lower bound, twice this
    nwj                yes                                                 1 + log(p/q)
    donsker_varadhan   yes, but too high on a finite batch                 log(p/q) + any constant
    info_nce           yes                                     log(m + 1)  log(p/q) + any function of x, as m grows
    barber_agakov      yes, from a decoder and the entropy of x            (no T)
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf

from keras_gen.checks import check_choice
from keras_gen.errors import InputError
from keras_gen.losses import f_divergences
from keras_gen.utils.replicas import of_all_replicas


def jensen_shannon(joint_scores: tf.Tensor, shuffled_scores: tf.Tensor) -> tf.Tensor:
    """(E_P[log sigma(T)] + E_Q[log(1 - sigma(T))]) / 2 + log 2 <= JS(P, Q) <= min(I/2, log 2).

    Being bounded, it can be maximised without running away (post of 2018-10-02). It is at most I/2 because, of the two
    functions f of an f-divergence, f_JS'' = 1/(2 u (u + 1)) is at most half of f_KL'' = 1/u.
    """
    joint_scores, shuffled_scores = _checked(joint_scores, shuffled_scores)
    return f_divergences.JS.bound(joint_scores, shuffled_scores)


def negative_sampling(joint_scores: tf.Tensor, shuffled_scores: tf.Tensor) -> tf.Tensor:
    """E_P[log sigma(T)] + E_Q[log(1 - sigma(T))] + 2 log 2 = 2 `jensen_shannon` <= I: the posts' own loss."""
    joint_scores, shuffled_scores = _checked(joint_scores, shuffled_scores)
    return (
        tf.reduce_mean(tf.math.log_sigmoid(joint_scores))  # E_P[log sigma(T)]
        + tf.reduce_mean(tf.math.log_sigmoid(-shuffled_scores))  # E_Q[log(1 - sigma(T))]
        + 2 * math.log(2)
    )


def nwj(joint_scores: tf.Tensor, shuffled_scores: tf.Tensor) -> tf.Tensor:
    """E_P[T] - E_Q[e^(T - 1)] <= I (Nguyen, Wainwright and Jordan 2010, arXiv 0809.0853).

    The mean over batches of any size is a lower bound; its variance grows like e^I.
    """
    joint_scores, shuffled_scores = _checked(joint_scores, shuffled_scores)
    return f_divergences.KL.bound(joint_scores, shuffled_scores)


def donsker_varadhan(joint_scores: tf.Tensor, shuffled_scores: tf.Tensor) -> tf.Tensor:
    """E_P[T] - log E_Q[e^T] <= I (Donsker and Varadhan 1983; Belghazi et al. 2018, arXiv 1801.04062, equation 10).

    The expectations make a lower bound. A batch in their place makes the logarithm too small in the mean, so that
    estimates from batches can lie above I, the more so the smaller they are. The logarithm is therefore that of the
    batch of all replicas together.
    """
    joint_scores, shuffled_scores = _checked(joint_scores, shuffled_scores)
    return tf.reduce_mean(joint_scores) - _log_mean_exp(of_all_replicas(tf.reshape(shuffled_scores, [-1])))


def info_nce(joint_scores: tf.Tensor, shuffled_scores: tf.Tensor) -> tf.Tensor:
    """E[T(x, z) - log 1/(m + 1) sum_j e^T(x, z_j)] <= min(I, log(m + 1)) (van den Oord et al. 2018, arXiv 1807.03748).

    The sum is over the z of x and those of m others. The mean over batches of any size is a lower bound.
    """
    joint_scores, shuffled_scores = _checked(joint_scores, shuffled_scores)
    candidates = tf.concat([joint_scores, shuffled_scores], axis=-1)
    return -tf.reduce_mean(_log_mean_exp(candidates - joint_scores))  # the difference first, against cancellation


def barber_agakov(log_likelihoods: tf.Tensor, entropy: float) -> tf.Tensor:
    """E_P[log q(x|z)] + H(x) <= I, with equality where the decoder q(x|z) is the posterior p(x|z).

    Barber and Agakov 2003, equation 3; the second term of (2) in the post of 2018-10-10.

    Args:
        log_likelihoods: log q(x|z), a number for each pair of an x and its z, of any shape; nats.
        entropy: H(x), or the differential entropy; nats.
    """
    return tf.reduce_mean(log_likelihoods) + entropy


@dataclass(frozen=True)
class Estimator:
    """An estimator of the information from scores.

    Attributes:
        name: What `get` knows it by.
        estimate: From `joint_scores` [..., 1] and `shuffled_scores` [..., m] to a scalar in nats.
        is_lower_bound: Whether the mean of its values on batches, of any size, is a lower bound of I(x, z). Of
            `donsker_varadhan` only the value of exact expectations is.
        limit: What `estimate` cannot exceed however large the information is, from m; nats. `bound` of
            `jensen_shannon` may be twice that.
        information: The lower bound of I(x, z) where `estimate` is a smaller one, as JS(P, Q) <= I/2 is; `estimate` by
            default.
    """

    name: str
    estimate: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
    is_lower_bound: bool
    limit: Callable[[int], float]
    information: Callable[[tf.Tensor, tf.Tensor], tf.Tensor] | None = None

    def bound(self, joint_scores: tf.Tensor, shuffled_scores: tf.Tensor) -> tf.Tensor:
        """The largest lower bound of I(x, z) that it guarantees, in nats."""
        return (self.information or self.estimate)(joint_scores, shuffled_scores)


_ESTIMATORS = {
    estimator.name: estimator
    for estimator in (
        Estimator(
            "jensen_shannon",
            jensen_shannon,
            is_lower_bound=True,
            limit=lambda m: math.log(2),
            information=negative_sampling,
        ),
        Estimator("nwj", nwj, is_lower_bound=True, limit=lambda m: math.inf),
        Estimator("donsker_varadhan", donsker_varadhan, is_lower_bound=False, limit=lambda m: math.inf),
        Estimator("info_nce", info_nce, is_lower_bound=True, limit=lambda m: math.log(m + 1)),
    )
}


def names() -> tuple[str, ...]:
    """Names that `get` knows."""
    return tuple(_ESTIMATORS)


def get(estimator: str | Estimator) -> Estimator:
    """The estimator of that name; an estimator is returned as it is.

    Raises:
        InputError: There is no estimator of that name, or the one given has the name of another, as which it would be
            saved.
    """
    if isinstance(estimator, Estimator):
        if _ESTIMATORS.get(estimator.name, estimator) != estimator:
            raise InputError(f"name={estimator.name!r} is that of another estimator; give yours another")
        return estimator
    check_choice("estimator", estimator, names())
    return _ESTIMATORS[estimator]


def shuffled(rows: tf.Tensor, noise: tf.Tensor, num_shuffles: int = 1) -> tf.Tensor:
    """For every row the rows of others, without ever its own: draws from the product of the marginals.

    Noise puts the rows in a random circle, and each row meets those that follow it. One shuffle so is uniform over the
    permutations that are a single cycle, a row meets any other with the same probability, and several shuffles give it
    different partners. The circle is that of the batch of all replicas together, so that the pairs do not depend on how
    many there are; gradients pass to the rows of other replicas.

    Args:
        rows: [n, ...], this replica's, of float32 or whole numbers; each replica has as many.
        noise: Uniform noise, float32 [n], this replica's, the same function of the seed and the step for everyone.
        num_shuffles: m, at most the rows of all replicas less one.

    Returns:
        [n, m, ...].

    Raises:
        InputError: There are not enough rows. Where their number is known in the graph alone, as that of a last,
            smaller batch in `fit`, this is an `InvalidArgumentError` of the same message.
    """
    replica = tf.distribute.get_replica_context()
    num_rows, num_replicas = rows.shape[0], replica.num_replicas_in_sync
    asked, advice = f"num_shuffles={num_shuffles} of a batch of", "give at least 1, and fewer than there are rows"
    if num_shuffles < 1 or (num_rows is not None and num_shuffles >= num_rows * num_replicas):
        raise InputError(f"{asked} {(num_rows or 0) * num_replicas}: {advice}")
    num_rows = tf.shape(rows)[0]
    # Rows and noise travel together: among many replicas a gather costs its latency, not its bytes.
    numbers = tf.cast(tf.reshape(rows, [num_rows, -1]), tf.float32)
    gathered = replica.all_gather(tf.concat([numbers, noise[:, tf.newaxis]], axis=1), axis=0)
    rows, noise = tf.cast(tf.reshape(gathered[:, :-1], [-1, *rows.shape[1:]]), rows.dtype), gathered[:, -1]
    enough = tf.debugging.Assert(num_shuffles < tf.size(noise), [f"InputError: {asked}", tf.size(noise), f": {advice}"])
    with tf.control_dependencies([enough]):
        circle = tf.argsort(noise, stable=True)
    places = tf.math.invert_permutation(circle)
    first = replica.replica_id_in_sync_group * num_rows
    partners = places[first : first + num_rows, tf.newaxis] + tf.range(1, num_shuffles + 1)
    indices = tf.gather(circle, partners % tf.size(circle))
    return tf.gather_nd(rows, indices[..., tf.newaxis])  # whose gradient is dense, as that of `all_gather` expects


def _log_mean_exp(scores: tf.Tensor) -> tf.Tensor:
    """Log of the mean of e^T over the last axis."""
    return tf.reduce_logsumexp(scores, axis=-1) - tf.math.log(tf.cast(tf.shape(scores)[-1], tf.float32))


def _checked(joint_scores: tf.Tensor, shuffled_scores: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    joint_scores, shuffled_scores = (tf.cast(scores, tf.float32) for scores in (joint_scores, shuffled_scores))
    joint_shape, shuffled_shape = joint_scores.shape, shuffled_scores.shape
    if joint_shape.rank < 2 or joint_shape[-1] != 1 or not joint_shape[:-1].is_compatible_with(shuffled_shape[:-1]):
        raise InputError(
            f"joint_scores has shape {tuple(joint_shape)}, shuffled_scores {tuple(shuffled_shape)}: give [..., 1] and "
            "[..., m], m scores of the same x with the z of others"
        )
    return joint_scores, shuffled_scores

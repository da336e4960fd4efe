"""Nearest neighbours among codes, by Euclidean or by cosine distance."""

import tensorflow as tf

from keras_gen.checks import check_choice
from keras_gen.errors import InputError

DISTANCES = ("euclidean", "cosine")


def nearest_neighbors(
    queries: tf.Tensor, codes: tf.Tensor, num_neighbors: int | tf.Tensor, distance: str = "euclidean"
) -> tuple[tf.Tensor, tf.Tensor]:
    """For each query the nearest of the codes, the nearest first; of equally near ones, the first.

    A query that is itself among the codes is its own nearest. Memory is that of all distances, q * n numbers.

    Args:
        queries: float [q, dim].
        codes: float [n, dim].
        num_neighbors: k, from 1 to n.
        distance: `euclidean`, |a - b|, or `cosine`, 1 - a·b / (|a| |b|), where a code of zeros is at distance 1 of all.

    Returns:
        Their numbers among the codes, int32 [q, k], and their distances, float32 [q, k].

    Raises:
        InputError: There is no such distance, the shapes do not fit, or there are fewer than k codes.
    """
    check_choice("distance", distance, DISTANCES)
    queries, codes = tf.convert_to_tensor(queries), tf.convert_to_tensor(codes)
    if queries.shape.rank != 2 or codes.shape.rank != 2 or not queries.shape[1:].is_compatible_with(codes.shape[1:]):
        raise InputError(
            f"queries {tuple(queries.shape)} and codes {tuple(codes.shape)} must be [q, dim] and [n, dim]: codes of "
            "one size"
        )
    known = tf.get_static_value(num_neighbors)
    if known is not None and not 1 <= known <= (known if codes.shape[0] is None else codes.shape[0]):
        raise InputError(f"num_neighbors={known}: must be from 1 to the number of codes, {codes.shape[0]}")
    # Where both are known only when it runs, TopK itself refuses.
    queries, codes = tf.cast(queries, tf.float32), tf.cast(codes, tf.float32)
    if distance == "cosine":
        distances = 1 - tf.matmul(_normalized(queries), _normalized(codes), transpose_b=True)
    else:
        distances = tf.sqrt(_squared_distances(queries, codes))
    negative, indices = tf.math.top_k(-distances, num_neighbors)
    return indices, -negative


def _normalized(codes: tf.Tensor) -> tf.Tensor:
    return tf.math.divide_no_nan(codes, tf.norm(codes, axis=1, keepdims=True))


def _squared_distances(queries: tf.Tensor, codes: tf.Tensor) -> tf.Tensor:
    # About the codes' mean, since differences of large squares lose digits.
    center = tf.reduce_mean(codes, axis=0)
    queries, codes = queries - center, codes - center
    squares = tf.reduce_sum(queries**2, axis=1, keepdims=True) + tf.reduce_sum(codes**2, axis=1)
    return tf.maximum(squares - 2 * tf.matmul(queries, codes, transpose_b=True), 0.0)

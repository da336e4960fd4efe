"""Some rows of a tensor of noise, without the others.

`tf.random.stateless_normal` and `stateless_uniform` with alg="philox" number their blocks of four float32 by a counter
that begins at a place which the seed decides. Moved on, the counter begins at any block.
"""

import math
import zlib
from collections.abc import Callable, Sequence

import tensorflow as tf

PHILOX = 1
BLOCK = 4


def stream_seed(seed: int | tf.Tensor, stream: str) -> tf.Tensor:
    """The int64 seed pair of one named stream of random numbers.

    Streams with different names are independent, so that adding a draw leaves the others as they were.
    """
    return tf.stack([tf.cast(seed, tf.int64), tf.constant(zlib.crc32(stream.encode()), tf.int64)])


def fold_in(seed: tf.Tensor, number: int | tf.Tensor) -> tf.Tensor:
    """A new int64 seed pair from a seed pair and a number, such as the step."""
    return tf.random.fold_in(seed, number, alg="philox")


def uniform(shape: Sequence[int] | tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Numbers uniform on [0, 1), float32 of a shape."""
    return tf.random.stateless_uniform(shape, seed, alg="philox")


def normal(shape: Sequence[int] | tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Standard normal numbers, float32 of a shape."""
    return tf.random.stateless_normal(shape, seed, alg="philox")


def normal_rows(
    first: int | tf.Tensor, num_rows: int | tf.Tensor, row_shape: Sequence[int], seed: tf.Tensor
) -> tf.Tensor:
    """Rows `first` to `first + num_rows` of `tf.random.stateless_normal([n, *row_shape], seed, alg="philox")`."""
    return _rows(tf.raw_ops.StatelessRandomNormalV2, first, num_rows, row_shape, seed)


def uniform_rows(
    first: int | tf.Tensor, num_rows: int | tf.Tensor, row_shape: Sequence[int], seed: tf.Tensor
) -> tf.Tensor:
    """The same rows of `tf.random.stateless_uniform([n, *row_shape], seed, alg="philox")`."""
    return _rows(tf.raw_ops.StatelessRandomUniformV2, first, num_rows, row_shape, seed)


def advanced(counter: tf.Tensor, blocks: tf.Tensor) -> tf.Tensor:
    """A counter of 128 bits, uint64 [low, high], moved on by so many blocks, int64."""
    low = counter[0] + tf.cast(blocks, tf.uint64)
    return tf.stack([low, counter[1] + tf.cast(low < counter[0], tf.uint64)])


def _rows(draw: Callable, first, num_rows, row_shape, seed) -> tf.Tensor:
    row_size = math.prod(row_shape)
    start = tf.cast(first, tf.int64) * row_size
    key, counter = tf.raw_ops.StatelessRandomGetKeyCounter(seed=seed)
    # The first row may begin within a block.
    before = tf.cast(start % BLOCK, tf.int32)
    numbers = draw(shape=[before + num_rows * row_size], key=key, counter=advanced(counter, start // BLOCK), alg=PHILOX)
    return tf.reshape(numbers[before:], tf.stack([num_rows, *row_shape]))

"""Noise for training and sampling: the same numbers in eager mode, in a `tf.function`, under XLA and on replicas.

The generator is Philox 4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3", 2011).

TensorFlow's kernel for random integers gives the same bits with and without XLA. Its kernels for uniform and normal
floats do not, nor does its hash of a seed. This module therefore draws integers alone, and turns them into floats by
the formulas of TensorFlow's kernels without XLA. Uniform noise equals theirs bit for bit. Normal noise equals theirs to
3e-6, because the angle in Box and Muller's formula is rounded differently; with XLA it equals that without to 1e-6,
because the logarithm, sine and cosine are.
"""

import math
import zlib
from collections.abc import Callable, Sequence
from typing import TypeAlias

import tensorflow as tf
from tensorflow.bitwise import bitwise_and, bitwise_or

SAMPLE = "sample"  # the stream of the latents of samples, whatever their prior
PHILOX = 1  # TensorFlow's number of the algorithm.
BLOCK = 4  # Numbers of 32 bits in a block.
VECTOR = 16  # Floats in the longest vector register of a CPU.
SEED_KEY = 0x02461E293EC8F720  # The key under which TensorFlow hashes seeds.
SMALLEST = 1e-7  # The logarithm's argument is at least this, so that no normal number is beyond 5.7.

Shape: TypeAlias = Sequence[int | tf.Tensor] | tf.TensorShape | tf.Tensor
# Makes numbers with some distribution, float32 [n, 2], from as many uniform on [0, 1).
Transform = Callable[[tf.Tensor], tf.Tensor]


def stream_seed(seed: int | tf.Tensor, stream: str) -> tf.Tensor:
    """The seed, int64 [2], of one named stream of random numbers.

    Streams with different names are independent, so that adding a draw leaves the others as they were.
    """
    return tf.stack([tf.cast(seed, tf.int64), tf.constant(stream_number(stream), tf.int64)])


def stream_number(stream: str) -> int:
    """The number of a named stream, 32 bits without a sign."""
    return zlib.crc32(stream.encode())


def fold_in(seed: tf.Tensor, number: int | tf.Tensor) -> tf.Tensor:
    """A new seed, int64 [2], from a seed and a number: `tf.random.fold_in(seed, number, alg="philox")`.

    Args:
        seed: A seed, int32 or int64 [2].
        number: A whole number, such as that of the training step; `tf.random.fold_in` agrees if it is int64.
    """
    return tf.stack([tf.bitcast(_integers([], seed), tf.int64), tf.cast(number, tf.int64)])


def uniform(shape: Shape, seed: tf.Tensor) -> tf.Tensor:
    """Uniform noise on [0, 1), float32: `tf.random.stateless_uniform(shape, seed, alg="philox")`, bit for bit.

    Args:
        shape: Its shape, which may be a tensor or contain tensors.
        seed: A seed, int32 or int64 [2].
    """
    return _whole(tf.identity, shape, seed)


def normal(shape: Shape, seed: tf.Tensor) -> tf.Tensor:
    """Standard normal noise, float32: `tf.random.stateless_normal(shape, seed, alg="philox")`, to 3e-6.

    Args:
        shape: Its shape, which may be a tensor or contain tensors.
        seed: A seed, int32 or int64 [2].
    """
    return _whole(_box_muller, shape, seed)


def uniform_rows(
    first: int | tf.Tensor, num_rows: int | tf.Tensor, row_shape: Sequence[int], seed: tf.Tensor
) -> tf.Tensor:
    """Rows `first` to `first + num_rows` of `uniform([n, *row_shape], seed)`, drawn without the others."""
    return _rows(tf.identity, first, num_rows, row_shape, seed)


def normal_rows(
    first: int | tf.Tensor, num_rows: int | tf.Tensor, row_shape: Sequence[int], seed: tf.Tensor
) -> tf.Tensor:
    """Rows `first` to `first + num_rows` of `normal([n, *row_shape], seed)`, drawn without the others."""
    return _rows(_box_muller, first, num_rows, row_shape, seed)


def shuffled_order(size: int | tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """The numbers from 0 to `size - 1` in random order, int64 [size].

    Args:
        size: How many.
        seed: A seed, int32 or int64 [2].
    """
    return tf.cast(tf.argsort(tf.bitcast(_integers([size], seed), tf.int64)), tf.int64)


def _whole(transform: Transform, shape: Shape, seed: tf.Tensor) -> tf.Tensor:
    size = tf.reduce_prod(tf.cast(shape, tf.int64))
    return tf.reshape(_rows(transform, 0, size, (), seed), shape)


def _rows(
    transform: Transform,
    first: int | tf.Tensor,
    num_rows: int | tf.Tensor,
    row_shape: Sequence[int],
    seed: tf.Tensor,
) -> tf.Tensor:
    row_size = math.prod(row_shape)
    start = tf.cast(first, tf.int64) * row_size
    size = tf.cast(num_rows, tf.int64) * row_size
    # Enough pairs wherever in its block the first row begins, because XLA needs a count that depends on the size alone;
    # and whole vectors of them, because Eigen rounds a logarithm differently in the incomplete vector at the end.
    num_pairs = (size // 2 + 2 + VECTOR - 1) // VECTOR * VECTOR
    pairs = _integers([num_pairs], seed, first_block=start // BLOCK)
    numbers = transform(_unit(tf.bitcast(pairs, tf.uint32)))
    rows = tf.slice(tf.reshape(numbers, [-1]), [start % BLOCK], [size])
    return tf.reshape(rows, tf.stack([num_rows, *row_shape]))


def _integers(shape: Shape, seed: tf.Tensor, first_block: int | tf.Tensor = 0) -> tf.Tensor:
    """Random uint64, two from each block, from one block of the seed's stream on.

    With uint32, XLA on CPU would compute each block again for each of its numbers, and take twenty times longer.
    """
    words_of_seed = tf.bitcast(tf.cast(seed, tf.int64), tf.uint64)
    # TensorFlow's own operation for this hash ignores the upper 32 bits of each number of the seed under XLA.
    key, upper_half = tf.unstack(_philox([2], tf.constant(SEED_KEY, tf.uint64), words_of_seed))
    # The lower half of the 128-bit counter begins at 0, so that nothing is ever carried into the upper half.
    return _philox(shape, key, tf.stack([tf.cast(first_block, tf.uint64), upper_half]))


def _philox(shape: Shape, key: tf.Tensor, counter: tf.Tensor) -> tf.Tensor:
    """Random uint64 from the blocks that begin at `counter`, uint64 [2], the lower half first."""
    return tf.raw_ops.StatelessRandomUniformFullIntV2(
        shape=shape, key=tf.reshape(key, [1]), counter=counter, alg=PHILOX, dtype=tf.uint64
    )


def _unit(integers: tf.Tensor) -> tf.Tensor:
    """Floats in [0, 1) from uint32: the lower 23 bits are the mantissa of a number in [1, 2), less 1."""
    mantissas = bitwise_and(integers, tf.constant(0x007FFFFF, tf.uint32))
    return tf.bitcast(bitwise_or(mantissas, tf.constant(0x3F800000, tf.uint32)), tf.float32) - 1


def _box_muller(pairs: tf.Tensor) -> tf.Tensor:
    """Pairs of independent normal numbers from pairs of uniform ones: the coordinates of points in the plane."""
    radius = tf.sqrt(-2 * tf.math.log(tf.maximum(pairs[:, 0], SMALLEST)))
    angle = 2 * math.pi * pairs[:, 1]
    return tf.stack([radius * tf.sin(angle), radius * tf.cos(angle)], axis=1)

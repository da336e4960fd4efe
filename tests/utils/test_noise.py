"""Noise against TensorFlow's and a second Philox, and against itself: eager, in a graph, under XLA, on replicas."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from helpers.quick import slow_unless
from keras_gen.utils import noise

SEEDS = ([0, 0], [5, 4044060355], [-1, -(2**62)], [2**31, 2**32 + 1], [2**63 - 1, -(2**63)])
SHAPES = ((), (1,), (5,), (0, 3), (3, 7), (4, 2, 2, 3), (1001,))

# Normal noise is an angle's sine or cosine times a radius below 5.7. An angle near 2 pi has a last bit of 4.8e-7, by
# which TensorFlow's kernel, which multiplies in float64, may differ.
KERNEL_TOLERANCE = 3e-6
# Under XLA the logarithm, sine and cosine differ in their last bits; a number above 4 has a last bit of 4.8e-7.
XLA_TOLERANCE = 1e-6


class Draw(NamedTuple):
    """The functions for one distribution, TensorFlow's own, and how far they may be from it and from themselves."""

    whole: Callable
    rows: Callable
    kernel: Callable
    kernel_tolerance: float
    xla_tolerance: float


DRAWS = {
    "uniform": Draw(noise.uniform, noise.uniform_rows, tf.random.stateless_uniform, 0, 0),
    "normal": Draw(noise.normal, noise.normal_rows, tf.random.stateless_normal, KERNEL_TOLERANCE, XLA_TOLERANCE),
}
every_draw = pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
every_seed = pytest.mark.parametrize("seed", SEEDS, ids=str)


def assert_within(found, expected, tolerance):
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


def compiled(function, *arguments):
    return tf.function(function, jit_compile=True, autograph=False)(*arguments)


# The generator ---------------------------------------------------------------------------------------------------


def philox(counter, key):
    """Philox 4x32-10 of the paper's section 3: counters uint32 [..., 4], keys uint32 [..., 2], in Python's integers."""
    x, (k0, k1) = [word.astype(object) for word in np.moveaxis(np.asarray(counter), -1, 0)], [int(word) for word in key]
    for _ in range(10):
        first, second = x[0] * 0xD2511F53, x[2] * 0xCD9E8D57
        x = [second >> 32 ^ x[1] ^ k0, second & 0xFFFFFFFF, first >> 32 ^ x[3] ^ k1, first & 0xFFFFFFFF]
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return np.stack(x, -1).astype(np.uint32)


def stream(seed, first_block, num_blocks):
    """Blocks of the seed's stream, uint32 [num_blocks, 4]."""
    mixed = philox(np.array(seed, np.int64).view(np.uint32), (0x3EC8F720, 0x02461E29))
    numbers = [first_block + i for i in range(num_blocks)]
    counters = [[n & 0xFFFFFFFF, n >> 32, mixed[2], mixed[3]] for n in numbers]
    return philox(np.array(counters, np.uint32), mixed[:2])


# Of the paper's own library Random123: counter, key, block.
KNOWN_ANSWERS = [
    ([0] * 4, [0] * 2, [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
    ([0xFFFFFFFF] * 4, [0xFFFFFFFF] * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
    (
        [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
        [0xA4093822, 0x299F31D0],
        [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
    ),
]


@pytest.mark.parametrize("counter, key, block", KNOWN_ANSWERS, ids=["zeros", "ones", "pi"])
@pytest.mark.parametrize("call", [lambda function, *arguments: function(*arguments), compiled], ids=["plain", "XLA"])
def test_known_answers(call, counter, key, block):
    counter, key = (np.array(words, np.uint32).view(np.uint64) for words in (counter, key))
    found = call(lambda key, counter: noise._philox([2], key, counter), tf.constant(key), tf.constant(counter))
    np.testing.assert_array_equal(found.numpy().view(np.uint32), np.array(block, np.uint32))
    np.testing.assert_array_equal(philox(counter.view(np.uint32), key.view(np.uint32)), np.array(block, np.uint32))


@every_seed
@pytest.mark.parametrize("first_block", slow_unless([2**32 - 2], [0, 3, 2**32 - 2, 2**61]), ids=str)
def test_the_stream_of_a_seed(seed, first_block):
    """Also where the counter's first word carries into the second."""

    def draw(seed, first_block):
        return noise._integers([8], seed, first_block)

    arguments = tf.constant(seed, tf.int64), tf.constant(first_block, tf.int64)
    expected = stream(seed, first_block, 4).ravel()
    np.testing.assert_array_equal(draw(*arguments).numpy().view(np.uint32), expected)
    np.testing.assert_array_equal(compiled(draw, *arguments).numpy().view(np.uint32), expected)


# Floats ----------------------------------------------------------------------------------------------------------


@every_draw
@every_seed
def test_the_numbers_are_those_of_tensorflow(draw, seed):
    seed = tf.constant(seed, tf.int64)
    for shape in SHAPES:
        assert_within(
            draw.whole(shape, seed).numpy(), draw.kernel(shape, seed, alg="philox").numpy(), draw.kernel_tolerance
        )


@every_draw
def test_eager_graph_and_xla_are_one(draw):
    def drawn(seed, first):
        return draw.whole((3, 701), seed), draw.rows(first, 5, (2, 3), seed), draw.rows(first, 5, (4,), seed)

    in_graph = tf.function(drawn, autograph=False)
    under_xla = tf.function(drawn, autograph=False, jit_compile=True)
    for seed in SEEDS:
        for first in (0, 7):
            arguments = tf.constant(seed, tf.int64), tf.constant(first)
            results = drawn(*arguments), in_graph(*arguments), under_xla(*arguments)
            for eager, graph, xla in zip(*results, strict=True):
                np.testing.assert_array_equal(graph, eager)
                assert_within(xla.numpy(), eager.numpy(), draw.xla_tolerance)


def test_uniform_numbers_are_23_bits_of_an_integer():
    seed = [5, 4044060355]
    expected = (stream(seed, 0, 250).ravel() & 0x7FFFFF) / 2**23
    np.testing.assert_array_equal(noise.uniform([1000], tf.constant(seed, tf.int64)), expected)


def test_normal_numbers_by_box_and_muller_in_float64():
    seed = [5, 4044060355]
    pairs = (stream(seed, 0, 250).reshape(-1, 2) & 0x7FFFFF) / 2**23
    points = np.sqrt(-2 * np.log(pairs[:, :1])) * np.exp(2j * np.pi * pairs[:, 1:])
    expected = np.concatenate([points.imag, points.real], 1).ravel()
    np.testing.assert_allclose(noise.normal([1000], tf.constant(seed, tf.int64)), expected, rtol=0, atol=3e-6)


def test_the_logarithm_of_zero_is_bounded():
    found = noise._box_muller(tf.constant([[0.0, 0.0]]))
    np.testing.assert_allclose(found, [[0, math.sqrt(-2 * math.log(1e-7))]], rtol=1e-6)


def test_uniform_numbers_are_uniform_and_normal_numbers_normal():
    """Kolmogorov and Smirnov's test, and the correlation of neighbours, whose deviation is 1 / sqrt(n)."""
    seed = tf.constant([3, 1], tf.int64)
    for numbers, distribution in ((noise.uniform([100_000], seed), "uniform"), (noise.normal([100_000], seed), "norm")):
        assert scipy.stats.kstest(numbers, distribution).pvalue > 0.001
        assert abs(np.corrcoef(numbers[:-1], numbers[1:])[0, 1]) < 4 / math.sqrt(100_000)


@every_draw
def test_the_shape_may_be_a_tensor_or_contain_one(draw):
    seed = tf.constant([1, 2], tf.int64)
    expected = draw.whole([5, 3], seed)

    @tf.function(input_signature=[tf.TensorSpec([None, 3])])
    def drawn(like):
        mixed = draw.whole([len(like), 3], seed)
        assert mixed.shape.as_list() == [None, 3]
        return mixed, draw.whole(tf.shape(like), seed), draw.whole(like.shape[1:], seed)

    mixed, of_tensor, of_static_shape = drawn(tf.zeros([5, 3]))
    np.testing.assert_array_equal(mixed, expected)
    np.testing.assert_array_equal(of_tensor, expected)
    np.testing.assert_array_equal(of_static_shape, expected[0])


# Rows ------------------------------------------------------------------------------------------------------------


@every_draw
@pytest.mark.parametrize("row_shape", [(), (3,), (2, 3), (4,), (2, 2, 5)])
def test_rows_are_those_of_the_whole(draw, row_shape):
    for seed in SEEDS:
        seed = tf.constant(seed, tf.int64)
        expected = draw.whole([18, *row_shape], seed)
        for first, num_rows in ((0, 1), (0, 18), (1, 5), (6, 6), (7, 2), (13, 5), (17, 1)):
            found = draw.rows(first, num_rows, row_shape, seed)
            np.testing.assert_array_equal(found, expected[first : first + num_rows])


@every_draw
def test_far_rows_cost_no_memory(draw):
    """Row 2^40 of rows of 2^20 numbers; a whole tensor of them would have 4 exabytes."""
    seed = tf.constant([1, 2], tf.int64)
    one, other = (draw.rows(2**40 + first, 1, (2**20,), seed) for first in (0, 1))
    np.testing.assert_array_equal(draw.rows(2**40, 2, (2**20,), seed), np.concatenate([one, other]))
    assert not np.array_equal(one, other)


@every_draw
def test_the_number_of_rows_may_be_a_tensor(draw):
    seed = tf.constant([1, 2], tf.int64)

    @tf.function(input_signature=[tf.TensorSpec([], tf.int32)])
    def drawn(num_rows):
        found = draw.rows(2 * num_rows, num_rows, (2, 3), seed)
        assert found.shape.as_list() == [None, 2, 3]
        return found

    np.testing.assert_array_equal(drawn(tf.constant(5)), draw.whole([15, 2, 3], seed)[10:])


@every_draw
def test_replicas_draw_the_rows_of_one(two_replicas, draw):
    seed = tf.constant([1, 2], tf.int64)

    def own_rows():
        return draw.rows(tf.distribute.get_replica_context().replica_id_in_sync_group * 3, 3, (5,), seed)

    found = two_replicas.experimental_local_results(tf.function(lambda: two_replicas.run(own_rows), autograph=False)())
    np.testing.assert_array_equal(np.concatenate(found), draw.whole([6, 5], seed))


# Seeds -----------------------------------------------------------------------------------------------------------


@every_seed
@pytest.mark.parametrize("number", slow_unless([-7, 2**62], [0, 3, -7, 2**62]), ids=str)
def test_fold_in(seed, number):
    arguments = tf.constant(seed, tf.int64), tf.constant(number, tf.int64)
    expected = tf.random.fold_in(*arguments, alg="philox")
    np.testing.assert_array_equal(noise.fold_in(*arguments), expected)
    np.testing.assert_array_equal(compiled(noise.fold_in, *arguments), expected)


def test_fold_in_takes_integers_of_python_and_of_32_bits():
    seed = tf.constant([3, -4])
    np.testing.assert_array_equal(noise.fold_in(seed, 9), noise.fold_in(tf.cast(seed, tf.int64), tf.constant(9)))
    assert noise.fold_in(seed, 9).dtype == tf.int64


def test_streams_have_seeds_of_their_own():
    np.testing.assert_array_equal(noise.stream_seed(5, "sample"), [5, 4044060355])
    np.testing.assert_array_equal(noise.stream_seed(2**63 - 1, "sample"), [2**63 - 1, 4044060355])
    assert noise.stream_seed(5, "latent")[1] != 4044060355


def test_a_shuffled_order_sorts_the_integers_of_the_stream():
    seed = tf.constant([3, 1], tf.int64)
    keys = stream([3, 1], 0, 50).ravel().view(np.int64)
    order = noise.shuffled_order(100, seed)
    assert order.dtype == tf.int64
    np.testing.assert_array_equal(order, np.argsort(keys))

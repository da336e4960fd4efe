import numpy as np
import pytest
import tensorflow as tf

from keras_gen.utils import noise

DRAWS = {
    "normal": (noise.normal_rows, tf.random.stateless_normal),
    "uniform": (noise.uniform_rows, tf.random.stateless_uniform),
}
every_draw = pytest.mark.parametrize("rows, whole", DRAWS.values(), ids=DRAWS)


@every_draw
@pytest.mark.parametrize("row_shape", [(), (3,), (2, 3), (4,), (2, 2, 5)])
def test_rows_are_those_of_the_whole(rows, whole, row_shape):
    for seed in ([0, 0], [5, 4044060355], [2**31 - 1, -(2**62)]):
        seed = tf.constant(seed, tf.int64)
        expected = whole([18, *row_shape], seed, alg="philox")
        for first, num_rows in ((0, 1), (0, 18), (1, 5), (6, 6), (7, 2), (13, 5), (17, 1)):
            found = rows(first, num_rows, row_shape, seed)
            np.testing.assert_array_equal(found, expected[first : first + num_rows])


@every_draw
def test_far_rows_cost_no_memory(rows, whole):
    """Row 2^40 of rows of 2^20 numbers; a whole tensor of them would have 4 exabytes."""
    seed = tf.constant([1, 2], tf.int64)
    one, other = (rows(2**40 + first, 1, (2**20,), seed) for first in (0, 1))
    np.testing.assert_array_equal(rows(2**40, 2, (2**20,), seed), np.concatenate([one, other]))
    assert not np.array_equal(one, other)


@every_draw
def test_the_number_of_rows_may_be_a_tensor(rows, whole):
    seed = tf.constant([1, 2], tf.int64)

    @tf.function(input_signature=[tf.TensorSpec([], tf.int32)])
    def drawn(num_rows):
        found = rows(2 * num_rows, num_rows, (2, 3), seed)
        assert found.shape.as_list() == [None, 2, 3]
        return found

    np.testing.assert_array_equal(drawn(tf.constant(5)), whole([15, 2, 3], seed, alg="philox")[10:])


def test_the_counter_carries():
    full = 2**64 - 2
    for blocks, expected in ((1, [full + 1, 7]), (2, [0, 8]), (5, [3, 8])):
        counter = noise.advanced(tf.constant([full, 7], tf.uint64), tf.constant(blocks, tf.int64))
        np.testing.assert_array_equal(counter, np.array(expected, np.uint64))


def test_the_kernel_carries_likewise():
    def draw(counter, count):
        key = tf.constant([3], tf.uint64)
        return tf.raw_ops.StatelessRandomUniformV2(shape=[count], key=key, counter=counter, alg=noise.PHILOX)

    counter = tf.constant([2**64 - 2, 7], tf.uint64)
    further = noise.advanced(counter, tf.constant(5, tf.int64))
    np.testing.assert_array_equal(draw(further, 8), draw(counter, 28)[20:])

import numpy as np
import pytest
import scipy.spatial
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.utils.neighbors import nearest_neighbors


@pytest.mark.parametrize("distance", ["euclidean", "cosine"])
def test_against_scipy(distance):
    random = np.random.RandomState(0)
    queries, codes = random.normal(size=(7, 5)) + 3, random.normal(size=(40, 5)) + 3
    expected = scipy.spatial.distance.cdist(queries, codes, distance)
    indices, distances = nearest_neighbors(queries, codes, 6, distance)
    np.testing.assert_array_equal(indices, expected.argsort(axis=1)[:, :6])
    np.testing.assert_allclose(distances, np.sort(expected, axis=1)[:, :6], rtol=1e-4, atol=1e-6)


def test_codes_far_from_the_origin_keep_their_digits():
    codes = 1000 + np.arange(5.0)[:, np.newaxis]
    indices, distances = nearest_neighbors(codes[:1], codes, 3)
    assert indices.numpy().tolist() == [[0, 1, 2]]
    np.testing.assert_allclose(distances, [[0, 1, 2]], atol=1e-3)


def test_zeros_are_at_cosine_distance_one():
    _, distances = nearest_neighbors([[0.0, 0.0]], [[1.0, 2.0], [-3.0, 1.0]], 2, "cosine")
    np.testing.assert_array_equal(distances, [[1, 1]])


def test_of_equally_near_ones_the_first_comes_first():
    indices, _ = nearest_neighbors([[0.0]], [[2.0], [1.0], [-1.0], [1.0]], 4)
    assert indices.numpy().tolist() == [[1, 2, 3, 0]]


def test_a_number_that_is_known_only_when_it_runs():
    @tf.function(input_signature=[tf.TensorSpec([None, 2]), tf.TensorSpec([], tf.int32)])
    def nearest(codes, num_neighbors):
        return nearest_neighbors(codes, codes, num_neighbors)[0]

    assert nearest(tf.eye(2), 2).numpy().tolist() == [[0, 1], [1, 0]]
    with pytest.raises(tf.errors.InvalidArgumentError, match="must have at least k"):
        nearest(tf.eye(2), 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((tf.ones([2, 3]), tf.ones([4, 3]), 1, "l2"), "distance='l2': choose one of euclidean, cosine"),
        ((tf.ones([3]), tf.ones([4, 3]), 1), r"queries \(3,\) and codes \(4, 3\) must be \[q, dim\] and \[n, dim\]"),
        ((tf.ones([2, 3]), tf.ones([4, 3]), 5), "num_neighbors=5: must be from 1 to the number of codes, 4"),
        ((tf.ones([2, 3]), tf.ones([4, 3]), 0), "num_neighbors=0"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(InputError, match=message):
        nearest_neighbors(*arguments)

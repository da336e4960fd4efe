import numpy as np
import pytest

from keras_gen.errors import InputError
from keras_gen.metrics import linear_probe


def clouds(count, seed, spread):
    random = np.random.RandomState(seed)
    labels = random.randint(3, size=count)
    centers = np.array([[2.0, 0], [-1, np.sqrt(3)], [-1, -np.sqrt(3)]])
    return centers[labels] + spread * random.normal(size=(count, 2)), labels


def test_clouds_apart_are_told_apart():
    assert linear_probe(*clouds(200, 0, 0.1), *clouds(100, 1, 0.1)) == 1.0


def test_clouds_that_overlap_are_told_apart_as_well_as_can_be():
    """Equal round clouds: the nearest centre is the best rule, and it is linear."""
    codes, labels = clouds(4000, 1, 1.5)
    centers = np.array([[2.0, 0], [-1, np.sqrt(3)], [-1, -np.sqrt(3)]])
    best = np.mean(((codes[:, np.newaxis] - centers) ** 2).sum(axis=2).argmin(axis=1) == labels)
    assert linear_probe(*clouds(4000, 0, 1.5), codes, labels) == pytest.approx(best, abs=0.01)


def test_dimensions_are_scaled():
    codes, labels = clouds(200, 0, 0.1)
    test_codes, test_labels = clouds(100, 1, 0.1)
    scales = np.array([1e-4, 1e4])
    assert linear_probe(codes * scales + 7, labels, test_codes * scales + 7, test_labels) == 1.0


def test_codes_that_are_all_alike_give_the_commonest_label():
    assert linear_probe(np.ones((10, 2)), [0] * 3 + [1] * 7, np.ones((10, 2)), [1] * 6 + [0] * 4) == 0.6


def test_bad_arguments():
    with pytest.raises(InputError, match="train_labels must be 3 whole numbers"):
        linear_probe(np.ones((3, 2)), [1, 2], np.ones((3, 2)), [1, 2, 1])
    with pytest.raises(InputError, match="^train_labels are all 7: a classifier needs at least two classes$"):
        linear_probe(np.ones((3, 2)), [7, 7, 7], np.ones((3, 2)), [1, 2, 1])
    with pytest.raises(InputError, match=r"^train_codes \(3, 2\), test_codes \(3, 4\): give codes of one dimension$"):
        linear_probe(np.ones((3, 2)), [1, 2, 1], np.ones((3, 4)), [1, 2, 1])
    with pytest.raises(InputError, match="^penalty=0: must be a finite number above 0$"):
        linear_probe(np.ones((3, 2)), [1, 2, 1], np.ones((3, 2)), [1, 2, 1], penalty=0)

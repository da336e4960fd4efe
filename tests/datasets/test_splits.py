import numpy as np
import pytest

from keras_gen.datasets.splits import hold_out_fifth_of_each_class, hold_out_tenth, mixed_order, rows_of_each_class
from keras_gen.errors import InputError


def test_the_mixed_order_is_a_permutation_that_never_changes():
    assert sorted(mixed_order(100)) == list(range(100))
    # Recorded once: other numbers would change which images every stored result was trained on.
    assert mixed_order(10).tolist() == [2, 8, 4, 9, 1, 6, 7, 3, 0, 5]


def test_every_tenth_is_held_out():
    order = np.arange(25) + 100
    assert hold_out_tenth(order, "test").tolist() == [100, 110, 120]
    assert sorted([*hold_out_tenth(order, "test"), *hold_out_tenth(order, "train")]) == order.tolist()


def test_every_fifth_of_each_class_is_held_out():
    labels = np.array([0, 1] * 5 + [0] * 5)
    assert hold_out_fifth_of_each_class(labels, "test").tolist() == [8, 9, 14]
    assert hold_out_fifth_of_each_class(labels, "train").tolist() == [*range(8), *range(10, 14)]


def test_rows_of_each_class():
    labels = np.random.RandomState(0).randint(4, size=200)
    rows = rows_of_each_class(labels, 42, seed=1)
    assert len(set(rows)) == 42 and (np.diff(rows) > 0).all()
    assert np.bincount(labels[rows]).tolist() == [11, 11, 10, 10]
    assert set(rows_of_each_class(labels, 17, seed=1)) < set(rows)
    assert set(rows) != set(rows_of_each_class(labels, 42, seed=2))


def test_more_rows_than_a_class_has():
    with pytest.raises(InputError, match="^6 images need 3 of class 7, which has 2$"):
        rows_of_each_class(np.array([3, 3, 3, 7, 7]), 6)

import numpy as np
import pytest
from sklearn.datasets import load_digits

from keras_gen.datasets import load
from keras_gen.errors import InputError


def test_all_digits_are_there_once_and_their_labels_with_them():
    train, test = load("digits"), load("digits", "test")
    source, labels = load_digits(return_X_y=True)
    pixels = np.concatenate([train.to_pixels(), test.to_pixels()]).reshape(-1, 64)
    rows = {tuple(row): label for row, label in zip(np.rint(source * 255 / 16), labels, strict=True)}
    assert len(train) + len(test) == len(rows) == 1797
    assert {tuple(row) for row in pixels} == set(rows)
    assert [rows[tuple(row)] for row in pixels] == [*train.labels, *test.labels]


def test_the_test_digits_are_a_fifth_of_each_class():
    test, (_, labels) = load("digits", "test"), load_digits(return_X_y=True)
    assert np.bincount(test.labels).tolist() == (np.bincount(labels) // 5).tolist()


def test_shape_and_range():
    images = load("digits", image_size=4)
    assert images.image_shape == (4, 4, 1)
    assert images.num_classes == 10
    assert load("digits").to_pixels().max() == 255


def test_enlarging_is_refused():
    with pytest.raises(
        InputError,
        match="^image_size=9: the images of digits have 8x8 pixels; give .* such as 8, or use padded:digits",
    ):
        load("digits", image_size=9)

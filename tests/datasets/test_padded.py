import numpy as np
import pytest

from keras_gen import datasets
from keras_gen.errors import InputError


def test_images_are_in_the_middle_of_black_ones():
    plain, padded = datasets.load("digits"), datasets.load("padded:digits", image_size=13)
    assert padded.image_shape == (13, 13, 1) and padded.name == "padded:digits" and len(padded) == len(plain)
    np.testing.assert_array_equal(padded.labels, plain.labels)
    pixels = padded.to_array(5)
    np.testing.assert_array_equal(pixels[:, 2:10, 2:10], plain.to_array(5))
    border = np.ones((13, 13), bool)
    border[2:10, 2:10] = False
    assert (pixels[:, border] == -1).all()


def test_batches_are_those_of_the_plain_images():
    plain, padded = (
        next(iter(datasets.batches(datasets.load(name, image_size=size), 4, seed=1))).numpy()
        for name, size in (("digits", None), ("padded:digits", 16))
    )
    np.testing.assert_array_equal(padded[:, 4:12, 4:12], plain)


def test_the_size():
    assert datasets.load("padded:digits").image_shape == (8, 8, 1)
    with pytest.raises(InputError, match="^image_size=7: the images of digits have 8x8 pixels without a border"):
        datasets.load("padded:digits", image_size=7)

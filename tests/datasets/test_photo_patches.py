import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.datasets import load_sample_images

from keras_gen.datasets import load
from keras_gen.errors import InputError


def columns_of(patch, photo):
    """The first columns of all places where a patch lies in a photograph."""
    size = len(patch)
    candidates = np.argwhere(
        np.all(photo[: len(photo) - size + 1, : photo.shape[1] - size + 1] == patch[0, 0], axis=-1)
    )
    return [left for top, left in candidates if np.array_equal(photo[top : top + size, left : left + size], patch)]


@pytest.mark.parametrize("split, first, last", [("train", 0, 480), ("test", 480, 640)])
def test_patches_are_crops_of_their_part_of_the_photograph(split, first, last):
    images, photos = load("photo_patches", split), load_sample_images().images
    for patch, label in zip(images.to_pixels(40), images.labels, strict=False):
        columns = columns_of(patch, photos[label])
        assert columns
        assert all(first <= column <= last - 32 for column in columns)


def test_both_photographs_alternate_and_patches_differ():
    images = load("photo_patches")
    assert (len(images), images.image_shape, images.num_classes) == (4000, (32, 32, 3), 2)
    assert images.labels[:6].tolist() == [0, 1, 0, 1, 0, 1]
    assert len(np.unique(images.to_pixels(200).reshape(200, -1), axis=0)) == 200


def test_the_same_patches_every_time():
    np.testing.assert_array_equal(load("photo_patches", "test").pixels, load("photo_patches", "test").pixels)


def test_image_size_is_the_size_of_the_crop():
    images, photo = load("photo_patches", "test", image_size=160), load_sample_images().images[0]
    windows = sliding_window_view(photo[:, 480:], (160, 160, 3))[:, 0, 0]
    assert images.image_shape == (160, 160, 3)
    assert any(np.array_equal(images.pixels[0], window) for window in windows)
    with pytest.raises(
        InputError, match="^image_size=161: photo_patches has only 160 pixels; give .* such as 128 or 64 or 32$"
    ):
        load("photo_patches", image_size=161)

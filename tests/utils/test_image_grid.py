import numpy as np
import pytest
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.utils import image_grid, save_image_grid


def random_images(*shape):
    return np.random.default_rng(0).uniform(-1, 1, shape).astype("float32")


def test_pixels_are_placed_exactly():
    images = random_images(5, 3, 4, 3)
    grid = image_grid(images, columns=2, scale=1)
    expected = np.full((3 + 2 + 3 + 2 + 3, 4 + 2 + 4, 3), 255)
    pixels = np.rint((images + 1) * 127.5)
    for (top, left), image in zip([(0, 0), (0, 6), (5, 0), (5, 6), (10, 0)], pixels, strict=True):
        expected[top : top + 3, left : left + 4] = image
    np.testing.assert_array_equal(grid, expected)
    assert grid.dtype == np.uint8


def test_levels():
    # The data sets' map x / 127.5 - 1 is undone exactly; values beyond [-1, 1] are clipped.
    levels = np.arange(256, dtype=np.uint8)
    images = (levels.astype("float32") / 127.5 - 1).reshape(1, 16, 16, 1)
    np.testing.assert_array_equal(image_grid(images, scale=1).ravel(), levels)
    beyond = np.array([-3.0, 7.0]).reshape(1, 1, 2, 1)
    np.testing.assert_array_equal(image_grid(beyond, scale=1).ravel(), [0, 255])


@pytest.mark.parametrize(("count", "columns", "rows"), [(1, 1, 1), (4, 2, 2), (5, 3, 2), (9, 3, 3), (10, 4, 3)])
def test_default_number_of_columns(count, columns, rows):
    grid = image_grid(random_images(count, 1, 1, 1), scale=1)
    assert grid.shape == (3 * rows - 2, 3 * columns - 2, 1)


@pytest.mark.parametrize(("side", "scale"), [(8, 8), (28, 2), (32, 2), (33, 1), (64, 1), (100, 1)])
def test_small_images_are_magnified(side, scale):
    images = random_images(1, side, side, 1)
    grid = image_grid(images)
    np.testing.assert_array_equal(grid, np.kron(image_grid(images, scale=1), np.ones((scale, scale, 1))))


def test_saved_png_is_the_grid(tmp_path):
    images = random_images(3, 8, 8, 3)
    path = tmp_path / "samples" / "step.png"
    save_image_grid(path, tf.constant(images), columns=3, scale=2)
    decoded = tf.io.decode_png(path.read_bytes()).numpy()
    np.testing.assert_array_equal(decoded, image_grid(images, columns=3, scale=2))
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    ("images", "arguments", "message"),
    [
        (np.zeros((2, 4, 4)), {}, "shape"),
        (np.zeros((2, 4, 4, 2)), {}, "shape"),
        (np.zeros((0, 4, 4, 1)), {}, "shape"),
        (np.full((1, 2, 2, 1), np.nan), {}, "NaN"),
        (np.full((1, 2, 2, 1), np.inf), {}, "infinite"),
        (np.zeros((2, 4, 4, 1)), {"columns": 0}, "columns"),
        (np.zeros((2, 4, 4, 1)), {"scale": 0}, "scale"),
    ],
)
def test_bad_input(images, arguments, message, tmp_path):
    with pytest.raises(InputError, match=message):
        save_image_grid(tmp_path / "grid.png", images, **arguments)
    assert not list(tmp_path.iterdir())

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.metrics import ImageFeatures
from keras_gen.metrics.features import weights_hash


@pytest.fixture
def pixels_as_features():
    """Features that are the pixels themselves, three images at a time."""
    return ImageFeatures(lambda images: tf.reshape(images, (-1, 4)), (2, 2, 1), "pixel features", {}, batch_size=3)


@pytest.mark.parametrize("count", [1, 3, 7])
def test_batches_are_put_together_in_order(pixels_as_features, count):
    images = np.random.default_rng(0).uniform(-1, 1, (count, 2, 2, 1)).astype("float32")
    features = pixels_as_features(tf.constant(images))
    np.testing.assert_array_equal(features, images.reshape(count, 4))
    assert features.dtype == np.float64


def test_pixels_beyond_the_range_are_clipped(pixels_as_features):
    features = pixels_as_features(np.array([-2.0, -1.0, 0.5, 3.0]).reshape(1, 2, 2, 1))
    np.testing.assert_array_equal(features, [[-1, -1, 0.5, 1]])


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((2, 3, 2, 1)), r"shape \[n > 0, 2, 2, 1\], got \(2, 3, 2, 1\)"),
        (np.zeros((2, 2, 1)), "shape"),
        (np.zeros((0, 2, 2, 1)), "shape"),
        (np.zeros((1, 2, 2, 1), np.uint8), "floats"),
        (np.full((1, 2, 2, 1), np.nan), "NaN"),
    ],
)
def test_bad_images(pixels_as_features, images, message):
    with pytest.raises(InputError, match=message):
        pixels_as_features(images)


def test_weights_hash_sees_every_weight():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    before = weights_hash(model)
    assert before == weights_hash(model)
    model.layers[0].bias.assign([0.0, 0.0, 1e-7])
    assert weights_hash(model) != before

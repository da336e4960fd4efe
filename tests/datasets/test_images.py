import numpy as np
import pytest
import tensorflow as tf

from helpers.pictures import encode, noise
from keras_gen.datasets import batches, images, padded
from keras_gen.errors import InputError


@pytest.fixture
def both_kinds(encoded, monkeypatch):
    """The same five pictures of different sizes, decoded in memory and left encoded."""
    contents = [encode(noise(6 + i, 9, seed=i), "JPEG" if i % 2 else "PNG") for i in range(5)]
    in_memory = encoded(contents).in_memory_if_small()
    monkeypatch.setattr(images, "IN_MEMORY_LIMIT", 5 * 6 * 6 * 3 - 1)
    left_encoded = encoded(contents).in_memory_if_small()
    assert isinstance(in_memory, images.ArrayImages)
    assert isinstance(left_encoded, images.EncodedImages)
    return in_memory, left_encoded


def test_both_kinds_hold_the_same_images(both_kinds):
    in_memory, left_encoded = both_kinds
    assert len(in_memory) == len(left_encoded) == 5
    assert in_memory.image_shape == left_encoded.image_shape == (6, 6, 3)
    np.testing.assert_array_equal(in_memory.to_pixels(), left_encoded.to_pixels())


def test_both_kinds_give_the_same_batches(both_kinds):
    first, second = (list(batches(kind, 3, num_steps=4).as_numpy_iterator()) for kind in both_kinds)
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("kind", [0, 1])
def test_fetch_gives_the_images_of_these_numbers(both_kinds, kind):
    fetched = both_kinds[kind].fetch(tf.data.Dataset.from_tensors(np.array([4, 0, 0])))
    assert fetched.element_spec == tf.TensorSpec([3, 6, 6, 3], tf.uint8)
    np.testing.assert_array_equal(next(iter(fetched)), both_kinds[0].to_pixels()[[4, 0, 0]])


@pytest.mark.parametrize("kind", [0, 1])
def test_a_subset_holds_the_images_of_these_numbers(both_kinds, kind):
    subset = both_kinds[kind].subset(np.array([4, 1]))
    np.testing.assert_array_equal(subset.to_pixels(), both_kinds[0].to_pixels()[[4, 1]])
    assert len(subset) == 2 and subset.image_shape == (6, 6, 3)


@pytest.mark.parametrize("kind", [0, 1])
@pytest.mark.parametrize("max_images, count", [(None, 5), (2, 2), (9, 5)])
def test_to_array_gives_the_first_images_as_floats(both_kinds, kind, max_images, count):
    array = both_kinds[kind].to_array(max_images)
    assert array.dtype == np.float32
    assert array.shape == (count, 6, 6, 3)
    # float32 near 1 has a spacing of 6e-8
    expected = both_kinds[0].pixels[:count] / 127.5 - 1
    np.testing.assert_allclose(array, expected, rtol=0, atol=2e-7)


def test_a_damaged_image_is_named_when_the_set_is_decoded(encoded):
    whole = encode(noise(6, 6))
    with pytest.raises(InputError, match="^cannot decode image file_1.png: .*truncated") as caught:
        encoded([whole, whole[:-60], whole]).in_memory_if_small()
    assert "\n" not in str(caught.value)


def test_a_damaged_image_is_named_in_the_training_loop(encoded):
    whole = encode(noise(6, 6))
    with pytest.raises(tf.errors.InvalidArgumentError, match="cannot decode image file_0.png: .*truncated"):
        list(batches(encoded([whole[:-60], whole]), 2, num_steps=1))


def test_an_image_that_has_gone_is_named(encoded, tmp_path):
    images = encoded([None])
    object.__setattr__(images, "read", lambda i: (tmp_path / "gone.png").read_bytes())
    with pytest.raises(InputError, match="cannot decode image file_0.png: .*No such file"):
        images.to_pixels()


def test_a_set_is_shown_in_one_line(numbered, encoded):
    assert repr(numbered(3)) == "<numbered (train): 3 images, 1x1x1, 3 classes>"
    assert repr(numbered(3, labels=None)) == "<numbered (train): 3 images, 1x1x1, no labels>"
    assert repr(encoded([b""] * 2_000)) == "<encoded (train): 2,000 images, 6x6x3, no labels>"
    assert repr(padded.load(numbered(3), 4)) == "<padded:numbered (train): 3 images, 4x4x1, 3 classes>"

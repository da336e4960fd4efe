import numpy as np
import pytest
import tensorflow as tf

from keras_gen.callbacks import SampleQuality
from keras_gen.errors import InputError
from keras_gen.metrics import ImageFeatures, kept_features

IMAGES = np.random.default_rng(0).uniform(-1, 1, (7, 2, 2, 1)).astype("float32")


def counted(weights_hash="a", scale=1.0):
    """Features that are scaled pixels, and how many batches of three images they were computed of."""
    count = tf.Variable(0)

    def network(images):
        count.assign_add(1)
        return scale * tf.reshape(images, (-1, 4))

    return ImageFeatures(network, (2, 2, 1), "pixels", {"weights_hash": weights_hash}, batch_size=3), count


def test_they_are_computed_once(tmp_path):
    features, count = counted()
    first, second = (kept_features(features, IMAGES, tmp_path) for _ in range(2))
    assert count.numpy() == 3
    np.testing.assert_array_equal(first, features(IMAGES))
    np.testing.assert_array_equal(second, first)
    assert second.dtype == first.dtype == np.float64


def test_other_images_and_other_weights_are_told_apart(tmp_path):
    kept_features(counted()[0], IMAGES, tmp_path)
    nearly = IMAGES.copy()
    nearly[-1, -1, -1] += 1e-6
    np.testing.assert_array_equal(kept_features(counted()[0], nearly, tmp_path), nearly.reshape(7, 4))
    other, _ = counted("b", scale=2.0)
    np.testing.assert_array_equal(kept_features(other, IMAGES, tmp_path), 2 * IMAGES.reshape(7, 4))
    assert len(list(tmp_path.iterdir())) == 3


def test_features_without_a_hash_of_their_weights_are_not_kept(tmp_path):
    for scale in (1.0, 2.0):
        features = ImageFeatures(lambda images, by=scale: by * tf.reshape(images, (-1, 4)), (2, 2, 1), "pixels", {})
        np.testing.assert_array_equal(kept_features(features, IMAGES, tmp_path), scale * IMAGES.reshape(7, 4))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "other"])
def test_a_damaged_file_is_replaced(tmp_path, damage):
    features, count = counted()
    kept_features(features, IMAGES, tmp_path)
    (file,) = tmp_path.iterdir()
    content = bytearray(file.read_bytes())
    match damage:
        case "cut":
            file.write_bytes(content[:-20])
        case "flipped":  # a bit of a number
            content[content.index(IMAGES.tobytes()) + 5] ^= 1
            file.write_bytes(content)
        case "empty":
            file.write_bytes(b"")
        case "other":
            np.savez(file, something=IMAGES)
    for batches in (6, 6):  # computed again, and kept again
        np.testing.assert_array_equal(kept_features(features, IMAGES, tmp_path), IMAGES.reshape(7, 4))
        assert count.numpy() == batches


def test_a_folder_that_cannot_be_written_costs_a_warning(tmp_path, caplog):
    occupied = tmp_path / "file"
    occupied.write_text("")
    features, _ = counted()
    np.testing.assert_array_equal(kept_features(features, IMAGES, occupied), IMAGES.reshape(7, 4))
    assert "each run computes them again" in caplog.text


def test_bad_images_are_not_kept(tmp_path):
    with pytest.raises(InputError, match="NaN"):
        kept_features(counted()[0], np.full((2, 2, 2, 1), np.nan), tmp_path)
    assert not list(tmp_path.iterdir())


def test_sample_quality_keeps_those_of_real_images(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_GEN_CACHE", str(tmp_path))
    features, count = counted()
    one, other = (SampleQuality(IMAGES, features, num_samples=6) for _ in range(2))
    assert count.numpy() == 3
    numbers = one.of_images(IMAGES[::-1])
    assert numbers == other.of_images(IMAGES[::-1])
    assert count.numpy() == 6
    assert numbers == SampleQuality(IMAGES, lambda images: images.reshape(-1, 4), 6).of_images(IMAGES[::-1])

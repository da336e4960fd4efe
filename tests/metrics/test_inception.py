import hashlib
import inspect

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.metrics import inception, inception_features
from keras_gen.metrics.inception import WEIGHTS_FILE


@pytest.fixture
def weights_path(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "models").mkdir()
    return tmp_path / "models" / WEIGHTS_FILE


def test_missing_weights(weights_path):
    with pytest.raises(InputError, match=f"put Keras's file {WEIGHTS_FILE} into {weights_path.parent}"):
        inception_features()


@pytest.fixture
def small_inception(monkeypatch):
    """Stands in for the real network, which takes seconds to build: mean colours, times a weight."""

    def build(include_top, weights, pooling):
        assert (include_top, weights, pooling) == (False, None, "avg")
        images = keras.Input((None, None, 3))
        pooled = keras.layers.GlobalAveragePooling2D(name="mean")(images)
        return keras.Model(images, keras.layers.Dense(3, name="scale")(pooled))

    monkeypatch.setattr(keras.applications, "InceptionV3", build)


def write_weights(path, layers):
    """Writes the format of the files of `keras.applications`, which Keras 3 reads but no longer writes."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [name.encode() for name in layers]
        for name, weights in layers.items():
            group = file.create_group(name)
            group.attrs["weight_names"] = [str(i).encode() for i in range(len(weights))]
            for i, values in enumerate(weights):
                group[str(i)] = values


WEIGHTS = {"mean": [], "scale": [np.diag([1.0, 2.0, 3.0]), np.zeros(3)]}


@pytest.fixture
def is_kerass_file(weights_path, monkeypatch):
    """Takes what lies in the place of the weights for Keras's own file."""
    return lambda: monkeypatch.setattr(inception, "MD5", hashlib.md5(weights_path.read_bytes()).hexdigest())


@pytest.mark.parametrize(
    "weights", [WEIGHTS, {"mean": [], "scale": [np.full((3, 3), np.nan), np.zeros(3)]}], ids=["other", "nan"]
)
def test_weights_of_the_right_shapes_that_are_not_kerass(weights, weights_path, small_inception):
    write_weights(weights_path, weights)
    with pytest.raises(InputError, match=f"{weights_path} is damaged, or holds other weights .*; replace it with"):
        inception_features()


@pytest.mark.parametrize(
    "weights",
    [b"not HDF5", {"mean": []}, {"mean": [], "scale": [np.zeros((2, 2))]}],
    ids=["no_hdf5", "missing_layer", "another_shape"],
)
def test_damaged_weights(weights, weights_path, small_inception, is_kerass_file):
    if isinstance(weights, bytes):
        weights_path.write_bytes(weights)
    else:
        write_weights(weights_path, weights)
    is_kerass_file()
    with pytest.raises(InputError, match=f"{weights_path} is damaged, or holds other weights .*; replace it with"):
        inception_features()


def test_a_group_that_is_missing(weights_path, small_inception, is_kerass_file):
    write_weights(weights_path, WEIGHTS)
    with h5py.File(weights_path, "a") as file:
        del file["scale"]
    is_kerass_file()
    with pytest.raises(InputError, match=f"{weights_path} is damaged"):
        inception_features()


def test_the_hash_is_that_of_keras():
    source = inspect.getsource(inspect.getmodule(keras.applications.InceptionV3))
    assert f'"{WEIGHTS_FILE}"' in source and f'file_hash="{inception.MD5}"' in source


def test_images_are_resized_and_coloured_in_float32(weights_path, small_inception, is_kerass_file, mixed_bfloat16):
    write_weights(weights_path, WEIGHTS)
    is_kerass_file()

    features = inception_features()
    assert keras.config.dtype_policy().name == "mixed_bfloat16"
    assert features.description["feature_dim"] == 3
    images = np.random.default_rng(0).uniform(-1, 1, (3, 20, 30, 1)).astype("float32")
    means = tf.image.resize(images, (299, 299), "bilinear").numpy().mean(axis=(1, 2))
    # Sums of 90,000 float32 of order 1, divided by as many.
    np.testing.assert_allclose(features(images), means * [1, 2, 3], rtol=0, atol=1e-5)
    assert features(np.zeros((1, 8, 8, 3), "float32")).shape == (1, 3)
    with pytest.raises(InputError, match="height, width, 1 or 3"):
        features(np.zeros((1, 8, 8, 2), "float32"))

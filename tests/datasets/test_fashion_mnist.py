import gzip

import numpy as np
import pytest
import tensorflow_datasets as tfds

from helpers.pictures import noise
from keras_gen.datasets import fashion_mnist, load
from keras_gen.datasets.fashion_mnist import read_idx
from keras_gen.errors import InputError


def idx(array):
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return header + array.tobytes()


@pytest.fixture(autouse=True)
def no_package(monkeypatch, tmp_path):
    monkeypatch.setattr(fashion_mnist, "PACKAGE_FOLDER", tmp_path / "package")


def write(folder, prefix, count, pack):
    pixels = noise(28, 28, count).transpose(2, 0, 1)
    labels = np.arange(count, dtype=np.uint8) % 10
    folder.mkdir(exist_ok=True)
    for name, array in ((f"{prefix}-images-idx3-ubyte", pixels), (f"{prefix}-labels-idx1-ubyte", labels)):
        if pack:
            (folder / f"{name}.gz").write_bytes(gzip.compress(idx(array)))
        else:
            (folder / name).write_bytes(idx(array))
    return pixels, labels


@pytest.mark.parametrize("pack", [True, False])
@pytest.mark.parametrize("split, prefix", [("train", "train"), ("test", "t10k")])
def test_idx_files_in_data_dir(tmp_path, split, prefix, pack):
    pixels, labels = write(tmp_path / "data", prefix, 12, pack)
    images = load("fashion_mnist", split, data_dir=tmp_path / "data")
    assert (images.image_shape, images.num_classes) == ((28, 28, 1), 10)
    np.testing.assert_array_equal(images.to_pixels()[..., 0], pixels)
    np.testing.assert_array_equal(images.labels, labels)


def test_the_package_is_found_without_data_dir(tmp_path):
    pixels, _ = write(tmp_path / "package", "train", 3, pack=True)
    np.testing.assert_array_equal(load("fashion_mnist").to_pixels()[..., 0], pixels)


def test_a_copy_that_tfds_prepared(tmp_path, monkeypatch):
    builder = tfds.builder("fashion_mnist", data_dir=tmp_path)
    pixels = noise(28, 28, 5).transpose(2, 0, 1)[..., None]
    examples = {i: {"image": pixels[i], "label": i} for i in range(5)}
    monkeypatch.setattr(builder, "_split_generators", lambda *args: {"train": iter(examples.items())})
    builder.download_and_prepare()
    images = load("fashion_mnist", data_dir=tmp_path)
    np.testing.assert_array_equal(images.to_pixels(), pixels[images.labels])


def test_without_any_copy_it_says_where_to_get_one(tmp_path):
    with pytest.raises(InputError, match="run apt-get install dataset-fashion-mnist, or give data_dir, a folder"):
        load("fashion_mnist", data_dir=tmp_path)


def test_read_idx_keeps_the_order_of_axes(tmp_path):
    array = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    (tmp_path / "a").write_bytes(idx(array))
    np.testing.assert_array_equal(read_idx(tmp_path / "a", num_axes=3), array)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no idx file",
        idx(np.zeros((2, 3), np.uint8)),
        idx(np.zeros((2, 3, 4), np.uint8))[:-1],
        bytes([0, 0, 13, 3]) + idx(np.zeros((2, 3, 4), np.uint8))[4:],
    ],
)
def test_a_file_of_another_kind_is_named(tmp_path, content):
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(InputError, match="cannot read .*/a: it is not an IDX file of bytes with 3 axes"):
        read_idx(tmp_path / "a", num_axes=3)


@pytest.mark.parametrize(
    "damage", [lambda packed: packed[:-9], lambda packed: packed[:20] + b"x" + packed[21:], lambda packed: b"no gzip"]
)
def test_a_damaged_gzip_file_is_named(tmp_path, damage):
    (tmp_path / "a.gz").write_bytes(damage(gzip.compress(idx(noise(5, 5, 5)))))
    with pytest.raises(InputError, match="cannot read .*/a.gz: "):
        read_idx(tmp_path / "a.gz", num_axes=3)

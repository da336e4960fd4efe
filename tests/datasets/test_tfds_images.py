import json
import os
import re
import shutil

import numpy as np
import pytest
import tensorflow_datasets as tfds

from helpers.pictures import noise
from keras_gen.datasets import hosts, images, load, tfds_images
from keras_gen.errors import InputError


class TinyImages(tfds.core.GeneratorBasedBuilder):
    """Pictures of noise; the configs name their splits, sizes and whether they are shuffled."""

    name = "tiny_images"
    VERSION = tfds.core.Version("1.0.0")
    BUILDER_CONFIGS = [
        tfds.core.BuilderConfig(name=name)
        for name in ("test", "validation", "train", "varying", "sorted", "rgba", "text")
    ]

    def _info(self):
        shape = {"varying": (None, None, 3), "rgba": (8, 10, 4)}.get(self.builder_config.name, (8, 10, 3))
        image = tfds.features.Text() if self.builder_config.name == "text" else tfds.features.Image(shape=shape)
        return tfds.core.DatasetInfo(
            builder=self,
            features=tfds.features.FeaturesDict({"picture": image, "kind": tfds.features.ClassLabel(num_classes=4)}),
            supervised_keys=("picture", "kind"),
            disable_shuffling=self.builder_config.name == "sorted",
        )

    def _split_generators(self, dl_manager):
        other = {"validation": ["validation"], "train": [], "sorted": []}.get(self.builder_config.name, ["test"])
        return {"train": self._generate_examples(0, 40)} | {name: self._generate_examples(40, 50) for name in other}

    def _generate_examples(self, start, stop):
        for i in range(start, stop):
            yield i, {"picture": self.picture(i), "kind": i % 4}

    def picture(self, i):
        if self.builder_config.name == "text":
            return "a picture"
        size = (70 + i, 64) if self.builder_config.name == "varying" else (8, 10)
        return noise(*size, self.info.features["picture"].shape[-1], seed=i)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    """The configs as ArrayRecord; `test` as TFRecord too, in a folder of its own."""
    folder = tmp_path_factory.mktemp("tfds")
    for config in TinyImages.builder_configs:
        TinyImages(config=config, data_dir=folder).download_and_prepare(file_format="array_record")
    TinyImages(config="test", data_dir=folder / "tfrecord").download_and_prepare(file_format="tfrecord")
    return folder


def seeds(part):
    """The number of each picture, found by its pixels."""
    by_pixels = {noise(8, 10, seed=i)[:, 1:9].tobytes(): i for i in range(50)}
    return [by_pixels[image.tobytes()] for image in part.to_pixels()]


@pytest.mark.parametrize("folder", ["", "tfrecord"])
@pytest.mark.parametrize("split, numbers", [("train", range(40)), ("test", range(40, 50))])
def test_pictures_and_labels(data_dir, folder, split, numbers):
    part = load("tiny_images/test", split, data_dir=data_dir / folder)
    assert (part.image_shape, part.num_classes, part.split) == ((8, 8, 3), 4, split)
    assert isinstance(part, images.ArrayImages)
    assert sorted(seeds(part)) == list(numbers)
    assert part.labels.dtype == np.int64
    assert part.labels.tolist() == [seed % 4 for seed in seeds(part)]


def test_both_file_formats_have_one_order(data_dir):
    parts = [load("tiny_images/test", data_dir=data_dir / folder) for folder in ("", "tfrecord")]
    assert seeds(parts[0]) == seeds(parts[1]) != sorted(seeds(parts[0]))


def test_validation_stands_in_for_test(data_dir):
    assert sorted(seeds(load("tiny_images/validation", "test", data_dir=data_dir))) == list(range(40, 50))
    assert len(load("tiny_images/validation", "train", data_dir=data_dir)) == 40


def test_a_tenth_is_held_out_where_there_is_only_train(data_dir):
    train, test = (seeds(load("tiny_images/train", split, data_dir=data_dir)) for split in ("train", "test"))
    assert (len(train), len(test)) == (36, 4)
    assert sorted(train + test) == list(range(40))


def test_a_set_that_was_stored_in_order_is_mixed(data_dir):
    train = seeds(load("tiny_images/sorted", data_dir=data_dir))
    assert train != sorted(train)
    assert len(train) == 36


def test_pictures_of_varying_sizes(data_dir):
    part = load("tiny_images/varying", data_dir=data_dir)
    assert part.image_shape == (64, 64, 3)
    expected = {noise(70 + i, 64, seed=i)[3 + i // 2 :][:64].tobytes() for i in range(40)}
    assert {image.tobytes() for image in part.to_pixels()} == expected
    with pytest.raises(InputError, match=r"cannot decode image \d+ of tiny_images/varying/1.0.0 \(train\): .*smaller"):
        load("tiny_images/varying", image_size=65, data_dir=data_dir)


def test_a_large_set_stays_encoded(data_dir, monkeypatch):
    in_memory = load("tiny_images/train", image_size=5, data_dir=data_dir)
    monkeypatch.setattr(images, "IN_MEMORY_LIMIT", 36 * 5 * 5 * 3 - 1)
    encoded = load("tiny_images/train", image_size=5, data_dir=data_dir)
    assert isinstance(encoded, images.EncodedImages)
    np.testing.assert_array_equal(encoded.to_pixels(), in_memory.to_pixels())


@pytest.mark.parametrize(
    "damage", [b"", b"no array", None, np.zeros(40), "pipe"], ids=["empty", "garbage", "short", "floats", "pipe"]
)
def test_labels_of_a_large_set_are_read_once(data_dir, tmp_path, monkeypatch, caplog, damage):
    monkeypatch.setenv("KERAS_GEN_CACHE", str(tmp_path / "cache"))
    in_memory = load("tiny_images/train", data_dir=data_dir)
    monkeypatch.setattr(images, "IN_MEMORY_LIMIT", 0)
    monkeypatch.setattr(tfds_images, "_AT_ONCE", 7)
    for _ in range(2):
        part = load("tiny_images/train", data_dir=data_dir)
        assert part.labels.tolist() == in_memory.labels.tolist() and part.num_classes == 4
    assert caplog.text.count("reading the labels of 40 images of tiny_images/train/1.0.0; this is done once") == 1
    (cache,) = (tmp_path / "cache").iterdir()
    if damage is None:
        np.save(cache, np.zeros(3, np.int64))
    elif isinstance(damage, np.ndarray):
        np.save(cache, damage)
    elif damage == "pipe":
        cache.unlink()
        os.mkfifo(cache)  # whoever opens it waits for ever
    else:
        cache.write_bytes(damage)
    assert load("tiny_images/train", data_dir=data_dir).labels.tolist() == in_memory.labels.tolist()
    assert len(np.load(cache)) == 40


def test_a_large_set_needs_random_access(data_dir, monkeypatch):
    monkeypatch.setattr(images, "IN_MEMORY_LIMIT", 0)
    with pytest.raises(InputError, match="stored as tfrecord.*--file_format=array_record"):
        load("tiny_images/test", data_dir=data_dir / "tfrecord")


@pytest.mark.parametrize(
    "name, message",
    [
        ("tiny_images/rgba", "tiny_images has uint8 images of 4 channels; only uint8 with 1 or 3 can be used"),
        ("tiny_images/text", "tiny_images is not an image data set: it has picture, kind"),
        ("tiny_images/other", "the TFDS data set of 'tiny_images/other' has no such config or version"),
    ],
)
def test_sets_that_cannot_be_used(data_dir, name, message):
    with pytest.raises(InputError, match=message):
        load(name, data_dir=data_dir)


def overwritten(path):
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 8] = bytes(255 - byte for byte in content[middle : middle + 8])
    path.write_bytes(content)


RECORDS, DESCRIPTION = "tiny_images-train.*record-00000-of-00001", "dataset_info.json"
DAMAGE = {
    "truncated": (RECORDS, lambda path: path.write_bytes(path.read_bytes()[:-1_000])),
    "emptied": (RECORDS, lambda path: path.write_bytes(b"")),
    "missing": (RECORDS, lambda path: path.unlink()),
    "overwritten": (RECORDS, overwritten),
    "no description": (DESCRIPTION, lambda path: path.unlink()),
    "garbage for a description": (DESCRIPTION, lambda path: path.write_bytes(b"garbage")),
    "bytes for a description": (DESCRIPTION, lambda path: path.write_bytes(b"\xff\x00")),
    "an empty description": (DESCRIPTION, lambda path: path.write_bytes(b"{}")),
}
FEATURES = {
    "garbage": b"garbage",
    "numbers that are none": b'{"pythonClassName": "tensorflow_datasets.core.features.features_dict.FeaturesDict", '
    b'"featuresDict": {"features": {"picture": {"image": {"shape": {"dimensions": [1e308]}}}}}}',
}


@pytest.mark.parametrize("kind", FEATURES)
def test_damaged_features_are_told_by_the_folder_of_the_set(data_dir, tmp_path, monkeypatch, kind):
    """They are read where TFDS has no code of the set."""
    monkeypatch.delitem(tfds.core.registered._DATASET_REGISTRY, "tiny_images")
    shutil.copytree(data_dir / "tiny_images" / "test", tmp_path / "tiny_images" / "test")
    (tmp_path / "tiny_images" / "test" / "1.0.0" / "features.json").write_bytes(FEATURES[kind])
    with pytest.raises(InputError, match=r"tiny_images.* (is damaged \(.+\)|has no such config or version)"):
        load("tiny_images/test", data_dir=tmp_path)


@pytest.mark.parametrize("key", ["pythonClassName", "python_class_name", "type"])
def test_no_module_is_imported_because_a_stored_file_names_it(data_dir, tmp_path, monkeypatch, key):
    (tmp_path / "harm.py").write_text("from pathlib import Path\nPath(__file__).with_name('ran').touch()\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(tfds.core.registered._DATASET_REGISTRY, "tiny_images")
    shutil.copytree(data_dir / "tiny_images" / "test", tmp_path / "tiny_images" / "test")
    features = tmp_path / "tiny_images" / "test" / "1.0.0" / "features.json"
    features.write_text(json.dumps(json.loads(features.read_text()) | {key: "harm.Feature", "content": {}}))
    with pytest.raises(InputError, match=r"has features of the class harm\.Feature, whose code would be run"):
        load("tiny_images/test", data_dir=tmp_path)
    assert not (tmp_path / "ran").exists()


def test_a_pipe_in_the_place_of_a_file_is_not_waited_on(data_dir, tmp_path):
    shutil.copytree(data_dir / "tiny_images" / "test", tmp_path / "tiny_images" / "test")
    description = tmp_path / "tiny_images" / "test" / "1.0.0" / DESCRIPTION
    description.unlink()
    os.mkfifo(description)
    with pytest.raises(
        InputError, match=r"dataset_info\.json is no file; remove it, or prepare tiny_images/test again"
    ):
        load("tiny_images/test", data_dir=tmp_path)


@pytest.mark.parametrize("kind", DAMAGE)
@pytest.mark.parametrize(("source", "limit"), [("", 2**20), ("", 0), ("tfrecord", 2**20)])
def test_damaged_files_are_told_by_their_folder(data_dir, tmp_path, monkeypatch, source, limit, kind):
    monkeypatch.setattr(images, "IN_MEMORY_LIMIT", limit)
    shutil.copytree(data_dir / source / "tiny_images" / "test", tmp_path / "tiny_images" / "test")
    folder = tmp_path / "tiny_images" / "test" / "1.0.0"
    file, damage = DAMAGE[kind]
    damage(next(folder.glob(file)))
    told = rf"{re.escape(str(folder))} is damaged \(.+\); remove it and prepare it again$"
    with pytest.raises(InputError, match=told):
        load("tiny_images/test", data_dir=tmp_path).to_pixels()


def test_enlarging_is_refused(data_dir):
    with pytest.raises(
        InputError,
        match="^image_size=9: the images of tiny_images have 10x8 pixels; .* such as 8, or use padded:tiny_images",
    ):
        load("tiny_images/test", image_size=9, data_dir=data_dir)


def test_a_silent_host_is_asked_once_and_named(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(tfds_images, "answers", lambda url: asked.append(url))
    with pytest.raises(
        InputError, match="cifar10 is not prepared in .*toronto.* does not answer: run `tfds build cifar10"
    ):
        load("cifar10", data_dir=tmp_path)
    assert len(asked) == 1


def test_what_answers_and_what_does_not():
    import http.server
    import threading

    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)  # knows no method: error 501
    threading.Thread(target=server.handle_request, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/"
    assert hosts.answers(url)
    server.server_close()
    assert not hosts.answers(url)


def test_files_that_must_be_fetched_by_hand(tmp_path):
    with pytest.raises(InputError, match="imagenet2012 is not prepared in .*must be downloaded by hand"):
        load("imagenet2012", data_dir=tmp_path)


def test_a_failing_preparation_is_told_in_one_line(tmp_path, monkeypatch):
    def fail(*args):
        raise RuntimeError("the disk is full\nand more")

    monkeypatch.setattr(TinyImages, "_split_generators", fail)
    with pytest.raises(InputError, match="cannot prepare tiny_images in .*: the disk is full$"):
        load("tiny_images/test", data_dir=tmp_path)

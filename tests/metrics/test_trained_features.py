import dataclasses
import json

import keras
import numpy as np
import pytest

from keras_gen import datasets
from keras_gen.errors import InputError
from keras_gen.metrics import lenet_features, trained_features
from keras_gen.metrics.trained_features import lenet_features_without_training
from keras_gen.networks.lenet import lenet


@pytest.fixture(scope="module")
def digits():
    return datasets.load("digits", "train"), datasets.load("digits", "test")


@pytest.fixture
def trainings(monkeypatch):
    """The recipes of the trainings that took place in a test, each of ten steps instead of 625."""
    recipes = []
    trained = trained_features._trained

    def counted(train, test, recipe):
        recipes.append(recipe)
        return trained(train, test, recipe)

    monkeypatch.setattr(trained_features, "_trained", counted)
    monkeypatch.setattr(trained_features, "IMAGES_SEEN", 640)
    monkeypatch.setattr(trained_features, "MIN_PASSES", 0)
    return recipes


MADE = {}


@pytest.fixture
def quick_trainings(trainings, monkeypatch):
    """The same, but a recipe, which decides the weights (`test_the_seed_decides_the_weights`), is followed once."""
    train_again = trained_features._trained

    def remembered(train, test, recipe):
        key = json.dumps(recipe, sort_keys=True)
        if key in MADE:
            trainings.append(recipe)
        else:
            MADE[key] = train_again(train, test, recipe)
        return MADE[key]

    monkeypatch.setattr(trained_features, "_trained", remembered)
    return trainings


def test_that_of_mnist_comes_with_the_package(tmp_path):
    train, test = datasets.load("mnist_5k", "train"), datasets.load("mnist_5k", "test")
    features = lenet_features(train, test, cache_dir=tmp_path)
    assert not list(tmp_path.iterdir())
    labels = test.labels
    # The classes by the nearest class mean among the features, with as many errors as the network makes, or a few more.
    codes = {split: features(images.to_array()) for split, images in {"train": train, "test": test}.items()}
    means = np.stack([codes["train"][train.labels == label].mean(axis=0) for label in range(10)])
    found = np.argmin(((codes["test"][:, np.newaxis] - means) ** 2).sum(axis=-1), axis=1)
    assert np.mean(found == labels) == pytest.approx(features.description["test_accuracy"], abs=0.02)


@pytest.mark.slow
@pytest.mark.traced
def test_it_learns_the_classes(digits, tmp_path):
    train, test = digits
    features = lenet_features(train, test, cache_dir=tmp_path)
    description = features.description
    # 355 test images; a nearest-neighbour classifier has 0.98 to 0.99, chance 0.1.
    assert description["test_accuracy"] > 0.95
    assert description["train_accuracy"] > 0.97
    assert (description["data_set"], description["num_train_images"]) == ("digits", len(train))
    assert description["image_shape"] == [8, 8, 1]
    assert features.name == "LeNet features"

    # The accuracy again, from the features and the cached logits.
    images = test.to_array()
    network = lenet((8, 8, 1), 10)
    network.load_weights(tmp_path / "lenet-digits-8x8x1-seed0.keras")
    kernel, bias = network.get_layer("logits").get_weights()
    found = features(images)
    assert found.shape == (len(test), 64)
    assert found.dtype == np.float64
    guesses = (found @ kernel + bias).argmax(axis=1)
    # Rounding may decide one image of two equal scores.
    assert abs(np.mean(guesses == test.labels) - description["test_accuracy"]) < 1.5 / len(test)


@pytest.mark.slow
def test_the_seed_decides_the_weights(digits, tmp_path, trainings):
    def weights_hash(seed, folder):
        return lenet_features(*digits, seed=seed, cache_dir=tmp_path / folder).description["weights_hash"]

    first = weights_hash(3, "a")
    keras.utils.set_random_seed(1)
    assert weights_hash(3, "b") == first
    assert weights_hash(4, "a") != first
    assert len(trainings) == 3


def test_the_second_call_reads_the_cache(digits, tmp_path, quick_trainings, monkeypatch):
    monkeypatch.setenv("KERAS_GEN_CACHE", str(tmp_path / "cache"))
    images = digits[1].to_array(20)
    trained = lenet_features(*digits)
    cached = lenet_features(*digits)
    assert len(quick_trainings) == 1
    assert cached.description == trained.description
    np.testing.assert_array_equal(cached(images), trained(images))
    names = sorted(path.name for path in (tmp_path / "cache").iterdir())
    assert names == ["lenet-digits-8x8x1-seed0.json", "lenet-digits-8x8x1-seed0.keras"]
    assert json.loads((tmp_path / "cache" / names[0]).read_text()) == trained.description


def test_without_training_there_is_only_what_is_kept(digits, tmp_path, quick_trainings):
    assert lenet_features_without_training(digits[0], cache_dir=tmp_path) is None and quick_trainings == []
    trained = lenet_features(*digits, cache_dir=tmp_path)
    kept = lenet_features_without_training(digits[0], cache_dir=tmp_path)
    assert kept.description == trained.description and len(quick_trainings) == 1
    images = digits[1].to_array(20)
    np.testing.assert_array_equal(kept(images), trained(images))
    with pytest.raises(InputError, match="digits has no labels"):
        lenet_features_without_training(dataclasses.replace(digits[0], labels=None, num_classes=None))


def truncate(path):
    path.write_bytes(path.read_bytes()[:1000])


def set_hash(path):
    path.write_text(path.read_text().replace('"weights_hash": "', '"weights_hash": "0'))


def empty(path):
    path.write_bytes(b"")


@pytest.mark.parametrize(
    ("suffix", "damage"),
    [("keras", truncate), ("keras", empty), ("json", empty), ("json", set_hash)],
)
def test_a_damaged_cache_is_replaced(digits, tmp_path, quick_trainings, suffix, damage):
    first = lenet_features(*digits, cache_dir=tmp_path)
    damage(tmp_path / f"lenet-digits-8x8x1-seed0.{suffix}")
    again = lenet_features(*digits, cache_dir=tmp_path)
    assert len(quick_trainings) == 2
    assert again.description == first.description
    lenet_features(*digits, cache_dir=tmp_path)
    assert len(quick_trainings) == 2


@pytest.mark.parametrize(
    ("suffix", "damage"),
    [
        ("keras", truncate),
        ("keras", lambda path: path.unlink()),
        ("json", empty),
        ("json", set_hash),
        ("json", lambda path: path.unlink()),
    ],
)
def test_a_damaged_file_of_the_package_is_not_replaced(digits, tmp_path, quick_trainings, monkeypatch, suffix, damage):
    """Distances on a LeNet trained in its place would pass for those of the records."""
    package = tmp_path / "package"
    monkeypatch.setattr(trained_features, "SHIPPED", package)
    lenet_features(*digits, cache_dir=package)
    assert lenet_features_without_training(digits[0], cache_dir=tmp_path) is not None
    damage(package / f"lenet-digits-8x8x1-seed0.{suffix}")
    said = (
        f"^{package}/lenet-digits-8x8x1-seed0.keras is missing, damaged, or another network's.*; reinstall keras_gen$"
    )
    for read in (lambda: lenet_features(*digits), lambda: lenet_features_without_training(digits[0])):
        with pytest.raises(InputError, match=said):
            read()
    assert len(quick_trainings) == 1


@pytest.mark.parametrize("shipped", [False, True])
def test_other_data_of_the_same_name_are_not_taken_for_these(digits, tmp_path, quick_trainings, monkeypatch, shipped):
    train, test = digits
    fewer = dataclasses.replace(train, pixels=train.pixels[:500], labels=train.labels[:500])
    lenet_features(train, test, cache_dir=tmp_path)
    if shipped:
        monkeypatch.setattr(trained_features, "SHIPPED", tmp_path)
    cache_dir = tmp_path / "others" if shipped else tmp_path
    assert lenet_features(fewer, test, cache_dir=cache_dir).description["num_train_images"] == 500
    assert len(quick_trainings) == 2


def test_a_cache_that_cannot_be_written_costs_only_time(digits, tmp_path, quick_trainings, caplog):
    file = tmp_path / "file"
    file.touch()
    for _ in range(2):
        lenet_features(*digits, cache_dir=file / "below")
    assert len(quick_trainings) == 2
    assert caplog.text.count("cannot be cached") == 2


def test_names_with_slashes(digits, tmp_path, quick_trainings):
    train, test = (dataclasses.replace(images, name="maker/digits:v1") for images in digits)
    lenet_features(train, test, cache_dir=tmp_path)
    assert (tmp_path / "lenet-maker_digits_v1-8x8x1-seed0.keras").is_file()


def test_steps_for_small_and_large_data(digits):
    train, _ = digits
    assert trained_features._recipe(train, 0)["steps"] == 625
    large = dataclasses.replace(train, pixels=np.zeros((60_000, 8, 8, 1), np.uint8))
    assert trained_features._recipe(large, 0)["steps"] == 3 * 60_000 // 64


def test_features_are_float32_under_mixed_precision(digits, tmp_path, trainings, mixed_bfloat16):
    images = digits[1].to_array(20)
    mixed = lenet_features(*digits, cache_dir=tmp_path)(images)
    keras.config.set_dtype_policy("float32")
    np.testing.assert_array_equal(lenet_features(*digits, cache_dir=tmp_path / "other")(images), mixed)
    assert len(trainings) == 2


def test_bad_data(digits, tmp_path):
    train, test = digits
    unlabelled = dataclasses.replace(train, labels=None, num_classes=None)
    for pair in ((unlabelled, test), (train, unlabelled)):
        with pytest.raises(InputError, match="digits has no labels"):
            lenet_features(*pair, cache_dir=tmp_path)
    larger = dataclasses.replace(test, image_shape=(9, 9, 1))
    with pytest.raises(InputError, match="same shape"):
        lenet_features(train, larger, cache_dir=tmp_path)

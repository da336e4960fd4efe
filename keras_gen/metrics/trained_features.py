"""Features of a LeNet that is trained once on the labels of a data set, then cached.

Those of MNIST and Fashion-MNIST come with the package, in `lenets/`: cache files of earlier calls. Trainings on two
kinds of processors end with different weights, and distances on different features cannot be compared.
"""

import hashlib
import json
import math
import os
import re
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from absl import logging

from keras_gen.datasets.images import Images, from_pixels
from keras_gen.errors import InputError
from keras_gen.metrics.features import ImageFeatures, weights_hash
from keras_gen.networks.lenet import lenet
from keras_gen.utils.activity import activity
from keras_gen.utils.files import cache_folder, replacing

FEATURE_DIM = 64
BATCH_SIZE = 64
LEARNING_RATE = 1e-3
# Ten passes over 4,000 images; three over anything larger than a third of this.
IMAGES_SEEN = 40_000
MIN_PASSES = 3
SHIPPED = Path(__file__).with_name("lenets")
# Accuracies are measured on at most this many images.
MAX_ACCURACY_IMAGES = 10_000


def lenet_features(
    train: Images, test: Images, seed: int = 0, cache_dir: str | os.PathLike | None = None
) -> ImageFeatures:
    """Features of a LeNet trained to classify a data set.

    For MNIST and Fashion-MNIST it comes with the package. For other data the first call trains
    `keras_gen.networks.lenet` on `train`, which takes seconds for thousands of small images; later calls read it from
    the cache. A file of the cache that is damaged, or belongs to another version of the data or of this training, is
    replaced. Training runs on the CPU, where the same processor, seed and number of threads give the same weights to
    the last bit.

    Args:
        train: `keras_gen.datasets.Images` with labels, whose classes are learned.
        test: `keras_gen.datasets.Images` with labels, for the accuracy in the description.
        seed: Seed of the weights.
        cache_dir: A folder; by default `$KERAS_GEN_CACHE`, or `~/.cache/keras_gen`. If it is not writable, a warning
            says so and each call trains again.

    Returns:
        The features [n, 64] in [-1, 1]. Their `description` holds `network`, `data_set`, `image_shape`, `num_classes`,
        `num_train_images`, `seed`, `feature_dim`, `batch_size`, `steps`, `learning_rate`, `train_accuracy` and
        `test_accuracy` (on at most 10,000 images), and `weights_hash`.

    Raises:
        InputError: A data set has no labels, the shapes of the images differ, or the package's LeNet is damaged.
    """
    _check(train, test)
    recipe = _recipe(train, seed)
    # Sums on a GPU have no fixed order, and this network is small enough for the CPU.
    with tf.device("/CPU:0"):
        found = _read_caches(train, recipe, cache_dir)
        with activity(f"training a LeNet on {train.name}"):
            model, description = found or _trained(train, test, recipe)
    if not found:
        _write_cache(_stem(train, seed, cache_dir), model, description)
    return _features(model, description)


def lenet_features_without_training(
    train: Images, seed: int = 0, cache_dir: str | os.PathLike | None = None
) -> ImageFeatures | None:
    """What `lenet_features` gives, if it comes with the package or lies in the cache; None if it has to be trained.

    Args:
        train: As in `lenet_features`.
        seed: As in `lenet_features`.
        cache_dir: As in `lenet_features`.

    Raises:
        InputError: The data set has no labels, or the package's LeNet is damaged.
    """
    with tf.device("/CPU:0"):
        found = _read_caches(train, _recipe(train, seed), cache_dir)
    return found and _features(*found)


def _features(model: keras.Model, description: dict) -> ImageFeatures:
    features = keras.Model(model.input, model.get_layer("features").output)
    return ImageFeatures(features, tuple(description["image_shape"]), "LeNet features", description)


def _check(train: Images, test: Images) -> None:
    for images in (train, test):
        _labels(images)
    if tuple(train.image_shape) != tuple(test.image_shape):
        raise InputError(
            f"train and test images must have the same shape, got {tuple(train.image_shape)} "
            f"and {tuple(test.image_shape)}"
        )


def _labels(images: Images) -> np.ndarray:
    if images.labels is None:
        raise InputError(
            f"data set {images.name} has no labels to train LeNet features on; "
            "use a labelled data set or imagenet_features()"
        )
    return images.labels


def _recipe(train: Images, seed: int) -> dict:
    """Everything that determines the weights; a cached network must agree with every entry."""
    images_seen = max(IMAGES_SEEN, MIN_PASSES * len(train))
    return {
        "network": "LeNet",
        "data_set": train.name,
        "image_shape": list(train.image_shape),
        "num_classes": int(train.num_classes or 0),
        "num_train_images": len(train),
        "data_hash": _data_hash(train),
        "seed": seed,
        "feature_dim": FEATURE_DIM,
        "batch_size": BATCH_SIZE,
        "steps": images_seen // BATCH_SIZE,
        "learning_rate": LEARNING_RATE,
    }


def _data_hash(train: Images) -> str:
    """A hash of labels and first images, which tells data sets of the same name and size apart."""
    content = _labels(train).tobytes() + train.to_pixels(100).tobytes()
    return hashlib.sha256(content).hexdigest()[:12]


def _untrained(recipe: dict) -> keras.Model:
    return lenet(tuple(recipe["image_shape"]), recipe["num_classes"], recipe["feature_dim"], seed=recipe["seed"])


def _trained(train: Images, test: Images, recipe: dict) -> tuple[keras.Model, dict]:
    model = _untrained(recipe)
    model.compile(
        optimizer=keras.optimizers.Adam(
            keras.optimizers.schedules.CosineDecay(recipe["learning_rate"], recipe["steps"])
        ),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,
    )
    model.fit(_batches(train, recipe), shuffle=False, verbose=0)
    description = {
        **recipe,
        "train_accuracy": _accuracy(model, train),
        "test_accuracy": _accuracy(model, test),
        "weights_hash": weights_hash(model),
    }
    return model, description


def _batches(train: Images, recipe: dict) -> tf.data.Dataset:
    """Images and labels of all steps, from one permutation of the data set per pass."""
    steps, batch_size = recipe["steps"], recipe["batch_size"]
    random = np.random.default_rng(recipe["seed"])
    passes = math.ceil(steps * batch_size / len(train))
    order = np.concatenate([random.permutation(len(train)) for _ in range(passes)])
    order = order[: steps * batch_size].reshape(steps, batch_size)
    images = train.fetch(tf.data.Dataset.from_tensor_slices(order)).map(from_pixels)
    labels = tf.data.Dataset.from_tensor_slices(_labels(train)[order])
    return tf.data.Dataset.zip((images, labels)).prefetch(2)


def _accuracy(model: keras.Model, images: Images) -> float:
    pixels = images.to_array(MAX_ACCURACY_IMAGES)
    logits = model.predict(pixels, batch_size=250, verbose=0)
    return float(np.mean(logits.argmax(axis=1) == _labels(images)[: len(pixels)]))


def _stem(train: Images, seed: int, folder: str | os.PathLike | None) -> Path:
    """Where a folder, by default the cache, keeps the LeNet of a data set, without the suffix."""
    name = re.sub(r"[^\w.-]+", "_", train.name)
    size = "x".join(map(str, train.image_shape))
    return Path(folder or cache_folder()).expanduser() / f"lenet-{name}-{size}-seed{seed}"


def _read_caches(train: Images, recipe: dict, cache_dir: str | os.PathLike | None) -> tuple[keras.Model, dict] | None:
    """The network and its description, of the package or else of the cache; None if neither has one that fits."""
    shipped, cached = (_stem(train, recipe["seed"], folder) for folder in (SHIPPED, cache_dir))
    found = _read_cache(shipped, recipe)
    if found is None and _meant_for(shipped, recipe):
        raise InputError(
            f"{shipped}.keras is missing, damaged, or another network's, and distances on a LeNet trained in its place "
            "could not be compared with recorded ones; reinstall keras_gen"
        )
    return found or _read_cache(cached, recipe)


def _meant_for(stem: Path, recipe: dict) -> bool:
    """Whether one of the two files lies there, and the description is that of this recipe, as far as it can be read."""
    description, weights = (Path(f"{stem}.{suffix}") for suffix in ("json", "keras"))
    try:
        found = json.loads(description.read_text())
        return all(found[key] == value for key, value in recipe.items())
    except (OSError, ValueError, KeyError, TypeError):
        return description.exists() or weights.exists()


def _read_cache(stem: Path, recipe: dict) -> tuple[keras.Model, dict] | None:
    """The cached network and its description, or None if there is none that fits."""
    if not all(Path(f"{stem}.{suffix}").is_file() for suffix in ("json", "keras")):
        return None
    try:
        description = json.loads(Path(f"{stem}.json").read_text())
        model = _untrained(recipe)
        model.load_weights(f"{stem}.keras")
        agrees = all(description[key] == value for key, value in recipe.items())
        # The two files may have been written by different processes.
        intact = description["weights_hash"] == weights_hash(model)
    except Exception:  # Damage takes many forms; training again repairs all of them.
        return None
    return (model, description) if agrees and intact else None


def _write_cache(stem: Path, model: keras.Model, description: dict) -> None:
    # Without the optimizer's state.
    weights, model = model.get_weights(), _untrained(description)
    model.set_weights(weights)
    try:
        with replacing(f"{stem}.keras") as aside:
            model.save(aside)
        with replacing(f"{stem}.json") as aside:
            aside.write_text(json.dumps(description, indent=2) + "\n")
    except OSError as error:
        logging.warning("LeNet features cannot be cached, so each run trains them again: %s", error)

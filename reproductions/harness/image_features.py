"""The features on which samples are measured, by the names that `--features` gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reproductions.harness.errors import UsageError

if TYPE_CHECKING:
    from keras_gen.datasets import Images
    from keras_gen.metrics.features import ImageFeatures

# The network that each name stands for, as it is called in tables.
NETWORKS = {"lenet": "LeNet", "imagenet": "EfficientNet-Lite0", "inception": "InceptionV3"}


def needs_labels(name: str) -> bool:
    """Whether the features are learnt from the data's own labels."""
    return name == "lenet"


def check_labels(name: str, images: Images) -> None:
    """Checks that the features of a name can be had for a data set.

    Raises:
        UsageError: They need labels, and it has none.
    """
    if needs_labels(name) and images.labels is None:
        raise UsageError(
            f"--dataset={images.name}: it has no labels to train the features of --features={name} on; give "
            "--features=imagenet"
        )


def _advise(name: str, images: Images) -> None:
    """Warns of features that do not fit the images."""
    from keras_gen.datasets.images import warn_once

    if needs_labels(name) and images.image_shape[-1] == 3:
        warn_once(
            f"{images.name}: --features={name}",
            f"--features={name} is meant for digits and clothes, and takes blurred photographs for precise ones; for "
            f"{images.name}, give --features=imagenet",
        )


def features(name: str, train: Images, test: Images) -> ImageFeatures:
    """The features of that name.

    Raises:
        UsageError: They need labels, and the data set has none.
        keras_gen.InputError: Weights are missing or damaged.
    """
    from keras_gen import metrics

    check_labels(name, train)
    _advise(name, train)
    match name:
        case "lenet":
            return metrics.lenet_features(train, test)
        case "imagenet":
            return metrics.imagenet_features()
        case "inception":
            return metrics.inception_features()
    raise AssertionError(f"--features={name} has no features")


def features_without_training(name: str, train: Images, test: Images) -> ImageFeatures | None:
    """The features of that name; None if they would have to be trained first.

    Raises:
        UsageError: They need labels, and the data set has none.
        keras_gen.InputError: Weights are missing or damaged.
    """
    from keras_gen.metrics.trained_features import lenet_features_without_training

    check_labels(name, train)
    return lenet_features_without_training(train) if needs_labels(name) else features(name, train, test)

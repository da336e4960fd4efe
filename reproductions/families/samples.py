"""How good a model's samples are: their measure, and its options."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reproductions.harness import image_features
from reproductions.harness.configuration import RunConfiguration
from reproductions.harness.errors import UsageError
from reproductions.harness.options import option
from reproductions.harness.silence import say

if TYPE_CHECKING:
    import numpy as np

    from keras_gen import datasets
    from keras_gen.models import GenerativeModel

# Real images that samples are compared with, at most; more change the distances little and cost memory.
MAX_REFERENCES = 10_000
# Precision and recall look for five neighbours.
MIN_REFERENCES = 6


@dataclass(frozen=True, kw_only=True)
class Configuration(RunConfiguration):
    """Samples."""

    evaluation_samples: int = option(
        2_000, "Samples that a measurement draws; at most as many as there are test images are drawn.", at_least=10
    )


def image_counts(configuration: Configuration, train: datasets.Images, test: datasets.Images) -> tuple[int, int]:
    """How many training images and samples are compared.

    There are no more samples than test images: distances shrink as either count grows, and those of samples and of test
    images are to stand beside each other.
    """
    return min(len(train), MAX_REFERENCES), min(len(test), configuration.evaluation_samples)


def sample_quality(
    configuration: Configuration, train: datasets.Images, test: datasets.Images
) -> tuple[Callable[[GenerativeModel], dict[str, float]] | None, dict]:
    """Distances between a model's samples and the training images, on the configuration's features.

    Args:
        configuration: The run's. Samples are always drawn from the same latents; `image_counts` says how many.
        train: The images that the samples are compared with, and that train a LeNet.
        test: Images that judge the LeNet, and show how far real images lie from real images.

    Returns:
        The measure (see `keras_gen.metrics.sample_quality` for its numbers; None where there are no features), and what
        to say about it: the features, and the same numbers for as many test images in the place of samples.

    Raises:
        UsageError: There are too few images.
        keras_gen.InputError: The weights of the features are missing or damaged.
    """
    from keras_gen.callbacks import SampleQuality

    if image_features.needs_labels(configuration.features) and train.labels is None:
        print(f"{train.name} has no labels to train a LeNet on: samples are not measured; --features=imagenet can")
        return None, {"features": None}
    if min(len(train), len(test)) < MIN_REFERENCES:
        raise UsageError(
            f"--dataset={train.name}: {len(train)} training and {len(test)} test images; measuring samples needs at "
            f"least {MIN_REFERENCES} of each"
        )
    of_lenet = " (a new LeNet is trained once for each data set)" if configuration.features == "lenet" else ""
    say(f"Preparing the features that measure samples{of_lenet}")
    features = image_features.features(configuration.features, train, test)
    num_real, num_samples = image_counts(configuration, train, test)
    labels, test_labels = _labels(configuration, train, test, num_real, num_samples)
    if num_samples < configuration.evaluation_samples:
        print(
            f"--evaluation_samples={configuration.evaluation_samples}: a measurement draws {num_samples}, as many as "
            f"{test.name} has test images",
            flush=True,
        )
    in_place_of_samples = test.to_array(num_samples)
    quality = SampleQuality(train.to_array(num_real), features, num_samples=num_samples, real_labels=labels)
    return quality.measure, {
        "features": features.description,
        "test_images": quality.of_images(in_place_of_samples, test_labels),
    }


def _labels(
    configuration: Configuration, train: datasets.Images, test: datasets.Images, num_real: int, num_samples: int
) -> tuple[np.ndarray, np.ndarray] | tuple[None, None]:
    """The labels of the first training and test images, by which a conditional model is measured class by class."""
    num_classes = getattr(configuration, "num_classes", None)
    if num_classes is None or train.labels is None or test.labels is None:
        return None, None
    labels, test_labels = train.labels[:num_real], test.labels[:num_samples]
    of_each = [(found == label).sum() for found in (labels, test_labels) for label in range(num_classes)]
    if min(*of_each, num_samples // num_classes) < 2:
        print(f"{train.name}: classes are not measured one by one, for some have fewer than two images", flush=True)
        return None, None
    return labels, test_labels

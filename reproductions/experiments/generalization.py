"""Trains one regularised classifier, its strength chosen on held-out images, and measures its sensitivity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras
import numpy as np

from keras_gen import datasets, metrics
from keras_gen.datasets.splits import rows_of_each_class
from keras_gen.metrics.sensitivity import gradient_changes, random_changes
from keras_gen.models import GradientPenalized
from keras_gen.networks.lenet import lenet
from keras_gen.regularizers import SpectralNorm

if TYPE_CHECKING:
    from reproductions.studies.generalization import Settings


MAX_HELD_OUT = 10_000  # images that strengths are compared on


def perform(settings: Settings, data_dir: str | None) -> dict:
    """Chooses the strength on held-out images, trains on all images of the given number, and measures."""
    images, test = (datasets.load(settings.dataset, split, None, data_dir) for split in ("train", "test"))
    every = settings.num_images in (None, len(images))
    train, rest = (images, None) if every else divided(images, settings.num_images, settings.seed)
    several = len(settings.strengths) > 1
    validation = validation_accuracies(settings, train, rest) if several else []
    strength = chosen(validation) if several else settings.strengths[0]
    network = trained(settings, strength, train)
    return {
        "num_images": len(train),
        "validation": validation,
        "strength": strength,
        **measured(settings, network, train, test),
    }


def divided(images: datasets.Images, count: int, seed: int) -> tuple[datasets.Images, datasets.Images]:
    """So many images, as many of each class, and the others."""
    rows = rows_of_each_class(images.labels, count, seed)
    return images.subset(rows), images.subset(np.setdiff1d(np.arange(len(images)), rows))


def validation_accuracies(settings: Settings, train: datasets.Images, rest: datasets.Images | None) -> list[dict]:
    """The accuracy that each strength of the grid reaches on images that it was not trained on.

    These are at most 10,000 of the `rest`: 400 of 2,000 images would leave the choice to chance. Without a rest they
    are a fifth of the images to train on.
    """
    if rest is None:
        held_out, train = divided(train, len(train) // 5, settings.seed)
    else:
        held_out = rest if len(rest) <= MAX_HELD_OUT else divided(rest, MAX_HELD_OUT, settings.seed)[0]
    return [
        {"strength": strength, "accuracy": _accuracy(trained(settings, strength, train), held_out)}
        for strength in settings.strengths
    ]


def chosen(validation: list[dict]) -> float:
    """The strength of the highest accuracy; of several, the largest."""
    return max(validation, key=lambda row: (row["accuracy"], row["strength"]))["strength"]


def trained(settings: Settings, strength: float, images: datasets.Images) -> keras.Model:
    """A LeNet trained under the settings' method with that strength."""
    keras.backend.clear_session()
    regularizer = {"L2": keras.regularizers.L2, "spectral norm": SpectralNorm}.get(settings.method)
    network = lenet(
        images.image_shape,
        images.num_classes,
        kernel_regularizer=regularizer and regularizer(strength),
        seed=settings.seed,
    )
    penalty = strength if settings.method == "gradient penalty" else 0.0
    model = GradientPenalized(network, penalty, seed=settings.seed)
    steps = max(settings.steps, settings.min_passes * len(images) // settings.batch_size)
    model.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(settings.learning_rate, steps)))
    batches = datasets.batches(images, settings.batch_size, settings.seed, with_labels=True)
    model.fit(batches, steps_per_epoch=steps, shuffle=False, verbose=0)
    return network


def measured(settings: Settings, network: keras.Model, train: datasets.Images, test: datasets.Images) -> dict:
    """Accuracies, sensitivities of the logits on test images, and the norms of the layers."""
    images, labels = test.to_array(settings.attacked_images), test.labels[: settings.attacked_images]
    attacked = metrics.fast_gradient_sign(network, images, labels, settings.epsilon)
    changes = {
        "random": random_changes(images, settings.change_norm, settings.seed),
        "gradient": gradient_changes(network, images, labels, settings.change_norm),
    }
    moving = {name: change.reshape(len(change), -1).any(axis=1) for name, change in changes.items()}
    return {
        "train_accuracy": _accuracy(network, train),
        "test_accuracy": _accuracy(network, test),
        "attacked_accuracy": metrics.accuracy(network, attacked, labels),
        "sensitivity": {
            name: float(metrics.sensitivity(network, images[moving[name]], change[moving[name]]).mean())
            for name, change in changes.items()
        },
        "norms": {norm: metrics.layer_norms(network, norm) for norm in ("spectral", "frobenius", "operator")},
    }


def _accuracy(network: keras.Model, images: datasets.Images) -> float:
    return metrics.accuracy(network, images.to_array(), images.labels)

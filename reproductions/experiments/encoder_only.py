"""Trains an encoder without a decoder, or a VAE of the same encoder, and measures its codes."""

from __future__ import annotations

from typing import Any

import keras

from keras_gen import datasets
from keras_gen.layers import GaussianLikelihood
from reproductions import vae_mutual_information
from reproductions.experiments.retrieval import vae
from reproductions.families import codes, encoders


def perform(settings: Any, data_dir: str | None) -> dict:
    """One encoder: how far its codes match the prior, what they tell of labels, and a sheet of neighbours."""
    train, test = (datasets.load(settings.dataset, split, None, data_dir) for split in ("train", "test"))
    model = built(settings, train.image_shape)
    batches = datasets.batches(train, settings.batch_size, settings.seed)
    seconds = encoders.train(model, batches, settings.steps)
    # Of the last tenth of the steps.
    estimate = {metric.name: float(metric.result()) for metric in model.metrics}.get("information")
    count = min(len(test), settings.evaluation_samples)
    return {
        **codes.prior_match(lambda images: model.encoder(images, training=False)[-2:], test, count),
        **codes.meaning(model.encode, train, test, count),
        "estimate": estimate,
        "num_images": count,
        "seconds_per_step": seconds,
        "sheet": codes.neighbors_sheet(model.encode, test),
    }


def built(settings: Any, image_shape: tuple[int, int, int]) -> keras.Model:
    """The compiled model for images of that shape.

    Raises:
        UsageError: As in `vae_mutual_information.build`.
    """
    if settings.model == "vae":
        likelihood = GaussianLikelihood(trainable_variance=settings.trainable_variance)
        return vae(settings, image_shape, likelihood, settings.beta)
    return vae_mutual_information.build(settings, image_shape, 1)

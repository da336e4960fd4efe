"""Trains an encoder without a decoder, or a VAE of the same encoder, and measures its codes."""

from __future__ import annotations

from typing import Any

from keras_gen import datasets
from keras_gen.layers import GaussianLikelihood
from reproductions import vae_mutual_information
from reproductions.experiments.retrieval import vae
from reproductions.families import codes, encoders


def perform(settings: Any, data_dir: str | None) -> dict:
    """One encoder: how far its codes match the prior, what they tell of labels, and a sheet of neighbours."""
    train, test = (datasets.load(settings.dataset, split, None, data_dir) for split in ("train", "test"))
    if settings.model == "vae":
        likelihood = GaussianLikelihood(trainable_variance=settings.trainable_variance)
        model = vae(settings, train.image_shape, likelihood, settings.beta)
    else:
        model = vae_mutual_information.build(settings, train.image_shape, 1)
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

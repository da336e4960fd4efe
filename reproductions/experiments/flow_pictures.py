"""What a trained f-VAE draws: samples at several temperatures, and what lies between images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from keras_gen import datasets, metrics
from keras_gen.models import FVAE, VAE
from keras_gen.models.encoding_model import line, square
from keras_gen.models.flow_model import FlowModel
from keras_gen.utils.image_grid import image_grid
from reproductions.families import samples
from reproductions.families.samples import MAX_REFERENCES

# The post's, at 128 pixels.
TEMPERATURES = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
SHOWN = 10
POINTS = 9
# Test images between which lines are drawn.
IMAGES = 1_000
# Samples that are in memory at a time, as many as in the run's own measurements.
AT_ONCE = 250


def temperatures(
    model: FlowModel | VAE,
    train: datasets.Images,
    test: datasets.Images,
    features: metrics.ImageFeatures,
    configuration: samples.Configuration,
    drawn_at: Sequence[float] = TEMPERATURES,
) -> tuple[dict, np.ndarray]:
    """Distance and sharpness of samples by temperature; a row of samples each.

    All have the same latents and the numbers of images that the run's own measurements have: at a temperature of 1 the
    distance is that after its last step. A VAE, which has no temperature, is drawn at 1 alone.
    """
    num_real, num_samples = samples.image_counts(configuration, train, test)
    quality = metrics.QualityAgainst(metrics.kept_features(features, train.to_array(num_real)))
    of_data = metrics.sharpness(test.to_array(num_samples))
    rows, shown = [], []
    tempered = isinstance(model, FlowModel)
    for temperature in drawn_at if tempered else (1.0,):
        latents = model.latents(num_samples, 0, **({"temperature": temperature} if tempered else {}))
        parts = [latents[start : start + AT_ONCE] for start in range(0, num_samples, AT_ONCE)]
        drawn = np.concatenate([model.decode(part) for part in parts])
        of_samples = metrics.sharpness(drawn) / of_data
        rows.append({"temperature": temperature, "sharpness_of_the_datas": of_samples, **quality(features(drawn))})
        shown.append(drawn[:SHOWN])
    return {"temperatures": rows}, image_grid(np.concatenate(shown), columns=SHOWN)


def interpolations(
    model: FVAE, train: datasets.Images, test: datasets.Images, features: metrics.ImageFeatures
) -> tuple[dict, np.ndarray]:
    """Distances of reconstructions, of middles between two codes and of means of two images; lines and a sheet.

    The codes carry noise, as those of the author's pictures do.
    """
    images = test.to_array(IMAGES)
    quality = metrics.QualityAgainst(metrics.kept_features(features, train.to_array(MAX_REFERENCES)))
    start, end = np.split(images[: len(images) // 2 * 2], 2)
    parts = [(start[i : i + 100], end[i : i + 100]) for i in range(0, len(start), 100)]
    middles = np.concatenate([model.decoded_mixtures(_latents(model, *part), line(3))[:, 1] for part in parts])
    kinds = {
        "reconstructions": np.concatenate([model.reconstruct(part) for part, _ in parts]),
        "middles of codes": middles,
        "means of images": (start + end) / 2,
    }
    found = {
        name: {
            "sharpness_of_the_datas": metrics.sharpness(of_kind) / metrics.sharpness(images),
            **quality(features(of_kind)),
        }
        for name, of_kind in kinds.items()
    }
    lines = model.decoded_mixtures(_latents(model, start[:POINTS], end[:POINTS]), line(POINTS))
    corners = model.posterior_sample(start[:4])
    sheet = model.decoded_mixtures(corners[tf.newaxis], square(POINTS))
    both = [image_grid(np.reshape(of_one, [-1, *images.shape[1:]]), columns=POINTS) for of_one in (lines, sheet)]
    gap = np.full((both[0].shape[0], 16, both[0].shape[2]), 255, np.uint8)
    return {"kinds": found}, np.concatenate([both[0], gap, both[1]], axis=1)


def _latents(model: FVAE, start: np.ndarray, end: np.ndarray) -> tf.Tensor:
    """Latents with noise of both ends of lines, [n, 2, ...]."""
    return tf.stack([model.posterior_sample(start, seed=0), model.posterior_sample(end, seed=1)], axis=1)

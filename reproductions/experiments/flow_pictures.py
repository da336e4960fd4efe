"""What a trained f-VAE draws: samples at several temperatures, and what lies between images."""

from __future__ import annotations

import numpy as np

from keras_gen import datasets, metrics
from keras_gen.models import FVAE
from keras_gen.utils.image_grid import image_grid
from reproductions.families.samples import MAX_REFERENCES

# The post's, at 128 pixels.
TEMPERATURES = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
SHOWN = 10
POINTS = 9
SAMPLES = 1_000


def temperatures(
    model: FVAE, train: datasets.Images, test: datasets.Images, features: metrics.ImageFeatures
) -> tuple[dict, np.ndarray]:
    """Distance and sharpness of samples by temperature; a row of samples each."""
    real, of_data = features(train.to_array(MAX_REFERENCES)), metrics.sharpness(test.to_array(SAMPLES))
    rows, shown = [], []
    for temperature in TEMPERATURES:
        samples = np.concatenate([model.sample(250, seed, temperature) for seed in range(SAMPLES // 250)])
        quality = metrics.sample_quality(real, features(samples))
        of_samples = metrics.sharpness(samples) / of_data
        rows.append({"temperature": temperature, "sharpness_of_the_datas": of_samples, **quality})
        shown.append(samples[:SHOWN])
    return {"temperatures": rows}, image_grid(np.concatenate(shown), columns=SHOWN)


def interpolations(
    model: FVAE, train: datasets.Images, test: datasets.Images, features: metrics.ImageFeatures
) -> tuple[dict, np.ndarray]:
    """Distances of reconstructions, of middles between two codes and of means of two images; lines and a sheet."""
    images = test.to_array(SAMPLES)
    real = features(train.to_array(MAX_REFERENCES))
    start, end = np.split(images[: len(images) // 2 * 2], 2)
    parts = [(start[i : i + 100], end[i : i + 100]) for i in range(0, len(start), 100)]
    middles = np.concatenate([model.interpolate(*part, 3)[:, 1] for part in parts])
    kinds = {
        "reconstructions": np.concatenate([model.reconstruct(part) for part, _ in parts]),
        "middles of codes": middles,
        "means of images": (start + end) / 2,
    }
    found = {
        name: {
            "sharpness_of_the_datas": metrics.sharpness(of_kind) / metrics.sharpness(images),
            **metrics.sample_quality(real, features(of_kind)),
        }
        for name, of_kind in kinds.items()
    }
    lines = model.interpolate(start[:POINTS], end[:POINTS], POINTS).numpy()
    sheet = model.interpolate_four(start[np.newaxis, :4], POINTS).numpy()[0]
    both = [image_grid(of_one.reshape(-1, *images.shape[1:]), columns=POINTS) for of_one in (lines, sheet)]
    gap = np.full((both[0].shape[0], 16, both[0].shape[2]), 255, np.uint8)
    return {"kinds": found}, np.concatenate([both[0], gap, both[1]], axis=1)

"""The moving pictures of a run: how what it draws changed in training, and what lies between two images."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import keras
    import numpy as np

    from keras_gen.datasets import Images
    from reproductions.harness.run_directory import RunDirectory

# The longer side of a frame, in pixels, and the number of frames, at most.
MAX_SIDE, MAX_FRAMES = 720, 60
# Images that change beside each other, and the pictures from where they start to where they end.
NUM_IMAGES, NUM_POINTS = 16, 12


def sheets(directory: RunDirectory, at_most: int) -> list[tuple[int, np.ndarray]]:
    """Sheets of a run, evenly spaced, and their steps; the last is among them, one of another shape than it is not."""
    import numpy as np
    from PIL import Image, UnidentifiedImageError

    found = []
    files = sorted(directory.samples.glob("step_*.png"))
    for file in evenly(files, at_most):
        try:
            with Image.open(file) as image:
                image.thumbnail((MAX_SIDE, MAX_SIDE))
                pixels = np.asarray(image)
        except (OSError, UnidentifiedImageError):  # a file that is not the run's own, or damaged
            continue
        found.append((int(file.stem.removeprefix("step_")), pixels.reshape(*pixels.shape[:2], -1)))
    return [(step, pixels) for step, pixels in found if pixels.shape == found[-1][1].shape]


def evenly(values: Sequence, at_most: int) -> list:
    """At most so many of the values, evenly spaced; the last one is among them."""
    stride = max(1, math.ceil(len(values) / at_most))
    return list(values)[::-1][::stride][::-1]


def between(model: keras.Model, images: Images) -> list[np.ndarray]:
    """Frames on the way from some images to others, and back.

    A model that encodes goes from image to image. A GAN, whose latents are N(0, I), goes once around on the circles
    cos(t) a + sin(t) b through pairs of latents: each point of them is N(0, I) too.

    Returns:
        uint8 [height, width, channels] each; empty where the model does neither.
    """
    import numpy as np

    from keras_gen.models.adversarial_model import AdversarialModel
    from keras_gen.models.encoding_model import EncodingModel
    from keras_gen.utils import image_grid

    if isinstance(model, EncodingModel):
        ends = images.to_array(2 * NUM_IMAGES)
        pairs = [ends[i : i + 2, np.newaxis] for i in range(0, len(ends) - 1, 2)]
        lines = np.concatenate([model.interpolate(*pair, NUM_POINTS) for pair in pairs], axis=0)
        there = [image_grid(points) for points in np.swapaxes(lines, 0, 1)]
        return [*there, *there[-2:0:-1]]
    if isinstance(model, AdversarialModel):
        one, other = (model.latents(NUM_IMAGES, seed).numpy() for seed in (0, 1))
        angles = np.linspace(0, 2 * np.pi, 2 * NUM_POINTS, endpoint=False, dtype=np.float32)
        noise = one.shape[1] - (model.num_classes or 0)  # behind it stand the classes, which do not change
        turned = [np.cos(t) * one[:, :noise] + np.sin(t) * other[:, :noise] for t in angles]
        return [image_grid(model.decode(np.concatenate([part, one[:, noise:]], axis=1))) for part in turned]
    return []

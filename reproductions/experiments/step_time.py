"""The time of a training step of two critics, measured in turn."""

from __future__ import annotations

import time
from typing import Any

import keras
import tensorflow as tf

from keras_gen import datasets
from reproductions import lipschitz

# Steps of a stretch that is timed, and how often the critics take turns.
STEPS, TURNS, WARM_UP = 10, 10, 3


def perform(settings: Any, data_dir: str | None) -> dict:
    """Seconds of a step of each critic, in every turn."""
    train = datasets.load(settings.dataset, "train", settings.image_size, data_dir)
    critics = {
        "spectral_normalization": {"spectral_normalization": "from_ones"},
        "gradient_penalty": {"spectral_normalization": "none"},
    }
    steps = {}
    for critic, flags in critics.items():
        model = lipschitz.build(settings.replace({"critic": critic, **flags}), train.image_shape, 1)
        images = tf.constant(train.to_array(settings.batch_size * model.real_batches_per_step))
        steps[critic] = _compiled_step(model, images)
    for _ in range(WARM_UP):
        for step in steps.values():
            step()
    seconds: dict[str, list[float]] = {critic: [] for critic in steps}
    for _ in range(TURNS):
        for critic, step in steps.items():
            begin = time.perf_counter()
            for _ in range(STEPS):
                step()
            seconds[critic].append((time.perf_counter() - begin) / STEPS)
    return {"seconds_per_step_of": seconds}


def _compiled_step(model: keras.Model, images: tf.Tensor) -> Any:
    """The training step on these images, as a graph; it ends when its numbers are known."""
    step = tf.function(lambda: model.train_step(images))
    return lambda: [float(term) for term in step().values()]

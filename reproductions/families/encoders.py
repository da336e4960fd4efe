"""What the scripts of encoders without a decoder share: options, networks and the training of studies."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reproductions.families import codes
from reproductions.harness import configuration
from reproductions.harness.errors import UsageError
from reproductions.harness.options import option

if TYPE_CHECKING:
    import keras
    import tensorflow as tf


@dataclass(frozen=True, kw_only=True)
class Configuration(codes.Configuration):
    """Encoder, discriminators and optimiser."""

    latent_dim: int = option(64, "Dimension of the codes.", at_least=1)
    learning_rate: float = option(1e-3, "Adam's learning rate.", above=0)
    width: int = option(32, "Channels of the encoder's first convolution; they double as the size halves.", at_least=1)
    stages: int = option(2, "How often the encoder halves the image, down to its feature map.", at_least=1)
    code_layers: int = option(1, "Convolutions between feature map and code.", at_least=0)
    discriminator_width: int = option(128, "Units of each of the three dense layers of a discriminator.", at_least=1)


SMOKE: dict[str, Any] = configuration.SMOKE | {
    "latent_dim": 8,
    "width": 4,
    "stages": 1,
    "discriminator_width": 8,
    "evaluation_samples": 100,
}

# The author's sizes for CIFAR-10: 50 epochs.
PAPER: dict[str, Any] = {
    "dataset": "cifar10",
    "steps": 39_000,
    "latent_dim": 256,
    "width": 64,
    "stages": 3,
    "code_layers": 2,
    "discriminator_width": 256,
    "sample_every": 1_000,
    "evaluate_every": 1_000,
    "checkpoint_every": 1_000,
}


def encoder(configuration: Configuration, image_shape: tuple[int, int, int], num_replicas: int = 1) -> keras.Model:
    """The encoder for images of that shape, with feature map, mean and log variance.

    Raises:
        UsageError: The images cannot be halved that often.
    """
    from keras_gen.networks import infomax

    c = configuration
    most = min(image_shape[:2]).bit_length() - 1
    if c.stages > most:
        raise UsageError(
            f"--stages={c.stages}: images of {image_shape[0]}x{image_shape[1]} can be halved {most} times; give {most} "
            "or fewer"
        )
    widths = [c.width * 2**stage for stage in range(c.stages)]
    return infomax.encoder(
        image_shape, c.latent_dim, widths, [widths[-1]] * c.code_layers, synchronized=num_replicas > 1, seed=c.seed
    )


def image_discriminator(configuration: Configuration, image_shape: tuple[int, int, int]) -> keras.Model:
    """T(x, z), whose convolutions have the widths of the encoder's first two."""
    from keras_gen.networks import infomax

    c = configuration
    map_widths = [c.width * 2**stage for stage in range(min(c.stages, 2))]
    return infomax.image_discriminator(image_shape, c.latent_dim, map_widths, discriminator_widths(c), seed=c.seed)


def discriminator_widths(configuration: Configuration) -> list[int]:
    """Units of the dense layers of every discriminator."""
    return [configuration.discriminator_width] * 3


def train(model: keras.Model, batches: tf.data.Dataset, steps: int) -> float:
    """Trains a compiled model for a study, whose metrics then are means over the last tenth of the steps.

    Returns:
        The seconds of a step: their median, in which neither the tracing nor a pause of the machine shows.
    """
    import keras
    import numpy as np

    ends = [time.perf_counter()]
    last_tenth = steps - math.ceil(steps / 10)

    def begin(step: int, logs: dict | None) -> None:
        if step == last_tenth:
            model.reset_metrics()

    watch = keras.callbacks.LambdaCallback(
        on_train_batch_begin=begin, on_train_batch_end=lambda step, logs: ends.append(time.perf_counter())
    )
    model.fit(batches, steps_per_epoch=steps, shuffle=False, verbose=0, callbacks=[watch])
    return float(np.median(np.diff(ends)))

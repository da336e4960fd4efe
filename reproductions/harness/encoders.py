"""What the scripts of encoders without a decoder share: flags, networks, presets and the training of experiments."""

import time
from types import SimpleNamespace

import keras
import numpy as np
import tensorflow as tf
from absl import flags

from keras_gen.networks import infomax
from reproductions.harness.flags import define_integer, define_positive

DEFAULTS = {"learning_rate": 1e-3}

SMOKE = DEFAULTS | {
    "dataset": "digits",
    "batch_size": 16,
    "steps": 20,
    "latent_dim": 8,
    "width": 4,
    "stages": 1,
    "code_layers": 1,
    "discriminator_width": 8,
    "log_every": 5,
    "sample_every": 10,
    "evaluate_every": 10,
    "checkpoint_every": 10,
    "evaluation_samples": 100,
}

LAPTOP = DEFAULTS | {
    "batch_size": 64,
    "latent_dim": 64,
    "width": 32,
    "stages": 2,
    "code_layers": 1,
    "discriminator_width": 128,
    "log_every": 100,
    "sample_every": 500,
    "evaluate_every": 500,
    "checkpoint_every": 500,
    "evaluation_samples": 2_000,
}

# The author's sizes for CIFAR-10: 50 epochs.
PAPER = DEFAULTS | {
    "dataset": "cifar10",
    "batch_size": 64,
    "steps": 39_000,
    "latent_dim": 256,
    "width": 64,
    "stages": 3,
    "code_layers": 2,
    "discriminator_width": 256,
    "log_every": 100,
    "sample_every": 1_000,
    "evaluate_every": 1_000,
    "checkpoint_every": 1_000,
    "evaluation_samples": 2_000,
}


def define_flags() -> None:
    """Defines the flags that these scripts share; a preset fills in those that are not given."""
    define_integer("latent_dim", "Dimension of the codes.")
    define_positive("learning_rate", "Adam's learning rate.")
    define_integer("width", "Channels of the encoder's first convolution; they double as the size halves.")
    define_integer("stages", "How often the encoder halves the image, down to its feature map.")
    flags.DEFINE_integer("code_layers", None, "Convolutions between feature map and code.", lower_bound=0)
    define_integer("discriminator_width", "Units of each of a discriminator's three dense layers.")


def encoder(configuration: SimpleNamespace, image_shape: tuple[int, int, int], num_replicas: int = 1) -> keras.Model:
    """The encoder for images of that shape, with feature map, mean and log variance."""
    c = configuration
    widths = [c.width * 2**stage for stage in range(c.stages)]
    return infomax.encoder(
        image_shape, c.latent_dim, widths, [widths[-1]] * c.code_layers, synchronized=num_replicas > 1, seed=c.seed
    )


def image_discriminator(configuration: SimpleNamespace, image_shape: tuple[int, int, int]) -> keras.Model:
    """T(x, z), whose convolutions have the widths of the encoder's first two."""
    c = configuration
    map_widths = [c.width * 2**stage for stage in range(min(c.stages, 2))]
    return infomax.image_discriminator(image_shape, c.latent_dim, map_widths, discriminator_widths(c), seed=c.seed)


def discriminator_widths(configuration: SimpleNamespace) -> list[int]:
    """Units of the dense layers of every discriminator."""
    return [configuration.discriminator_width] * 3


def train(model: keras.Model, batches: tf.data.Dataset, steps: int, parts: int = 10) -> float:
    """Trains a compiled model for an experiment; gives the seconds of a step.

    They are the median of all parts but the first, which holds the tracing: a pause of the machine does not show.
    """
    clock = _Clock()
    model.fit(batches, steps_per_epoch=steps // parts, epochs=parts, shuffle=False, verbose=0, callbacks=[clock])
    return float(np.median(np.diff(clock.ends))) / (steps // parts)


class _Clock(keras.callbacks.Callback):
    """When each epoch ended."""

    def __init__(self):
        super().__init__()
        self.ends: list[float] = []

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self.ends.append(time.perf_counter())

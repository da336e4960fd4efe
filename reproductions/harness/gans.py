"""What the scripts of the adversarial posts share: flags, networks and optimisers of an image GAN."""

from types import SimpleNamespace
from typing import Any

import keras
from absl import flags

from keras_gen.models import GAN
from keras_gen.networks import dcgan
from keras_gen.networks.spectral_normalization import SPECTRAL_NORMALIZATIONS
from reproductions.harness.flags import define_integer, define_positive

# What the presets of every such script begin with.
DEFAULTS = {
    "discriminator_steps": 1,
    "generator_steps": 1,
    "latent_dim": 128,
    "ema_momentum": 0.0,
    "spectral_normalization": "none",
}

SMOKE = DEFAULTS | {
    "dataset": "digits",
    "batch_size": 16,
    "steps": 20,
    "discriminator_learning_rate": 2e-4,
    "generator_learning_rate": 2e-4,
    "width": 8,
    "batch_norm": False,
    "pooling": "flatten",
    "log_every": 5,
    "sample_every": 10,
    "evaluate_every": 10,
    "checkpoint_every": 10,
    "evaluation_samples": 100,
}

LAPTOP = DEFAULTS | {
    "batch_size": 64,
    "width": 32,
    "batch_norm": False,
    "pooling": "flatten",
    "log_every": 100,
    "sample_every": 500,
    "evaluate_every": 500,
    "checkpoint_every": 500,
    "evaluation_samples": 2_000,
}

# The author's sizes and rates, for images of 64 pixels.
PAPER = DEFAULTS | {
    "dataset": "folder:celeba_hq",
    "image_size": 64,
    "batch_size": 64,
    "latent_dim": 100,
    "discriminator_learning_rate": 2e-4,
    "generator_learning_rate": 2e-4,
    "width": 64,
    "batch_norm": True,
    "pooling": "flatten",
    "log_every": 100,
    "sample_every": 1_000,
    "evaluate_every": 1_000,
    "checkpoint_every": 1_000,
    "evaluation_samples": 10_000,
}


def define_flags() -> None:
    """Defines the flags that these scripts share; a preset fills in those that are not given."""
    define_integer("discriminator_steps", "Updates of the discriminator in a step.")
    define_integer("generator_steps", "Updates of the generator in a step.")
    define_integer("latent_dim", "Dimension of the latents.")
    flags.DEFINE_float(
        "ema_momentum", None, "Momentum of the generator's moving average; 0: none.", lower_bound=0, upper_bound=0.9999
    )
    define_positive("discriminator_learning_rate", "Adam's learning rate for the discriminator.")
    define_positive("generator_learning_rate", "Adam's learning rate for the generator.")
    define_integer("width", "Channels at half the image's size; they double as the size halves.")
    flags.DEFINE_boolean("batch_norm", None, "Batch norm in the discriminator; the generator always has it.")
    flags.DEFINE_enum("pooling", None, ["average", "flatten"], "What the discriminator does with its last map.")
    flags.DEFINE_enum(
        "spectral_normalization",
        None,
        SPECTRAL_NORMALIZATIONS,
        "How the discriminator's kernels are kept at the spectral norm 1: with an estimate that is kept from step to "
        "step, with one made anew from ones, or by projection after each step.",
    )


def networks(
    configuration: SimpleNamespace, image_shape: tuple[int, int, int], num_replicas: int
) -> tuple[keras.Model, keras.Model]:
    """DCGAN's generator and discriminator for images of that shape."""
    c = configuration
    shared = {"width": c.width, "synchronized": num_replicas > 1, "seed": c.seed}
    return (
        dcgan.generator(image_shape, c.latent_dim, **shared),
        dcgan.discriminator(
            image_shape,
            batch_norm=c.batch_norm,
            pooling=c.pooling,
            spectral_normalization=c.spectral_normalization,
            **shared,
        ),
    )


def arguments(configuration: SimpleNamespace) -> dict[str, Any]:
    """The arguments that every model of this kind has."""
    c = configuration
    return {
        "discriminator_steps": c.discriminator_steps,
        "generator_steps": c.generator_steps,
        "ema_momentum": c.ema_momentum or None,
        "seed": c.seed,
    }


def compiled(model: GAN, configuration: SimpleNamespace) -> GAN:
    """The model, with the optimisers of the configuration."""
    c = configuration
    model.compile(
        generator_optimizer=keras.optimizers.Adam(c.generator_learning_rate, beta_1=0.5),
        discriminator_optimizer=keras.optimizers.Adam(c.discriminator_learning_rate, beta_1=0.5),
    )
    return model

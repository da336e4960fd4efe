"""What the scripts of the adversarial posts share: options, networks and optimisers of an image GAN."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from reproductions.families import rates, samples
from reproductions.harness import configuration
from reproductions.harness.errors import UsageError
from reproductions.harness.options import option

if TYPE_CHECKING:
    import keras

    Model = TypeVar("Model", bound=keras.Model)

# The sampling that only a conditional model has; see `keras_gen.losses.gradient_sampling`.
WITHIN_CLASS = "interpolate_within_class"


@dataclass(frozen=True, kw_only=True)
class Configuration(samples.Configuration):
    """Networks and optimisers of an image GAN."""

    discriminator_steps: int = option(1, "Updates of the discriminator in a step.", at_least=1)
    generator_steps: int = option(1, "Updates of the generator in a step.", at_least=1)
    latent_dim: int = option(128, "Dimension of the latents.", at_least=1)
    ema_momentum: float = option(
        0.999,
        "Momentum of the average of the generator's weights, from which samples are drawn; 0 for the generator itself.",
        at_least=0,
        at_most=0.9999,
    )
    spectral_normalization: Literal["none", "persistent", "from_ones", "projection"] = option(
        "none",
        "How the discriminator's kernels, and the scales of its batch norms, are kept at the spectral norm 1: with an "
        "estimate that is kept from step to step, with one made anew from ones, or by projection after each step.",
    )
    discriminator_learning_rate: float = option(5e-4, "Adam's learning rate for the discriminator.", above=0)
    generator_learning_rate: float = option(5e-4, "Adam's learning rate for the generator.", above=0)
    decay_steps: int = option(
        0, "Steps in which both rates fall to a hundredth, along a cosine, where they stay; 0 for none.", at_least=0
    )
    architecture: Literal["dcgan", "authors_64", "authors_128"] = option(
        "dcgan",
        "Initial weights, biases, slopes and the generator's first batch norm: as in DCGAN, or as in the author's "
        "scripts for 64 or for 128 pixels; any of them makes images of any size.",
    )
    width: int = option(32, "Channels at half the image's size; they double as the size halves.", at_least=1)
    batch_norm: bool = option(False, "Batch norm in the discriminator; the generator always has it.")
    pooling: Literal["average", "flatten"] = option("flatten", "What the discriminator does with its last map.")
    num_classes: int | None = option(
        None,
        "Classes of a conditional model, as many as the data set has: the generator's batch norms and the "
        "discriminator's projection take the labels; none to ignore labels, or for data without.",
        at_least=2,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if getattr(self, "sampling", None) == WITHIN_CLASS and self.num_classes is None:
            raise UsageError(
                f"--sampling={WITHIN_CLASS}: needs classes; give --num_classes=10, or as many as the data set has"
            )


SMOKE: dict[str, Any] = configuration.SMOKE | {
    "discriminator_learning_rate": 2e-4,
    "generator_learning_rate": 2e-4,
    "width": 8,
    "evaluation_samples": 100,
}

# What the author's scripts have in common: networks and rates.
AUTHORS: dict[str, Any] = {
    "architecture": "authors_64",
    "batch_norm": True,
    "discriminator_learning_rate": 2e-4,
    "generator_learning_rate": 2e-4,
}

# Colour photographs of 32 and of 64 pixels, on two cores: the author's networks, made narrower, and his rates. Rates
# chosen on digits let WGAN-div's penalty explode here.
PHOTOS_32: dict[str, Any] = AUTHORS | {
    "dataset": "cifar10",
    "image_size": 32,
    "steps": 10_000,
    "features": "imagenet",
    "sample_every": 1_000,
    "evaluate_every": 1_000,
    "checkpoint_every": 1_000,
    "evaluation_samples": 5_000,
}
PHOTOS_64: dict[str, Any] = PHOTOS_32 | {"dataset": "folder:celeba", "image_size": 64, "evaluation_samples": 1_000}

# The author's sizes, for images of 64 pixels.
PAPER: dict[str, Any] = AUTHORS | {
    "dataset": "folder:celeba_hq",
    "image_size": 64,
    "features": "imagenet",
    "steps": 100_000,
    "latent_dim": 100,
    "ema_momentum": 0.0,
    "width": 64,
    "sample_every": 1_000,
    "evaluate_every": 1_000,
    "checkpoint_every": 1_000,
    "evaluation_samples": 10_000,
}


def networks(
    configuration: Configuration, image_shape: tuple[int, int, int], num_replicas: int
) -> tuple[keras.Model, keras.Model]:
    """DCGAN's generator and discriminator for images of that shape."""
    from keras_gen.networks import dcgan

    c = configuration
    shared: dict[str, Any] = {
        "width": c.width,
        "synchronized": num_replicas > 1,
        "seed": c.seed,
        "num_classes": c.num_classes,
    }
    of_architecture = {
        "dcgan": dcgan.Arguments({}, {}),
        "authors_64": dcgan.AUTHORS_64,
        "authors_128": dcgan.AUTHORS_128,
    }[c.architecture]
    return (
        dcgan.generator(image_shape, c.latent_dim, **shared, **of_architecture.generator),
        dcgan.discriminator(
            image_shape,
            batch_norm=c.batch_norm,
            pooling=c.pooling,
            spectral_normalization=c.spectral_normalization,
            **shared,
            **of_architecture.discriminator,
        ),
    )


def arguments(configuration: Configuration) -> dict[str, Any]:
    """The arguments that every model of this kind has."""
    c = configuration
    return {
        "discriminator_steps": c.discriminator_steps,
        "generator_steps": c.generator_steps,
        "ema_momentum": c.ema_momentum or None,
        "seed": c.seed,
        "num_classes": c.num_classes,
    }


def compiled(model: Model, configuration: Configuration) -> Model:
    """The model, with the optimisers of the configuration."""
    import keras

    c = configuration

    def adam(rate: float, updates: int) -> keras.optimizers.Optimizer:
        return keras.optimizers.Adam(rates.schedule(rate, 0, c.decay_steps, updates), beta_1=0.5)

    model.compile(
        generator_optimizer=adam(c.generator_learning_rate, c.generator_steps),
        discriminator_optimizer=adam(c.discriminator_learning_rate, c.discriminator_steps),
    )
    return model

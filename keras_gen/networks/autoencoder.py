"""Encoders and decoders of variational autoencoders: convolutions as in the author's scripts, or dense layers.

`encoder` and `decoder` are plain, for small images; `deep_encoder` and `deep_decoder` have batch norm, for photographs.

An encoder gives two tensors, the mean and the log variance of p(z|x). A decoder gives images or, for a Bernoulli
likelihood, logits. A classifier gives the logits of p(y|z). All weights start as Glorot's uniform ones, Keras's
default.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import layers

from keras_gen.checks import check_choice, check_counts, check_keras_settings, check_map_shape
from keras_gen.errors import InputError
from keras_gen.layers import BatchNormalization, strided
from keras_gen.networks import initializers

OUTPUTS = ("images", "logits")


def encoder(
    image_shape: tuple[int, int, int], latent_dim: int, widths: Sequence[int] = (32, 64), seed: int = 0
) -> keras.Model:
    """Network from images [batch, height, width, channels] to [mean, log variance], each [batch, latent_dim].

    Every stage is a 3x3 convolution that halves the size and another that keeps it, both with leaky ReLU.

    Args:
        image_shape: (height, width, channels), both sides multiples of 2^stages.
        latent_dim: Dimension of z.
        widths: Channels of each stage.
        seed: Seed of the initial weights.

    Raises:
        InputError: The images cannot be halved that often, there is no stage, or a number is below 1.
    """
    _check_sizes(latent_dim, widths)
    _smallest_map(image_shape, widths)
    kernel = _kernel_initializers("autoencoder/encoder", seed)
    images = keras.Input(image_shape, name="images")
    x = images
    for channels in widths:
        for stride in (2, 1):
            x = layers.Conv2D(channels, 3, stride, "same", **kernel())(x)
            x = layers.LeakyReLU(0.2)(x)
    return keras.Model(images, _gaussian(layers.Flatten()(x), latent_dim, kernel), name="encoder")


def decoder(
    image_shape: tuple[int, int, int],
    latent_dim: int,
    widths: Sequence[int] = (32, 64),
    output: str = "images",
    seed: int = 0,
) -> keras.Model:
    """The mirror of `encoder`: latents [batch, latent_dim] to images [batch, height, width, channels], or their logits.

    Args:
        image_shape: (height, width, channels), both sides multiples of 2^stages.
        latent_dim: Dimension of z.
        widths: Channels of each stage, in the encoder's order.
        output: `images` in [-1, 1], or `logits`.
        seed: Seed of the initial weights.

    Raises:
        InputError: The images cannot be halved that often, there is no stage or no such output, or a number is below 1.
    """
    _check_sizes(latent_dim, widths)
    smallest = _smallest_map(image_shape, widths)
    kernel = _kernel_initializers("autoencoder/decoder", seed)
    latents = keras.Input((latent_dim,), name="latents")
    x = layers.Dense(math.prod(smallest), **kernel())(latents)
    x = layers.Reshape(smallest)(x)
    for channels in reversed(widths):
        for stride in (1, 2):
            x = layers.Conv2DTranspose(channels, 3, stride, "same", **kernel())(x)
            x = layers.LeakyReLU(0.2)(x)
    x = layers.Conv2DTranspose(image_shape[-1], 3, 1, "same", **kernel())(x)
    return keras.Model(latents, _output(x, output), name="decoder")


def deep_encoder(
    image_shape: tuple[int, int, int],
    latent_dim: int = 512,
    widths: Sequence[int] = (32, 64, 128, 256, 512),
    synchronized: bool = False,
    seed: int = 0,
) -> keras.Model:
    """Network from images [batch, height, width, channels] to [mean, log variance], each [batch, latent_dim].

    Every stage is a 5x5 convolution that halves the size, batch norm and leaky ReLU; the last map is averaged. The
    defaults are the author's for faces of 64 pixels.

    Args:
        image_shape: (height, width, channels), both sides multiples of 2^stages.
        latent_dim: Dimension of z.
        widths: Channels of each stage.
        synchronized: Whether batch norm takes its moments over all replicas of a `tf.distribute` strategy.
        seed: Seed of the initial weights.

    Raises:
        InputError: The images cannot be halved that often, there is no stage, or a number is below 1.
    """
    _check_sizes(latent_dim, widths)
    _smallest_map(image_shape, widths)
    kernel = _kernel_initializers("autoencoder/deep_encoder", seed)
    images = keras.Input(image_shape, name="images")
    x = images
    for channels in widths:
        x = layers.Conv2D(channels, 5, 2, "same", **kernel())(x)
        x = BatchNormalization(synchronized=synchronized)(x)
        x = layers.LeakyReLU(0.2)(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(images, _gaussian(x, latent_dim, kernel), name="encoder")


def deep_decoder(
    image_shape: tuple[int, int, int],
    latent_dim: int = 512,
    widths: Sequence[int] = (32, 64, 128, 256, 512),
    synchronized: bool = False,
    seed: int = 0,
) -> keras.Model:
    """The mirror of `deep_encoder`: latents [batch, latent_dim] to images [batch, height, width, channels] in [-1, 1].

    Args:
        image_shape: (height, width, channels), both sides multiples of 2^stages.
        latent_dim: Dimension of z.
        widths: Channels of each stage, in the encoder's order.
        synchronized: See `deep_encoder`.
        seed: Seed of the initial weights.

    Raises:
        InputError: The images cannot be halved that often, there is no stage, or a number is below 1.
    """
    _check_sizes(latent_dim, widths)
    smallest = _smallest_map(image_shape, widths)
    kernel = _kernel_initializers("autoencoder/deep_decoder", seed)
    latents = keras.Input((latent_dim,), name="latents")
    x = layers.Reshape(smallest)(layers.Dense(math.prod(smallest), **kernel())(latents))
    for channels in reversed(widths[:-1]):
        x = strided.Conv2DTranspose(channels, 5, 2, "same", **kernel())(x)
        x = BatchNormalization(synchronized=synchronized)(x)
        x = layers.ReLU()(x)
    x = strided.Conv2DTranspose(image_shape[-1], 5, 2, "same", **kernel())(x)
    return keras.Model(latents, layers.Activation("tanh", dtype="float32", name="images")(x), name="decoder")


def dense_encoder(
    image_shape: tuple[int, ...], latent_dim: int, widths: Sequence[int] = (512, 512), seed: int = 0
) -> keras.Model:
    """Network from data [batch, *image_shape] to [mean, log variance], each [batch, latent_dim]: dense, with ReLU.

    Args:
        image_shape: Shape of the data: images, or vectors.
        latent_dim: Dimension of z.
        widths: Units of each hidden layer.
        seed: Seed of the initial weights.

    Raises:
        InputError: A number is below 1.
    """
    _check_sizes(latent_dim, widths)
    kernel = _kernel_initializers("autoencoder/dense_encoder", seed)
    images = keras.Input(image_shape, name="images")
    x = layers.Flatten()(images)
    for units in widths:
        x = layers.Dense(units, "relu", **kernel())(x)
    return keras.Model(images, _gaussian(x, latent_dim, kernel), name="encoder")


def dense_decoder(
    image_shape: tuple[int, ...],
    latent_dim: int,
    widths: Sequence[int] = (512, 512),
    output: str = "images",
    seed: int = 0,
) -> keras.Model:
    """The mirror of `dense_encoder`: latents [batch, latent_dim] to data [batch, *image_shape], or its logits.

    Args:
        image_shape: Shape of the data.
        latent_dim: Dimension of z.
        widths: Units of each hidden layer, in the encoder's order.
        output: `images` in [-1, 1], or `logits`, which also serve as the unbounded mean of a Gaussian.
        seed: Seed of the initial weights.

    Raises:
        InputError: There is no such output, or a number is below 1.
    """
    _check_sizes(latent_dim, widths)
    kernel = _kernel_initializers("autoencoder/dense_decoder", seed)
    latents = keras.Input((latent_dim,), name="latents")
    x = latents
    for units in reversed(widths):
        x = layers.Dense(units, "relu", **kernel())(x)
    x = layers.Reshape(image_shape)(layers.Dense(math.prod(image_shape), **kernel())(x))
    return keras.Model(latents, _output(x, output), name="decoder")


def classifier(latent_dim: int, num_clusters: int, width: int = 256, seed: int = 0) -> keras.Model:
    """Network from latents [batch, latent_dim] to logits [batch, num_clusters], with one hidden ReLU layer.

    Args:
        latent_dim: Dimension of z.
        num_clusters: Number of logits.
        width: Units of the hidden layer.
        seed: Seed of the initial weights.

    Raises:
        InputError: A number is below 1.
    """
    check_counts(latent_dim=latent_dim, num_clusters=num_clusters, width=width)
    kernel = _kernel_initializers("autoencoder/classifier", seed)
    latents = keras.Input((latent_dim,), name="latents")
    x = layers.Dense(width, "relu", **kernel())(latents)
    return keras.Model(latents, layers.Dense(num_clusters, dtype="float32", **kernel())(x), name="classifier")


def _check_sizes(latent_dim: int, widths: Sequence[int]) -> None:
    check_keras_settings()
    check_counts(latent_dim=latent_dim, **{f"widths[{i}]": width for i, width in enumerate(widths)})


def _smallest_map(image_shape: tuple[int, int, int], widths: Sequence[int]) -> tuple[int, int, int]:
    check_map_shape("image_shape", image_shape)
    if not widths:
        raise InputError("widths=(): the network needs at least one stage")
    height, width, _ = image_shape
    factor = 2 ** len(widths)
    if height % factor or width % factor:
        raise InputError(
            f"image_shape={tuple(image_shape)}: {len(widths)} stages halve both sides as often; they must be multiples "
            f"of {factor}"
        )
    return height // factor, width // factor, widths[-1]


def _kernel_initializers(network: str, seed: int) -> Callable[[], dict[str, Any]]:
    seeds = initializers.seeds(network, seed)
    return lambda: {"kernel_initializer": keras.initializers.GlorotUniform(next(seeds))}


def _gaussian(x: keras.KerasTensor, latent_dim: int, kernel: Callable[[], dict[str, Any]]) -> list[keras.KerasTensor]:
    return [layers.Dense(latent_dim, dtype="float32", name=name, **kernel())(x) for name in ("mean", "log_variance")]


def _output(x: keras.KerasTensor, output: str) -> keras.KerasTensor:
    check_choice("output", output, OUTPUTS)
    if output == "logits":
        return layers.Activation("linear", dtype="float32", name="logits")(x)
    # The author's sigmoid on the scale [-1, 1]: 2 sigmoid(x) - 1 = tanh(x/2).
    x = layers.Rescaling(0.5, dtype="float32")(x)
    return layers.Activation("tanh", dtype="float32", name="images")(x)

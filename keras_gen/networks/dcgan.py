"""DCGAN's generator and discriminator (Radford et al. 2015, arXiv 1511.06434), for square images.

Both halve or double the size with 5x5 convolutions of stride 2 between the image and a map of 4x4 (7x7 for images of
28 pixels). The discriminator's first convolution has `width` channels, and each further one twice as many, up to
`max_width`; the generator mirrors it. The author's 128-pixel networks are
`generator((128, 128, 3))` and `discriminator((128, 128, 3), batch_norm=True)`.
"""

from collections.abc import Callable

import keras
from keras import layers

from keras_gen.checks import check_counts, check_keras_settings
from keras_gen.errors import InputError
from keras_gen.layers import BatchNormalization
from keras_gen.networks import initializers
from keras_gen.networks.spectral_normalization import spectrally_normalized


def generator(
    image_shape: tuple[int, int, int],
    latent_dim: int = 128,
    width: int = 64,
    max_width: int = 1024,
    kernel_size: int = 5,
    batch_norm: bool = True,
    synchronized: bool = False,
    seed: int = 0,
) -> keras.Model:
    """Network from latents [batch, latent_dim] to images float32 [batch, height, width, channels] in [-1, 1].

    Args:
        image_shape: (height, width, channels); square, of 28 or 8·2^n pixels.
        latent_dim: Dimension of z.
        width: Channels at half the image's size.
        max_width: Largest number of channels.
        kernel_size: Width of the convolutions' kernels.
        batch_norm: Whether to normalise every map but the image.
        synchronized: Whether batch norm takes its moments over all replicas of a `tf.distribute` strategy.
        seed: Seed of the initial weights.

    Raises:
        InputError: The size is not supported, or a number is below 1.
    """
    check_keras_settings()
    check_counts(latent_dim=latent_dim, width=width, max_width=max_width, kernel_size=kernel_size)
    base, widths = _plan(image_shape, width, max_width)
    kernel = _kernel_initializers("dcgan/generator", seed)
    latents = keras.Input((latent_dim,), name="latents")
    x = layers.Dense(base * base * widths[-1], use_bias=not batch_norm, **kernel())(latents)
    x = layers.Reshape((base, base, widths[-1]))(x)
    for channels in reversed(widths[:-1]):
        x = _normalised(x, batch_norm, synchronized)
        x = layers.ReLU()(x)
        x = layers.Conv2DTranspose(channels, kernel_size, 2, "same", use_bias=not batch_norm, **kernel())(x)
    x = _normalised(x, batch_norm, synchronized)
    x = layers.ReLU()(x)
    x = layers.Conv2DTranspose(image_shape[-1], kernel_size, 2, "same", **kernel())(x)
    images = layers.Activation("tanh", dtype="float32", name="images")(x)
    return keras.Model(latents, images, name="generator")


def discriminator(
    image_shape: tuple[int, int, int],
    width: int = 64,
    max_width: int = 1024,
    kernel_size: int = 5,
    batch_norm: bool = False,
    synchronized: bool = False,
    pooling: str = "average",
    spectral_normalization: str = "none",
    seed: int = 0,
) -> keras.Model:
    """Network from images [batch, height, width, channels] in [-1, 1] to scores float32 [batch, 1].

    Args:
        image_shape: (height, width, channels); square, of 28 or 8·2^n pixels.
        width: Channels of the first convolution.
        max_width: Largest number of channels.
        kernel_size: Width of the convolutions' kernels.
        batch_norm: Whether to normalise every map but the first; all biases are then left out, as in the author's code.
        synchronized: Whether batch norm takes its moments over all replicas of a `tf.distribute` strategy.
        pooling: `average` over the last map, or `flatten` it.
        spectral_normalization: `none`, or how the spectral norm of every kernel is kept at 1: `persistent`, `from_ones`
            or `projection`; see `keras_gen.networks.spectral_normalization`.
        seed: Seed of the initial weights.

    Raises:
        InputError: The size, pooling or spectral normalisation is not supported, or a number is below 1.
    """
    check_keras_settings()
    check_counts(width=width, max_width=max_width, kernel_size=kernel_size)
    _, widths = _plan(image_shape, width, max_width)
    kernel = _kernel_initializers("dcgan/discriminator", seed)
    images = keras.Input(image_shape, name="images")
    x = images
    for i, channels in enumerate(widths):
        convolution = layers.Conv2D(channels, kernel_size, 2, "same", use_bias=not batch_norm, **kernel())
        x = spectrally_normalized(convolution, spectral_normalization)(x)
        x = _normalised(x, batch_norm and i > 0, synchronized)
        x = layers.LeakyReLU(0.2)(x)
    x = _pooled(x, pooling)
    last = layers.Dense(1, use_bias=False, dtype="float32", name="scores", **kernel())
    scores = spectrally_normalized(last, spectral_normalization)(x)
    return keras.Model(images, scores, name="discriminator")


def _plan(image_shape: tuple[int, int, int], width: int, max_width: int) -> tuple[int, list[int]]:
    """The size of the smallest map, and the channels of the maps from half the image's size down to it."""
    height, size, _ = image_shape
    base = 7 if size == 28 else 4
    halvings = (size // base).bit_length() - 1
    if height != size or halvings < 1 or size != base * 2**halvings:
        raise InputError(
            f"image_size={height}x{size}: DCGAN makes square images of 28 or 8·2^n pixels (8, 16, 32, 64, 128 ...)"
        )
    return base, [min(width * 2**i, max_width) for i in range(halvings)]


def _kernel_initializers(network: str, seed: int) -> Callable[[], dict]:
    """An initializer N(0, 0.02^2) for each layer, as in DCGAN."""
    seeds = initializers.seeds(network, seed)
    return lambda: {"kernel_initializer": keras.initializers.RandomNormal(0.0, 0.02, next(seeds))}


def _normalised(x: keras.KerasTensor, batch_norm: bool, synchronized: bool) -> keras.KerasTensor:
    return BatchNormalization(synchronized=synchronized)(x) if batch_norm else x


def _pooled(x: keras.KerasTensor, pooling: str) -> keras.KerasTensor:
    match pooling:
        case "average":
            return layers.GlobalAveragePooling2D()(x)
        case "flatten":
            return layers.Flatten()(x)
        case _:
            raise InputError(f"pooling={pooling!r}: choose average or flatten")

"""DCGAN's generator and discriminator (Radford et al. 2015, arXiv 1511.06434), for square images.

Both halve or double the size with 5x5 convolutions of stride 2 between the image and a map of 4x4 (7x7 for images of
28 pixels). The discriminator's first convolution has `width` channels, and each further one twice as many, up to
`max_width`; the generator mirrors it. `AUTHORS_64` and `AUTHORS_128` hold in what the networks of the author's scripts
differ from the defaults:

    generator((128, 128, 3), **AUTHORS_128.generator)
    discriminator((128, 128, 3), batch_norm=True, **AUTHORS_128.discriminator)

With `num_classes` both take classes y too, as one-hot rows [batch, num_classes], as in Miyato and Koyama 2018 (arXiv
1802.05637): conditional batch norm in the generator, projection, their equation 3, in the discriminator, whose
embedding V is spectrally normalised if its kernels are. They sum the last map over its positions, where `pooling`
averages or flattens it.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
from keras import layers

from keras_gen.checks import check_choice, check_counts, check_keras_settings, check_map_shape
from keras_gen.errors import InputError
from keras_gen.layers import BatchNormalization, ConditionalBatchNormalization, strided
from keras_gen.networks import initializers
from keras_gen.networks.class_inputs import class_inputs
from keras_gen.networks.spectral_normalization import batch_normalization, spectrally_normalized


class Arguments(NamedTuple):
    """Keyword arguments of both networks."""

    generator: dict[str, Any]
    discriminator: dict[str, Any]


# From how many pixels on the discriminator's last map is averaged by default.
AVERAGED_FROM = 64
INITIALIZERS = ("normal", "glorot")
POOLINGS = ("average", "flatten")

# Of the author's scripts for 64 pixels (RSGAN, WGAN-GP, WGAN with spectral normalisation) and for 128 (WGAN-div).
AUTHORS_64 = Arguments(
    {"initializer": "glorot", "normalize_units": True},
    {"initializer": "glorot", "negative_slope": 0.3, "first_bias": True},
)
AUTHORS_128 = Arguments({"normalize_units": True}, {"scores_initializer": "glorot", "first_bias": False})


def generator(
    image_shape: tuple[int, int, int],
    latent_dim: int = 128,
    width: int = 64,
    max_width: int = 1024,
    kernel_size: int = 5,
    batch_norm: bool = True,
    synchronized: bool = False,
    seed: int = 0,
    initializer: str = "normal",
    normalize_units: bool = False,
    num_classes: int | None = None,
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
        initializer: Initial kernels: `normal`, N(0, 0.02^2) as in DCGAN, or `glorot`, Keras's default.
        normalize_units: Whether the first batch norm is one of the dense layer's units, as in DCGAN, and not of the
            channels that they become.
        num_classes: Number of classes; every batch norm then has a scale and a shift for each of them.

    Raises:
        InputError: The size or initializer is not supported, a number is below 1, or no batch norm takes the classes.
    """
    check_keras_settings()
    check_counts(latent_dim=latent_dim, width=width, max_width=max_width, kernel_size=kernel_size)
    check_choice("initializer", initializer, INITIALIZERS)
    base, widths = _plan(image_shape, width, max_width)
    classes = class_inputs(num_classes)
    if classes and not batch_norm:
        raise InputError("batch_norm=False: it is batch norm that takes the classes here; leave num_classes out")
    kernel = _kernel_initializers("dcgan/generator", seed)

    def normalized(x: keras.KerasTensor) -> keras.KerasTensor:
        if not batch_norm:
            return x
        if num_classes is not None:
            return ConditionalBatchNormalization(num_classes, synchronized=synchronized)(x, *classes)
        return BatchNormalization(synchronized=synchronized)(x)

    latents = keras.Input((latent_dim,), name="latents")
    x = layers.Dense(base * base * widths[-1], use_bias=not batch_norm, **kernel(initializer))(latents)
    map_of_units = layers.Reshape((base, base, widths[-1]))
    x = map_of_units(normalized(x)) if normalize_units else normalized(map_of_units(x))
    for channels in reversed(widths[:-1]):
        x = layers.ReLU()(x)
        x = strided.Conv2DTranspose(channels, kernel_size, 2, "same", use_bias=not batch_norm, **kernel(initializer))(x)
        x = normalized(x)
    x = layers.ReLU()(x)
    x = strided.Conv2DTranspose(image_shape[-1], kernel_size, 2, "same", **kernel(initializer))(x)
    images = layers.Activation("tanh", dtype="float32", name="images")(x)
    return keras.Model([latents, *classes] if classes else latents, images, name="generator")


def discriminator(
    image_shape: tuple[int, int, int],
    width: int = 64,
    max_width: int = 1024,
    kernel_size: int = 5,
    batch_norm: bool = False,
    synchronized: bool = False,
    pooling: str | None = None,
    spectral_normalization: str = "none",
    seed: int = 0,
    initializer: str = "normal",
    scores_initializer: str | None = None,
    negative_slope: float = 0.2,
    first_bias: bool | None = None,
    num_classes: int | None = None,
) -> keras.Model:
    """Network from images [batch, height, width, channels] in [-1, 1] to scores float32 [batch, 1].

    Args:
        image_shape: (height, width, channels); square, of 28 or 8·2^n pixels.
        width: Channels of the first convolution.
        max_width: Largest number of channels.
        kernel_size: Width of the convolutions' kernels.
        batch_norm: Whether to normalise every map but the first; convolutions before a batch norm then have no bias.
        synchronized: Whether batch norm takes its moments over all replicas of a `tf.distribute` strategy.
        pooling: `average` over the last map, or `flatten` it; by default `average` from 64 pixels on. Averaging needs a
            map whose every unit sees most of the image: on digits of 28 pixels it makes strokes instead of digits.
        spectral_normalization: `none`, or how the spectral norm of every kernel, and of the scale of every batch norm,
            is kept at 1: `persistent`, `from_ones` or `projection`; see `keras_gen.networks.spectral_normalization`.
        seed: Seed of the initial weights.
        initializer: Initial kernels: `normal`, N(0, 0.02^2) as in DCGAN, or `glorot`, Keras's default.
        scores_initializer: Of the last layer; by default that of the others.
        negative_slope: Slope of the leaky activations below 0.
        first_bias: Whether the first convolution has a bias; by default unless `batch_norm`.
        num_classes: Number of classes; to the score psi(phi(x)) of the last map, pooled, y^T V phi(x) is then added
            (Miyato and Koyama 2018, equation 3).

    Raises:
        InputError: The size or a choice is not supported, or a number is out of range.
    """
    check_keras_settings()
    check_counts(width=width, max_width=max_width, kernel_size=kernel_size)
    if not 0 <= negative_slope <= 1:
        raise InputError(f"negative_slope={negative_slope}: must be from 0 to 1")
    check_choice("initializer", initializer, INITIALIZERS)
    check_choice("scores_initializer", scores_initializer or initializer, INITIALIZERS)
    _, widths = _plan(image_shape, width, max_width)
    kernel = _kernel_initializers("dcgan/discriminator", seed)
    images, classes = keras.Input(image_shape, name="images"), class_inputs(num_classes)
    x = images
    for i, channels in enumerate(widths):
        use_bias = not batch_norm if i > 0 or first_bias is None else first_bias
        convolution = strided.Conv2D(channels, kernel_size, 2, "same", use_bias=use_bias, **kernel(initializer))
        x = spectrally_normalized(convolution, spectral_normalization)(x)
        if batch_norm and i > 0:
            x = batch_normalization(spectral_normalization, synchronized=synchronized)(x)
        x = layers.LeakyReLU(negative_slope)(x)
    x = _pooled(x, pooling or ("average" if image_shape[0] >= AVERAGED_FROM else "flatten"))
    last = layers.Dense(1, use_bias=False, dtype="float32", name="scores", **kernel(scores_initializer or initializer))
    scores = spectrally_normalized(last, spectral_normalization)(x)
    if classes:
        embedding = layers.Dense(x.shape[-1], use_bias=False, dtype="float32", name="embedding", **kernel(initializer))
        scores = _projected(scores, spectrally_normalized(embedding, spectral_normalization)(*classes), x)
    return keras.Model([images, *classes] if classes else images, scores, name="discriminator")


def _projected(scores: keras.KerasTensor, embedded: keras.KerasTensor, x: keras.KerasTensor) -> keras.KerasTensor:
    """The scores and, added to them, y^T V phi(x), of the embedded classes y^T V and the pooled map phi(x)."""
    projection = layers.Dot(axes=-1, dtype="float32", name="projection")([embedded, x])
    return layers.Add(dtype="float32")([scores, projection])


def _plan(image_shape: tuple[int, int, int], width: int, max_width: int) -> tuple[int, list[int]]:
    """The size of the smallest map, and the channels of the maps from half the image's size down to it."""
    check_map_shape("image_shape", image_shape)
    height, size, _ = image_shape
    base = 7 if size == 28 else 4
    halvings = (size // base).bit_length() - 1
    if height != size or halvings < 1 or size != base * 2**halvings:
        raise InputError(
            f"image_shape={tuple(image_shape)}: DCGAN makes square images of 28 or 8·2^n pixels (8, 16, 32, 64, 128 "
            "...)"
        )
    return base, [min(width * 2**i, max_width) for i in range(halvings)]


def _kernel_initializers(network: str, seed: int) -> Callable[[str], dict]:
    """From the name of an initializer to that of the next layer, which has a seed of its own."""
    seeds = initializers.seeds(network, seed)

    def kernel(initializer: str) -> dict:
        if initializer == "normal":
            return {"kernel_initializer": keras.initializers.RandomNormal(0.0, 0.02, next(seeds))}
        return {"kernel_initializer": keras.initializers.GlorotUniform(next(seeds))}

    return kernel


def _pooled(x: keras.KerasTensor, pooling: str) -> keras.KerasTensor:
    check_choice("pooling", pooling, POOLINGS)
    return layers.GlobalAveragePooling2D()(x) if pooling == "average" else layers.Flatten()(x)

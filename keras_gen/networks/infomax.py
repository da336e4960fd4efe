"""Deep InfoMax's encoder and discriminators, as in the author's code for the post of 2018-10-02.

The encoder halves the image with convolutions and max pooling down to a feature map, from which further convolutions,
global max pooling and two dense layers make the Gaussian p(z|x). The author's networks for images of 32 pixels are the
defaults.

A discriminator scores one input with several codes at once: [batch, ...] and [batch, m, latent_dim] give [batch, m], or
for a feature map a score per position, [batch, height, width, m]. Its first layer acts on the concatenation of input
and code; since it is linear, the input's part is computed once for all m codes.
"""

from collections.abc import Iterator, Sequence

import keras
from keras import layers

from keras_gen.checks import check_counts, check_keras_settings, check_map_shape
from keras_gen.errors import InputError
from keras_gen.layers import BatchNormalization
from keras_gen.networks import initializers


def encoder(
    image_shape: tuple[int, int, int],
    latent_dim: int = 256,
    map_widths: Sequence[int] = (64, 128, 256),
    code_widths: Sequence[int] = (256, 256),
    batch_norm: bool = True,
    synchronized: bool = False,
    seed: int = 0,
) -> keras.Model:
    """Network from images [batch, height, width, channels] in [-1, 1] to a feature map and the code's Gaussian.

    Args:
        image_shape: (height, width, channels).
        latent_dim: Dimension of z.
        map_widths: Channels of the convolutions up to the feature map; each is followed by 2x2 max pooling.
        code_widths: Channels of the convolutions between the feature map and the code.
        batch_norm: Whether to normalise every map, in training with the statistics of the batch.
        synchronized: Whether batch norm takes its moments over all replicas of a `tf.distribute` strategy.
        seed: Seed of the initial weights, Glorot's uniform ones.

    Returns:
        A model with three float32 outputs: the feature map [batch, h, w, map_widths[-1]], and mean and log variance of
        p(z|x), both [batch, latent_dim].

    Raises:
        InputError: The image is too small to be halved that often, there is no feature map, or a number is below 1.
    """
    check_map_shape("image_shape", image_shape)
    _check_sizes(latent_dim, map_widths=map_widths, code_widths=code_widths)
    if not map_widths or min(image_shape[:2]) < 2 ** len(map_widths):
        raise InputError(
            f"map_widths={tuple(map_widths)}: give at least one, and no more than can halve an image of "
            f"{image_shape[0]}x{image_shape[1]}"
        )
    seeds = initializers.seeds("infomax/encoder", seed)
    images = keras.Input(image_shape, name="images")
    x = images
    for width in map_widths:
        x = layers.MaxPooling2D(2)(_convolved(x, width, batch_norm, synchronized, seeds))
    feature_map = layers.Activation("linear", dtype="float32", name="feature_map")(x)
    for width in code_widths:
        x = _convolved(x, width, batch_norm, synchronized, seeds)
    x = layers.GlobalMaxPooling2D()(x)
    mean, log_variance = (
        layers.Dense(latent_dim, kernel_initializer=_glorot(seeds), dtype="float32", name=name)(x)
        for name in ("mean", "log_variance")
    )
    return keras.Model(images, (feature_map, mean, log_variance), name="encoder")


def _convolved(
    x: keras.KerasTensor, width: int, batch_norm: bool, synchronized: bool, seeds: Iterator[int]
) -> keras.KerasTensor:
    x = layers.Conv2D(width, 3, padding="same", use_bias=not batch_norm, kernel_initializer=_glorot(seeds))(x)
    if batch_norm:
        x = BatchNormalization(synchronized=synchronized)(x)
    return layers.LeakyReLU(0.2)(x)


def code_discriminator(latent_dim: int = 256, widths: Sequence[int] = (256, 256, 256), seed: int = 0) -> keras.Model:
    """T_1(z, z') of the author's code: codes [batch, latent_dim] and [batch, m, latent_dim] to scores [batch, m].

    Raises:
        InputError: A number is below 1, or there is no hidden layer.
    """
    _check_sizes(latent_dim)
    seeds = initializers.seeds("infomax/code_discriminator", seed)
    codes = keras.Input((latent_dim,), name="first_codes")
    return _discriminator(codes, codes, latent_dim, widths, seeds, "code_discriminator")


def image_discriminator(
    image_shape: tuple[int, int, int],
    latent_dim: int = 256,
    map_widths: Sequence[int] = (32, 64),
    widths: Sequence[int] = (256, 256, 256),
    seed: int = 0,
) -> keras.Model:
    """T_1(x, z) of the formulas: images [batch, height, width, channels] and [batch, m, latent_dim] to [batch, m].

    Args:
        image_shape: (height, width, channels).
        latent_dim: Dimension of z.
        map_widths: Channels of the 3x3 convolutions of stride 2 on the image.
        widths: Units of the dense layers on the image's last map and the code.
        seed: Seed of the initial weights.

    Raises:
        InputError: The shape is no image's, a number is below 1, or there is no hidden layer.
    """
    check_map_shape("image_shape", image_shape)
    _check_sizes(latent_dim, map_widths=map_widths)
    seeds = initializers.seeds("infomax/image_discriminator", seed)
    images = keras.Input(image_shape, name="images")
    x = images
    for width in map_widths:
        x = layers.Conv2D(width, 3, 2, "same", activation="relu", kernel_initializer=_glorot(seeds))(x)
    return _discriminator(images, layers.Flatten()(x), latent_dim, widths, seeds, "image_discriminator")


def local_discriminator(
    map_shape: tuple[int, int, int], latent_dim: int = 256, widths: Sequence[int] = (256, 256, 256), seed: int = 0
) -> keras.Model:
    """T_2(C_ij, z): feature maps [batch, h, w, channels] and [batch, m, latent_dim] to scores [batch, h, w, m].

    The same dense layers at every position ij, which are 1x1 convolutions.

    Raises:
        InputError: The shape is no map's, a number is below 1, or there is no hidden layer.
    """
    check_map_shape("map_shape", map_shape)
    seeds = initializers.seeds("infomax/local_discriminator", seed)
    feature_maps = keras.Input(map_shape, name="feature_maps")
    return _discriminator(feature_maps, feature_maps, latent_dim, widths, seeds, "local_discriminator")


def prior_discriminator(latent_dim: int = 256, widths: Sequence[int] = (256, 256, 256), seed: int = 0) -> keras.Model:
    """T_3(z) of the paper's adversarial prior: codes [batch, latent_dim] to scores [batch, 1].

    Raises:
        InputError: A number is below 1.
    """
    _check_sizes(latent_dim, widths=widths)
    seeds = initializers.seeds("infomax/prior_discriminator", seed)
    codes = keras.Input((latent_dim,), name="codes")
    hidden = codes
    for width in widths:
        hidden = layers.Dense(width, "relu", kernel_initializer=_glorot(seeds))(hidden)
    scores = layers.Dense(1, kernel_initializer=_glorot(seeds), dtype="float32", name="scores")(hidden)
    return keras.Model(codes, scores, name="prior_discriminator")


def _discriminator(
    inputs: keras.KerasTensor,
    x: keras.KerasTensor,
    latent_dim: int,
    widths: Sequence[int],
    seeds: Iterator[int],
    name: str,
) -> keras.Model:
    """Dense layers on x [batch, ..., n] beside each code: the first is W x + V z + b."""
    if not widths:
        raise InputError(f"widths=(): {name} needs at least one hidden layer")
    _check_sizes(latent_dim, widths=widths)
    codes = keras.Input((None, latent_dim), name="codes")
    *positions, _ = x.shape[1:]
    of_x = layers.Dense(widths[0], kernel_initializer=_glorot(seeds))(x)
    of_z = layers.Dense(widths[0], use_bias=False, kernel_initializer=_glorot(seeds))(codes)
    of_x = layers.Reshape((*positions, 1, widths[0]))(of_x)
    of_z = layers.Reshape((*[1 for _ in positions], -1, widths[0]))(of_z)
    hidden = layers.ReLU()(layers.Add()([of_x, of_z]))
    for width in widths[1:]:
        hidden = layers.Dense(width, "relu", kernel_initializer=_glorot(seeds))(hidden)
    scores = layers.Dense(1, kernel_initializer=_glorot(seeds), dtype="float32")(hidden)
    scores = layers.Reshape((*positions, -1), dtype="float32", name="scores")(scores)
    return keras.Model((inputs, codes), scores, name=name)


def _check_sizes(latent_dim: int, **lists: Sequence[int]) -> None:
    check_keras_settings()
    widths = {f"{name}[{i}]": width for name, widths in lists.items() for i, width in enumerate(widths)}
    check_counts(latent_dim=latent_dim, **widths)


def _glorot(seeds: Iterator[int]) -> keras.initializers.Initializer:
    return keras.initializers.GlorotUniform(next(seeds))

"""The f-VAE's encoder E and decoder G: squeezes between residual steps, which begin as squeezes alone.

As in the author's code (post of 2018-09-21), a step is x + c(x), with c a 3x3 convolution, batch norm, ReLU and a 1x1
convolution that is initially zero. So at first the encoder only moves pixels into channels, the decoder moves them
back, and decoder(encoder(x)) = tanh(x).
"""

from collections.abc import Iterator

import keras
from keras import layers

from keras_gen.checks import check_counts, check_map_shape
from keras_gen.errors import InputError
from keras_gen.layers import BatchNormalization, flows
from keras_gen.networks import initializers

Shape = tuple[int, int, int]


def encoder(
    image_shape: Shape,
    stages: int = 3,
    depth: int = 12,
    width: int | None = None,
    synchronized: bool = False,
    seed: int = 0,
) -> keras.Model:
    """Network from images [batch, height, width, channels] to codes of the same size.

    The codes are float32 [batch, height / 2^stages, width / 2^stages, 4^stages channels]. The defaults are the
    author's.

    Args:
        image_shape: (height, width, channels), both sides multiples of 2^stages.
        stages: Squeezes, each followed by residual steps.
        depth: Residual steps in each stage.
        width: Channels inside a step; None for as many as enter it: 12, 48, 192 from three colours.
        synchronized: Whether batch norm takes its moments over all replicas of a `tf.distribute` strategy.
        seed: Seed of the initial weights, which are Glorot's uniform ones.

    Raises:
        InputError: The image cannot be halved that often, or a number is out of range.
    """
    _check_sizes(image_shape, stages, depth, width)
    seeds = initializers.seeds("squeezing/encoder", seed)
    images = keras.Input(image_shape, name="images")
    x = images
    for stage in range(stages):
        x, _ = flows.Squeeze(name=f"stage_{stage}_squeeze")(x)
        x = _residual_steps(x, depth, width, synchronized, seeds)
    codes = layers.Activation("linear", dtype="float32", name="codes")(x)
    return keras.Model(images, codes, name="encoder")


def decoder(
    image_shape: Shape,
    stages: int = 3,
    depth: int = 12,
    width: int | None = None,
    synchronized: bool = False,
    seed: int = 0,
) -> keras.Model:
    """The mirror of `encoder`, from codes to images float32 [batch, height, width, channels] in [-1, 1].

    Args:
        image_shape: See `encoder`.
        stages: See `encoder`.
        depth: See `encoder`.
        width: See `encoder`.
        synchronized: See `encoder`.
        seed: See `encoder`.

    Raises:
        InputError: See `encoder`.
    """
    _check_sizes(image_shape, stages, depth, width)
    seeds = initializers.seeds("squeezing/decoder", seed)
    height, across, channels = image_shape
    side = 2**stages
    codes = keras.Input((height // side, across // side, channels * side**2), name="codes")
    x = codes
    for stage in range(stages):
        x = _residual_steps(x, depth, width, synchronized, seeds)
        x, _ = flows.Unsqueeze(name=f"stage_{stage}_unsqueeze")(x)
    return keras.Model(codes, layers.Activation("tanh", dtype="float32", name="images")(x), name="decoder")


def _check_sizes(image_shape: Shape, stages: int, depth: int, width: int | None) -> None:
    check_map_shape("image_shape", image_shape)
    if width is not None:
        check_counts(width=width)
    check_counts(0, stages=stages, depth=depth)
    height, across, _ = image_shape
    if height % 2**stages or across % 2**stages:
        raise InputError(
            f"image_shape={tuple(image_shape)}: {stages} stages halve both sides as often; they must be multiples of "
            f"{2**stages}"
        )


def _residual_steps(
    x: keras.KerasTensor, depth: int, width: int | None, synchronized: bool, seeds: Iterator[int]
) -> keras.KerasTensor:
    for _ in range(depth):
        kernel = keras.initializers.GlorotUniform(next(seeds))
        y = layers.Conv2D(width or x.shape[-1], 3, padding="same", use_bias=False, kernel_initializer=kernel)(x)
        y = BatchNormalization(synchronized=synchronized)(y)
        y = layers.ReLU()(y)
        y = layers.Conv2D(x.shape[-1], 1, kernel_initializer="zeros")(y)
        x = layers.Add()([x, y])
    return x

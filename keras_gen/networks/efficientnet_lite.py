"""EfficientNet-Lite0, a classifier of photographs whose last map serves as image features.

Tan and Le 2019, "EfficientNet: rethinking model scaling for convolutional neural networks", arXiv 1905.11946, table 1,
without squeeze-and-excitation and with ReLU6 in the place of swish, as the Lite models have it.
"""

from typing import NamedTuple

import keras
from keras import layers

from keras_gen.checks import check_keras_settings

FEATURE_DIM = 1280
EPSILON = 1e-3  # of the batch norms


class Stage(NamedTuple):
    """Blocks that end in the same number of channels; the first of them has the stride."""

    blocks: int
    kernel_size: int
    stride: int
    expansion: int
    channels: int


STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)
STEM_CHANNELS = 32


def efficientnet_lite0() -> keras.Model:
    """Network from images [batch, height, width, 3] of any size, (pixel - 127) / 128, to features [batch, 1280].

    Each convolution is followed by a batch norm and, unless it ends a block, by ReLU6. Layers are named after their
    places: `stem`, `blocks.N.expand`, `.depthwise`, `.project`, `head`, and their batch norms `.norm`. All compute in
    float32, whatever the global dtype policy, since distances between features depend on it.
    """
    check_keras_settings()
    images = keras.Input((None, None, 3), dtype="float32")
    x = _convolution(images, "stem", STEM_CHANNELS, 3, 2)
    number = 0
    for stage in STAGES:
        for i in range(stage.blocks):
            x = _block(x, f"blocks.{number}", stage, stage.stride if i == 0 else 1)
            number += 1
    x = _convolution(x, "head", FEATURE_DIM, 1, 1)
    features = layers.GlobalAveragePooling2D(dtype="float32", name="features")(x)
    return keras.Model(images, features, name="efficientnet_lite0")


def _block(inputs: keras.KerasTensor, name: str, stage: Stage, stride: int) -> keras.KerasTensor:
    """An inverted residual block: more channels, one filter on each of them, fewer channels."""
    channels = inputs.shape[-1]
    x = inputs
    if stage.expansion > 1:
        x = _convolution(x, f"{name}.expand", channels * stage.expansion, 1, 1)
    depthwise = f"{name}.depthwise"
    x = layers.DepthwiseConv2D(stage.kernel_size, stride, "same", use_bias=False, dtype="float32", name=depthwise)(x)
    x = _normalized(x, depthwise, activated=True)
    x = _convolution(x, f"{name}.project", stage.channels, 1, 1, activated=False)
    residual = stride == 1 and channels == stage.channels
    return layers.Add(dtype="float32", name=f"{name}.add")([x, inputs]) if residual else x


def _convolution(
    x: keras.KerasTensor, name: str, channels: int, kernel_size: int, stride: int, activated: bool = True
) -> keras.KerasTensor:
    convolution = layers.Conv2D(channels, kernel_size, stride, "same", use_bias=False, dtype="float32", name=name)
    return _normalized(convolution(x), name, activated)


def _normalized(x: keras.KerasTensor, name: str, activated: bool) -> keras.KerasTensor:
    x = layers.BatchNormalization(epsilon=EPSILON, dtype="float32", name=f"{name}.norm")(x)
    return layers.ReLU(6.0, dtype="float32", name=f"{name}.relu6")(x) if activated else x

"""Noise on images of 8 bits, under which a density bounds the bits that they take.

Pixels take 256 values, and a density may be as high as it likes at a point. With noise v that is uniform over the
width of one value, log p bounds the log probability of the 256 values (Theis et al. 2016, arXiv 1511.01844, section
3.1):

    log P(x) >= E_v[log p(x + v)] + d log(2/255),   v uniform in [-1/255, 1/255]^d
"""

import math
from collections.abc import Callable, Sequence

import tensorflow as tf

from keras_gen.utils import noise
from keras_gen.utils.noise import stream_seed

# Images of 8 bits in [-1, 1] have their 256 values this far apart.
BIN = 2 / 255
INPUT_NOISES = ("uniform", "gaussian", "none")


def with_noise(
    x: tf.Tensor, kind: str, scale: float, uniform: Callable[[], tf.Tensor], normal: Callable[[], tf.Tensor]
) -> tf.Tensor:
    """Images with noise.

    Args:
        x: The images.
        kind: `uniform`, `gaussian` or `none`.
        scale: Width of the uniform noise, standard deviation of the Gaussian.
        uniform: Draws numbers uniform on [0, 1), of the shape of x.
        normal: Draws standard normal numbers, of the shape of x.
    """
    match kind:
        case "uniform":
            return x + scale * (uniform() - 0.5)
        case "gaussian":
            return x + scale * normal()
    return x


def uniform_noise(shape: Sequence[int] | tf.Tensor, seed: int | tf.Tensor) -> tf.Tensor:
    """Noise uniform over the width of one of 256 values in [-1, 1], float32 of a shape."""
    return BIN * (noise.uniform(shape, stream_seed(seed, "dequantize")) - 0.5)


def bits_per_dimension(log_prob: tf.Tensor, dimensions: int) -> tf.Tensor:
    """-(log p + d log(2/255)) / (d log 2), from log p in nats of pixels in [-1, 1] with uniform noise."""
    return -log_prob / (dimensions * math.log(2)) - math.log2(BIN)

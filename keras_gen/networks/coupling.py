"""The network of Glow's couplings: 3x3, 1x1 and 3x3 convolutions, the last one initially zero."""

import keras
from keras import layers

from keras_gen.checks import check_choice, check_counts, check_map_shape
from keras_gen.networks import initializers

INITIALIZERS = {"he_normal": keras.initializers.HeNormal, "glorot_uniform": keras.initializers.GlorotUniform}


def coupling_network(
    shape: tuple[int, ...],
    outputs: int,
    width: int,
    seed: int = 0,
    name: str = "coupling",
    initializer: str = "he_normal",
) -> keras.Model:
    """Network from maps [batch, height, width, channels] to maps [batch, height, width, outputs].

    Kingma and Dhariwal 2018, Glow, arXiv 1807.03039, section 5.1, without act norm between the convolutions. Its
    output is initially 0.

    Args:
        shape: (height, width, channels) of the input.
        outputs: Channels of the output.
        width: Channels of the two hidden layers; 512 in the paper.
        seed: Seed of the initial weights.
        name: Name of the network; networks of different names start differently.
        initializer: `he_normal`, or `glorot_uniform`, the f-VAE's author's.

    Raises:
        InputError: The shape is no map's, a number is below 1, or there is no such initializer.
    """
    check_map_shape("shape", shape)
    check_counts(outputs=outputs, width=width)
    check_choice("initializer", initializer, INITIALIZERS)
    initial = INITIALIZERS[initializer]
    seeds = initializers.seeds(name, seed)
    maps = keras.Input(shape)
    x = maps
    for kernel_size in (3, 1):
        kernel = initial(next(seeds))
        x = layers.Conv2D(width, kernel_size, padding="same", activation="relu", kernel_initializer=kernel)(x)
    x = zero_convolution(outputs)(x)
    return keras.Model(maps, x, name=name)


def prior_network(shape: tuple[int, ...], outputs: int, name: str = "prior") -> keras.Model:
    """One 3x3 convolution, initially zero: the prior of a split, as in Glow and in the author's code.

    Args:
        shape: (height, width, channels) of the input.
        outputs: Channels of the output.
        name: Name of the network.
    """
    maps = keras.Input(shape)
    return keras.Model(maps, zero_convolution(outputs)(maps), name=name)


def zero_convolution(outputs: int, kernel_size: int = 3) -> layers.Conv2D:
    """A convolution whose output is initially 0."""
    return layers.Conv2D(outputs, kernel_size, padding="same", kernel_initializer="zeros")

"""Multilayer perceptrons on vectors, for toys of a few dimensions."""

from collections.abc import Sequence

import keras
from keras import layers

from keras_gen.networks import initializers


def mlp(
    input_dim: int,
    output_dim: int,
    widths: Sequence[int] = (128, 128),
    activation: str = "relu",
    seed: int = 0,
    name: str = "mlp",
) -> keras.Model:
    """Network from vectors [batch, input_dim] to float32 vectors [batch, output_dim], linear at its end.

    As a generator: `mlp(latent_dim, 2)`; as a discriminator: `mlp(2, 1)`.

    Args:
        input_dim: Dimension of the input.
        output_dim: Dimension of the output.
        widths: Units of each hidden layer.
        activation: Name of the hidden layers' activation.
        seed: Seed of the initial weights, which are He's normal ones.
        name: Name of the network; networks of different names start differently.
    """
    seeds = initializers.seeds(name, seed)
    vectors = keras.Input((input_dim,))
    x = vectors
    for units in widths:
        x = layers.Dense(
            units, activation, kernel_initializer=keras.initializers.HeNormal(next(seeds))
        )(x)
    output = layers.Dense(
        output_dim, dtype="float32", kernel_initializer=keras.initializers.HeNormal(next(seeds))
    )(x)
    return keras.Model(vectors, output, name=name)

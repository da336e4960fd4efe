"""Multilayer perceptrons on vectors, for low-dimensional toy problems."""

from collections.abc import Sequence

import keras
from keras import layers

from keras_gen.checks import check_counts
from keras_gen.networks import initializers
from keras_gen.networks.class_inputs import class_inputs
from keras_gen.networks.spectral_normalization import spectrally_normalized


def mlp(
    input_dim: int,
    output_dim: int,
    widths: Sequence[int] = (128, 128),
    activation: str = "relu",
    spectral_normalization: str = "none",
    seed: int = 0,
    name: str = "mlp",
    num_classes: int | None = None,
) -> keras.Model:
    """Network from vectors [batch, input_dim] to float32 vectors [batch, output_dim], with a linear last layer.

    As a generator: `mlp(latent_dim, 2)`; as a discriminator: `mlp(2, 1)`.

    Args:
        input_dim: Dimension of the input.
        output_dim: Dimension of the output.
        widths: Units of each hidden layer.
        activation: Name of the hidden layers' activation.
        spectral_normalization: `none`, or how the spectral norm of every kernel is kept at 1: `persistent`, `from_ones`
            or `projection`; see `keras_gen.networks.spectral_normalization`.
        seed: Seed of the initial weights, which are He's normal ones.
        name: Name of the network; networks of different names start differently.
        num_classes: Number of classes of a conditional network, at least 2, which takes their one-hot rows
            [batch, num_classes] too and joins them to the vectors, as Mirza and Osindero do (2014, arXiv 1411.1784,
            section 3.2).

    Raises:
        InputError: There is no such spectral normalisation, or a number is out of range.
    """
    check_counts(input_dim=input_dim, output_dim=output_dim, **{f"widths[{i}]": n for i, n in enumerate(widths)})
    seeds = initializers.seeds(name, seed)
    vectors = keras.Input((input_dim,))
    classes = class_inputs(num_classes)
    x = layers.Concatenate()([vectors, *classes]) if classes else vectors
    for units in widths:
        hidden = layers.Dense(units, activation, kernel_initializer=keras.initializers.HeNormal(next(seeds)))
        x = spectrally_normalized(hidden, spectral_normalization)(x)
    last = layers.Dense(output_dim, dtype="float32", kernel_initializer=keras.initializers.HeNormal(next(seeds)))
    inputs = [vectors, *classes] if classes else vectors
    return keras.Model(inputs, spectrally_normalized(last, spectral_normalization)(x), name=name)

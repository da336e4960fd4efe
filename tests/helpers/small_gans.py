"""Networks, data and runs of a size for tests, shared with the programs that run in processes of their own."""

import keras
import numpy as np
import tensorflow as tf

from keras_gen.networks import dcgan, mlp

IMAGE_SHAPE = (16, 16, 1)
LATENT_DIM = 3
BATCH_SIZE = 8


def image_networks(seed=0, batch_norm=True):
    """A generator and a discriminator of 16x16 images; the generator has batch norm in any case.

    Scores of averaged maps are small, so that plain gradient descent does not blow up.
    """
    discriminator = {"batch_norm": batch_norm, "pooling": "average"}
    return (
        dcgan.generator(IMAGE_SHAPE, LATENT_DIM, width=4, synchronized=True, seed=seed),
        dcgan.discriminator(IMAGE_SHAPE, width=4, synchronized=True, seed=seed, **discriminator),
    )


def vector_networks(seed=0):
    """A generator and a discriminator of vectors of two numbers."""
    return (
        mlp(LATENT_DIM, 2, widths=(8,), activation="tanh", seed=seed, name="generator"),
        mlp(2, 1, widths=(8,), activation="tanh", seed=seed, name="discriminator"),
    )


def data(count, shape=IMAGE_SHAPE):
    """Numbers in [-1, 1], [count, *shape]."""
    return np.random.RandomState(0).uniform(-1, 1, (count, *shape)).astype("float32")


def batches(first_step, last_step, batch_size=BATCH_SIZE, shape=IMAGE_SHAPE):
    """The batches of the steps from `first_step` to before `last_step`: each a function of its step."""
    rows = data(last_step * batch_size, shape)[first_step * batch_size :]
    return tf.data.Dataset.from_tensor_slices(rows).batch(batch_size, drop_remainder=True)


def sgd(learning_rate=0.01):
    """An optimiser whose steps have the scale of the gradient, which Adam's have not."""
    return keras.optimizers.SGD(learning_rate, momentum=0.9)


def adam():
    return keras.optimizers.Adam(2e-4, beta_1=0.5)


def compiled(model, optimizer=sgd):
    model.compile(generator_optimizer=optimizer(), discriminator_optimizer=optimizer())
    return model


def arguments(model):
    """The configuration of a model but for its networks, whose weights and samples tell more."""
    return {name: value for name, value in model.get_config().items() if name not in ("generator", "discriminator")}


def state(model):
    """Every variable of a compiled model and of its optimisers, by a name that a copy shares."""
    variables = {f"model/{i}": variable for i, variable in enumerate(model.variables)}
    for name in ("optimizer", "generator_optimizer", "discriminator_optimizer"):
        if optimizer := getattr(model, name, None):
            variables |= {f"{name}/{i}": variable for i, variable in enumerate(optimizer.variables)}
    return {name: variable.numpy() for name, variable in variables.items()}

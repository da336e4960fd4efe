"""Models with flows of a size for tests."""

import keras
import numpy as np
import tensorflow as tf

from keras_gen import networks
from keras_gen.models import FVAE, Glow
from keras_gen.networks import f_vae as f_vae_networks

IMAGE_SHAPE = (8, 8, 1)


def images(count, seed=0, shape=IMAGE_SHAPE):
    """Images of 8 bits in [-1, 1], a new tensor [count, *shape] each time."""
    values = np.random.RandomState(seed).randint(0, 256, (count, *shape))
    return tf.constant((values / 127.5 - 1).astype("float32"))


def fit_inputs(batch_size, batches=1):
    return tf.data.Dataset.from_tensor_slices(images(batch_size * batches)).batch(batch_size, drop_remainder=True)


def trained_glow(steps=2, **arguments):
    """A Glow of two levels after some steps that are large enough to matter."""
    model = Glow(IMAGE_SHAPE, levels=2, depth=2, width=4, **arguments)
    model.compile(keras.optimizers.Adam(1e-2), run_eagerly=True)
    if steps:
        model.fit(fit_inputs(8, steps), verbose=0)
    return model


def linear(shape):
    """A network that gives back what it takes."""
    x = keras.Input(shape)
    return keras.Model(x, keras.layers.Activation("linear")(x))


def new_f_vae(synchronized=False, act_norm_from_data=False, **arguments):
    """An f-VAE of one squeeze and a flow of two levels."""
    sizes = {"image_shape": IMAGE_SHAPE, "stages": 1, "depth": 1, "width": 4, "synchronized": synchronized}
    return FVAE(
        f_vae_networks.encoder(**sizes),
        f_vae_networks.decoder(**sizes),
        networks.glow((4, 4, 4), [1, 1], width=4, squeeze_first=False, act_norm_from_data=act_norm_from_data),
        **arguments,
    )


def trained_f_vae(steps=2, **arguments):
    """The same after some steps that are large enough to matter."""
    model = new_f_vae(**arguments)
    model.compile(keras.optimizers.Adam(1e-2), run_eagerly=True)
    model.fit(fit_inputs(8, steps), verbose=0)
    return model

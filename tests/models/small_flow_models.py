"""Models with flows of a size for tests."""

import keras
import numpy as np
import tensorflow as tf

from keras_gen.models import Glow

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
    model.compile(keras.optimizers.Adam(1e-2))
    if steps:
        model.fit(fit_inputs(8, steps), verbose=0)
    return model

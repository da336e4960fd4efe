"""What is checked of the values of batches on their way to a model, where a step in a graph could not stop."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from keras_gen.errors import check_input

KERAS_BATCH_SIZE = 32  # what `fit` cuts arrays into, if nothing is said


def check_finite(images: tf.Tensor) -> tf.Operation | None:
    """Checks that no pixel is NaN or infinite, as `keras_gen.errors.check_input` does."""
    finite = tf.reduce_all(tf.math.is_finite(images)) if images.dtype.is_floating else tf.constant(True)
    return check_input(finite, "images contain NaN or infinite pixels")


def checked_batches(x, check: Callable[[tf.Tensor], list[tf.Operation | None]], batch_size: int | None = None):
    """The data of a `fit`, checked: those of a `tf.data` data set batch by batch, an array at once.

    The step itself stays as it is, and so do its bits. What `tf.distribute` has dealt out already is passed on. On
    several replicas TensorFlow may take a failure in the last batch of a finite data set for the end of the data: `fit`
    then ends there without that batch, and says nothing.

    Args:
        x: What `fit` was given: batches of images or tuples that begin with images, or an array of images.
        check: Makes the checks of a batch.
        batch_size: What an array will be cut into.

    Raises:
        InputError: A check of an array fails. Those of a data set fail when their batch comes.
    """
    if isinstance(x, tf.data.Dataset):
        return x.map(_checking(check, isinstance(x.element_spec, tuple)), tf.data.AUTOTUNE, deterministic=True)
    if isinstance(x, (np.ndarray, tf.Tensor)) and len(x):
        short = len(x) % (batch_size or KERAS_BATCH_SIZE)
        for part in (x, x[-short:]) if short else (x,):
            check(tf.convert_to_tensor(part))
    return x


def _checking(check: Callable, are_tuples: bool) -> Callable:
    """A function that passes a batch on once it is checked; the model says what is wrong with one without images."""

    def checked(*batch):
        if isinstance(batch[0], tf.Tensor):
            with tf.control_dependencies(check(batch[0])):
                batch = (tf.identity(batch[0]), *batch[1:])
        return batch if are_tuples else batch[0]

    return checked

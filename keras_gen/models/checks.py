"""What every model asks of its data."""

import keras
import tensorflow as tf

from keras_gen.errors import InputError


def checked_images(data, taker: str, shape: tuple[int, ...]) -> tf.Tensor:
    """The images of a batch, float32 [batch, *shape].

    Args:
        data: What `train_step` is given: images, or a tuple (images, labels) whose labels are ignored.
        taker: The network that takes the images, for messages.
        shape: Shape of the images that it takes.

    Raises:
        InputError: Images of another kind or shape.
    """
    images, _, _ = keras.utils.unpack_x_y_sample_weight(data)
    images = tf.convert_to_tensor(images)
    if images.shape.rank == len(shape) and images.shape.is_compatible_with(shape):
        raise InputError(f"images have shape {tuple(images.shape)}, without the batch's axis; give [n, height, ...]")
    if not images.dtype.is_floating:
        raise InputError(f"images have dtype {images.dtype.name}; give float32 in [-1, 1]")
    if not images.shape[1:].is_compatible_with(shape):
        raise InputError(f"images have shape {tuple(images.shape[1:])}, the {taker} takes {tuple(shape)}")
    return tf.cast(images, tf.float32)

"""What every model asks of its data and of its optimisers."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from keras_gen.errors import InputError


def check_defined(**networks: keras.Model) -> None:
    """Checks that networks, given by their roles, know the shapes that they take and give.

    Raises:
        InputError: One does not, like a `Sequential` that has not seen data.
    """
    for role, network in networks.items():
        if not hasattr(network, "input_shape") or not hasattr(network, "output_shape"):
            raise InputError(f"the {role} has no shapes yet; begin it with keras.Input(shape), or call it once on data")


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


def built_optimizer(
    argument: str, optimizer: keras.optimizers.Optimizer | str | dict, variables: Sequence[keras.Variable]
) -> keras.optimizers.Optimizer:
    """An optimiser, given as Keras takes it, built on its variables so that a checkpoint finds its own.

    Args:
        argument: The name of the argument, for messages.
        optimizer: An optimiser, its name or its configuration.
        variables: What it will train.

    Raises:
        InputError: Keras knows no such optimiser, or it was built on other variables.
    """
    try:
        found = keras.optimizers.get(optimizer)
    except (ValueError, TypeError) as error:
        raise InputError(f"{argument}={optimizer!r}: give an optimiser of Keras or its name, such as 'adam'") from error
    found.build(variables)
    try:
        found._check_variables_are_known(variables)
    except ValueError as error:
        raise InputError(f"{argument}: this object trains other weights; give each network an optimiser") from error
    return found

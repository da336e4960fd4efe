"""What a training step needs around an optimiser: building it, the regularisers' part of a loss, clipped gradients."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from keras_gen import keras_privates
from keras_gen.errors import InputError


def built_optimizer(
    argument: str, optimizer: keras.optimizers.Optimizer | str | dict, variables: Sequence[keras.Variable]
) -> keras.optimizers.Optimizer:
    """An optimiser, given as Keras takes it, built on its variables so that a checkpoint finds its own.

    Args:
        argument: The name of the argument, for messages.
        optimizer: An optimiser, its name or its configuration.
        variables: What it will train.

    Raises:
        InputError: Keras does not know the optimiser, or it was built on other variables.
    """
    try:
        found = keras.optimizers.get(optimizer)
    except (ValueError, TypeError) as error:
        raise InputError(f"{argument}={optimizer!r}: give a Keras optimizer or its name, such as 'adam'") from error
    found.build(variables)
    if not keras_privates.trains_exactly(found, variables):
        raise InputError(f"{argument}: this optimizer trains other weights; give each network its own")
    return found


def regularization(variables: Sequence[keras.Variable]) -> list[tf.Tensor]:
    """What the regulariser of each variable that has one charges for it, float32 scalars."""
    regularized = [variable for variable in variables if variable.regularizer is not None]
    return [tf.cast(variable.regularizer(variable), tf.float32) for variable in regularized]


def clipped(gradients: list[tf.Tensor], norm: float) -> list[tf.Tensor]:
    """This replica's even share of the replicas' summed gradient, scaled down to the norm if it is larger."""
    replica = tf.distribute.get_replica_context()
    if replica.num_replicas_in_sync > 1:
        gradients = replica.all_reduce(tf.distribute.ReduceOp.SUM, gradients)
        norm = norm / replica.num_replicas_in_sync
        gradients = [gradient / replica.num_replicas_in_sync for gradient in gradients]
    return tf.clip_by_global_norm(gradients, norm)[0]

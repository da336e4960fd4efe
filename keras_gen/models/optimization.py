"""What a training step needs around an optimiser: building it, the regularisers' part of a loss, clipped gradients."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from keras_gen import keras_privates
from keras_gen.errors import InputError

# Arguments of `compile` that Keras knows, and what each is about.
COMPILE_ARGUMENTS = {
    "optimizer": "optimizer",
    "loss": "loss",
    "loss_weights": "loss",
    "metrics": "metrics",
    "weighted_metrics": "metrics",
}


def built_optimizer(
    argument: str,
    optimizer: keras.optimizers.Optimizer | str | dict,
    variables: Sequence[keras.Variable],
    scale_loss: bool = False,
) -> keras.optimizers.Optimizer:
    """An optimiser, given as Keras takes it, built on its variables so that a checkpoint finds its own.

    Args:
        argument: The name of the argument, for messages.
        optimizer: An optimiser, its name or its configuration.
        variables: What it will train.
        scale_loss: Whether the loss is to be scaled, so that gradients in float16 do not vanish.

    Raises:
        InputError: Keras does not know the optimiser, or it was built on other variables.
    """
    try:
        found = keras.optimizers.get(optimizer)
    except (ValueError, TypeError) as error:
        raise InputError(f"{argument}={optimizer!r}: give a Keras optimizer or its name, such as 'adam'") from error
    if scale_loss and not isinstance(found, keras.optimizers.LossScaleOptimizer):
        found = keras.optimizers.LossScaleOptimizer(found)
    found.build(variables)
    if not keras_privates.trains_exactly(found, variables):
        raise InputError(f"{argument}: this optimizer trains other weights; give each network its own")
    return found


class Optimizers:
    """Several optimisers as the one that Keras's callbacks look for in `model.optimizer`.

    `LearningRateScheduler`, `ReduceLROnPlateau` and `SwapEMAWeights` treat each of `optimizers`, as they do those of a
    `keras.optimizers.MultiOptimizer`. Nothing is saved with it: each optimiser is an attribute of the model too.
    """

    built = True

    def __init__(self, trained: Sequence[tuple[keras.optimizers.Optimizer, Sequence[keras.Variable]]]):
        self.optimizers = [optimizer for optimizer, _ in trained]
        self._variables = [list(variables) for _, variables in trained]

    @property
    def variables(self) -> list[keras.Variable]:
        """The variables of all of them."""
        return [variable for optimizer in self.optimizers for variable in optimizer.variables]

    def finalize(self) -> None:
        """Ends a `fit`: an optimiser with `use_ema` leaves its averages in the weights."""
        for optimizer, variables in zip(self.optimizers, self._variables, strict=True):
            optimizer.finalize_variable_values(variables)

    @property
    def iterations(self) -> keras.Variable:
        """The updates that the first one made."""
        return self.optimizers[0].iterations


def check_compile_arguments(model: keras.Model, arguments: Mapping[str, Any]) -> None:
    """Checks that nothing that the model would ignore is given to `compile`.

    Raises:
        InputError: There is a loss, a metric or their weights, or an argument that neither the model nor Keras has.
    """
    name, terms = type(model).__name__, ", ".join(model.term_names())
    advice = {
        "optimizer": f"{name} trains two networks; give generator_optimizer and discriminator_optimizer",
        "loss": f"{name} brings its own; leave it out, or give the model another as docs/models.md says",
        "metrics": f"{name} reports {terms}; leave it out, and measure other things in a callback",
    }
    for argument, kind in COMPILE_ARGUMENTS.items():
        if arguments.get(argument):
            raise InputError(f"{argument}: {advice[kind]}")
    own, keras_own = (inspect.signature(one.compile).parameters for one in (model, keras.Model))
    for argument in sorted(arguments.keys() - keras_own.keys()):
        taken = ", ".join(name for name in own if name != "kwargs")
        raise InputError(f"{argument}: {name}.compile has no such argument; it takes {taken}")


def check_jit_compile(jit_compile: bool | str | None) -> None:
    """Checks that XLA is not asked to compile a step of several replicas.

    Raises:
        InputError: It is.
    """
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    if jit_compile is True and replicas > 1:
        raise InputError(f"jit_compile=True: XLA compiles for one device, not for {replicas} replicas; leave it out")


def check_scalar(loss: tf.Tensor) -> None:
    """Checks that a loss is one number.

    Raises:
        InputError: It has several, such as one per image.
    """
    if loss.shape.rank not in (0, None):
        shape = tuple(loss.shape)
        raise InputError(f"a loss has shape {shape}; it must be one number, a mean over the batch: use tf.reduce_mean")


def regularization(variables: Sequence[keras.Variable]) -> list[tf.Tensor]:
    """What the regulariser of each variable that has one charges for it, float32 scalars."""
    regularized = [variable for variable in variables if variable.regularizer is not None]
    return [tf.cast(variable.regularizer(variable), tf.float32) for variable in regularized]


def finite_on_all_replicas(*tensors: tf.Tensor) -> tf.Tensor:
    """Whether every number of every replica's tensors is finite, a bool scalar that all replicas agree on."""
    finite = tf.reduce_all([tf.reduce_all(tf.math.is_finite(tensor)) for tensor in tensors])
    broken = tf.cast(~finite, tf.float32)
    replica = tf.distribute.get_replica_context()
    if replica.num_replicas_in_sync > 1:
        broken = replica.all_reduce(tf.distribute.ReduceOp.SUM, broken)
    return broken < 0.5


def apply_if(
    condition: tf.Tensor,
    optimizer: keras.optimizers.Optimizer,
    gradients: list[tf.Tensor],
    variables: Sequence[keras.Variable],
) -> None:
    """Updates the variables if the condition holds, on which all replicas agree; otherwise nothing changes."""

    def update(gradients: list[tf.Tensor]) -> None:
        optimizer.apply(gradients, variables)

    def of_all_replicas(strategy: tf.distribute.Strategy, condition: Any, gradients: Any) -> None:
        def update_all() -> tf.Tensor:
            strategy.extended.call_for_each_replica(update, args=(gradients,))
            return tf.constant(True)

        # Replicas meet inside an optimizer, which they cannot do inside a condition of each.
        first = strategy.experimental_local_results(condition)[0]
        tf.cond(first, update_all, lambda: tf.constant(False))

    tf.distribute.get_replica_context().merge_call(of_all_replicas, (condition, gradients))


def clipped(
    gradients: list[tf.Tensor], norm: float, measured: Callable[[list[tf.Tensor]], tf.Tensor] = tf.linalg.global_norm
) -> list[tf.Tensor]:
    """This replica's even share of the replicas' summed gradient, scaled down if its norm is larger than `norm`.

    The squares of a finite gradient may overflow, as those of numbers from 2e19 on do; it is scaled down all the same.

    Args:
        gradients: This replica's gradients.
        norm: The largest norm that the sum over the replicas may have.
        measured: From gradients to their norm.
    """
    replica = tf.distribute.get_replica_context()
    if replica.num_replicas_in_sync > 1:
        gradients = replica.all_reduce(tf.distribute.ReduceOp.SUM, gradients)
        norm = norm / replica.num_replicas_in_sync
        gradients = [gradient / replica.num_replicas_in_sync for gradient in gradients]
    found = measured(gradients)

    def in_units_of_the_largest() -> tf.Tensor:
        largest = tf.reduce_max([tf.reduce_max(tf.abs(gradient)) for gradient in gradients if gradient is not None])
        return largest * measured([None if gradient is None else gradient / largest for gradient in gradients])

    found = tf.cond(tf.math.is_finite(found), lambda: found, in_units_of_the_largest)
    return tf.clip_by_global_norm(gradients, norm, use_norm=found)[0]


def update_average(average: keras.Model, network: keras.Model, momentum: float, step: keras.Variable) -> None:
    """Moves the weights of an average towards a network's, by 1 - momentum; at step s by at least 9 / (10 + s)."""
    # Early on the average is short, so that it forgets the initial weights.
    steps = tf.cast(step.value, tf.float32)
    momentum = tf.minimum(momentum, (1 + steps) / (10 + steps))
    for mean, current in zip(average.weights, network.weights, strict=True):
        mean.assign(momentum * mean + (1 - momentum) * current)

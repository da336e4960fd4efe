"""Everything here that overrides or calls a private part of Keras, each with the public hook that would replace it.

Written against Keras 3.15; `setup.py` allows that minor version alone.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import tensorflow as tf

from keras_gen.errors import InputError

# Keras puts what is raised within a layer's `call` into words of its own, on several lines, unless it has this mark.
# This could go if Keras left alone errors whose class says so.
InputError._keras_call_info_injected = True  # type: ignore[attr-defined]


class Model(keras.Model):
    """`keras.Model` whose steps' results can be looked through, and that is never built from a batch.

    Subclasses are built when they are made and compiled.

    Under a `tf.distribute` strategy Keras takes a batch to learn its shapes and averages it over the replicas, which
    fails for tuples of several workers. This could go if `fit` skipped it for a model whose `built` is True.
    """

    def _maybe_symbolic_build(self, iterator: Iterator | None = None, data_batch: Any = None) -> None:
        pass

    def _autoconvert_optionals(self, step_func: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Keras's wrapper of a step on one batch, around what XLA compiles: there `inspected_results` sees its results.

        It could go if Keras had a hook between `train_step` and its loop over batches.
        """
        step = super()._autoconvert_optionals(step_func)

        def inspected_results(data: Any) -> Any:
            return self.inspected_results(data, step(data))

        return inspected_results

    def inspected_results(self, data: Any, results: Any) -> Any:
        """What Keras gets as the results of a step on a batch; in a graph, but never compiled by XLA."""
        del data
        return results


@keras.saving.register_keras_serializable("keras_gen")
class BatchNormalization(keras.layers.BatchNormalization):
    """Keras's batch norm; if `synchronized`, the replicas exchange one tensor per layer instead of three.

    A small exchange between many devices costs their network's latency, whatever its size. Keras sums values, squares
    and their number separately; here the means of values and of squares travel together, and the replicas, which have
    equally many rows, need no number. With a mask it is Keras's layer, whose names and weights it has in any case.

    It could go if Keras packed the sums, or let a layer supply its own moments.
    """

    def _moments(self, inputs: tf.Tensor, mask: tf.Tensor | None) -> tuple[tf.Tensor, tf.Tensor]:
        replica = tf.distribute.get_replica_context()
        if not self.synchronized or mask is not None or replica is None:
            return super()._moments(inputs, mask)
        axes = self._reduction_axes
        own = tf.stack([tf.reduce_mean(inputs, axes), tf.reduce_mean(inputs**2, axes)])
        mean, mean_square = tf.unstack(replica.all_reduce(tf.distribute.ReduceOp.MEAN, own))
        return mean, tf.maximum(mean_square - mean**2, 0.0)


@keras.saving.register_keras_serializable("keras_gen")
class Adam(keras.optimizers.Adam):
    """The updates of `keras.optimizers.Adam` (Kingma and Ba 2014, arXiv 1412.6980) by TensorFlow's fused kernel.

    Keras writes some forty operations for every weight. A flow has hundreds of small weights, and these operations are
    then most of the graph of a training step, and of the time to trace it.

    It could go if Keras's Adam used the fused kernel, or if `update_step` could compute once what all weights share.

    Args:
        *args: As in `keras.optimizers.Adam`.
        **kwargs: As in `keras.optimizers.Adam`, except for `amsgrad`.

    Raises:
        InputError: `amsgrad` is True.
    """

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if self.amsgrad:
            raise InputError("amsgrad=True: the fused Adam does not have it; use keras.optimizers.Adam")

    def _backend_update_step(
        self, grads: Sequence[tf.Tensor], trainable_variables: Sequence[keras.Variable], learning_rate: tf.Tensor
    ) -> None:
        # Keras's hook before the update of every weight: what all share is computed once.
        step = tf.cast(self.iterations.value + 1, tf.float32)
        correction = tf.sqrt(1 - self.beta_2**step) / (1 - self.beta_1**step)
        super()._backend_update_step(grads, trainable_variables, tf.cast(learning_rate, tf.float32) * correction)

    def update_step(self, gradient: tf.Tensor, variable: tf.Variable, learning_rate: tf.Tensor) -> None:
        """Updates one weight and its moments; the learning rate contains the corrections of both moments' bias."""
        index = self._get_variable_index(variable)
        constants = {
            "lr": learning_rate,
            "beta1": self.beta_1,
            "beta2": self.beta_2,
            "epsilon": self.epsilon,
            # the kernel's own corrections, made already
            "beta1_power": 0.0,
            "beta2_power": 0.0,
        }
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            grad=tf.cast(tf.convert_to_tensor(gradient), variable.dtype),
            **{name: tf.cast(value, variable.dtype) for name, value in constants.items()},
        )


def trains_exactly(optimizer: keras.optimizers.Optimizer, variables: Sequence[keras.Variable]) -> bool:
    """Whether a built optimiser was built on these variables.

    It could go if an optimiser told which variables it was built on.
    """
    try:
        optimizer._check_variables_are_known(variables)
    except ValueError:
        return False
    return True


@contextlib.contextmanager
def averaged_weights(optimizer: keras.optimizers.Optimizer) -> Iterator[None]:
    """Within it, weights are the moving averages that an optimiser, or one of several, keeps of them by `use_ema`.

    After it they are exactly what they were. It could go if Keras's `SwapEMAWeights`, which swaps by sums and
    differences, did not round them.
    """
    outer = getattr(optimizer, "optimizers", [optimizer])
    inner = [getattr(one, "inner_optimizer", one) for one in outer]  # of those that scale the loss
    pairs = [
        pair
        for one in inner
        if getattr(one, "use_ema", False)
        for pair in zip(one._trainable_variables, one._model_variables_moving_average, strict=True)
    ]
    kept = [keras.ops.convert_to_numpy(variable) for variable, _ in pairs]
    for variable, average in pairs:
        variable.assign(average)
    try:
        yield
    finally:
        for (variable, _), weights in zip(pairs, kept, strict=True):
            variable.assign(weights)


def computes_in_float16(layer: keras.Layer) -> bool:
    """Whether a layer or one inside it computes in float16, whose gradients vanish unless the loss is scaled."""
    return any(inner.compute_dtype == "float16" for inner in all_layers(layer))


def last_activation(network: keras.Model) -> str | None:
    """The name of the activation by which a network ends, if it does.

    It could go if a model told which layer gave its output.
    """
    operation = network.outputs[0]._keras_history.operation
    if isinstance(operation, keras.Model):
        # A subclass, and a Sequential that learns its shapes by a call, have no outputs of their own.
        inner = getattr(operation, "outputs", None)
        return last_activation(operation) if inner and hasattr(inner[0], "_keras_history") else None
    activation = getattr(operation, "activation", operation)
    return getattr(activation, "__name__", type(activation).__name__).lower()


def takes(layer: keras.Layer, tensor: keras.KerasTensor) -> bool:
    """Whether a layer has been called on a tensor of a network.

    It could go if a model told which layers take which of its inputs.
    """
    return any(taken is tensor for node in layer._inbound_nodes for taken in node.input_tensors)


def all_layers(layer: keras.Layer) -> list[keras.Layer]:
    """A layer and all layers inside it, at any depth.

    It could go if `keras.Layer` had what `keras.Model.layers` gives, recursively.
    """
    return layer._flatten_layers()

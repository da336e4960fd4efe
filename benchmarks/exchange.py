"""What the replicas of a training step compute and exchange, counted in the step's graph."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import keras
import tensorflow as tf

from benchmarks import operations

NOISE = ("StatelessRandomNormalV2", "StatelessRandomUniformV2")


@dataclass(frozen=True)
class Exchange:
    """One replica's part of a training step.

    Attributes:
        operations: Floating-point operations in convolutions and matrix products.
        gradients: Bytes of each tensor that an optimiser sums over the replicas.
        statistics: Bytes of each other tensor that is summed over them: batch norm's moments forward and backward,
            the gradients of what is gathered.
        gathered: Bytes that it contributes to each tensor which all replicas gather.
        noise: Random numbers that it draws.
    """

    operations: float
    gradients: list[int]
    statistics: list[int]
    gathered: list[int]
    noise: int


def count(
    strategy: tf.distribute.Strategy, new_model: Callable[[], keras.Model], batch_size: int, row_shape: tuple[int, ...]
) -> Exchange:
    """Counts in the graph of a step, which is traced and not run.

    Args:
        strategy: Two replicas or more on this machine's CPU.
        new_model: Makes the compiled model.
        batch_size: Rows that a replica gets.
        row_shape: Shape of a row.
    """
    with strategy.scope():
        model = new_model()

    @tf.function
    def step():
        return strategy.run(model.train_step, args=(tf.zeros([batch_size, *row_shape]),))

    function = step.get_concrete_function()
    ops = function.graph.get_operations()
    sums = [op for op in ops if op.type.startswith("CollectiveReduce")]
    gradients = [op for op in sums if op.name.startswith(_optimizers(model))]
    return Exchange(
        operations=operations.matrix_operations(function, batch_size) / strategy.num_replicas_in_sync,
        gradients=_bytes(gradients),
        statistics=_bytes([op for op in sums if op not in gradients]),
        gathered=_bytes([op for op in ops if op.type.startswith("CollectiveGather")]),
        noise=sum(_numbers(op.outputs[0]) for op in ops if op.type in NOISE) // strategy.num_replicas_in_sync,
    )


def _optimizers(model: keras.Model) -> tuple[str, ...]:
    """How the names of the operations of a model's optimisers begin."""
    attributes = ("optimizer", "generator_optimizer", "discriminator_optimizer")
    return tuple(getattr(model, name).name for name in attributes if getattr(model, name, None))


def _bytes(collectives: list[tf.Operation]) -> list[int]:
    """The size of what each collective operation of the first replica takes."""
    tensors = [op.inputs[0] for op in collectives if op.device.endswith("CPU:0")]
    return [tensor.shape.num_elements() * tensor.dtype.size for tensor in tensors]


def _numbers(noise: tf.Tensor) -> int:
    """How many numbers are kept of noise: its shape is known where it is cut and reshaped."""
    while not noise.shape.is_fully_defined():
        noise = next(op for op in noise.consumers() if op.type in ("StridedSlice", "Reshape")).outputs[0]
    return math.prod(noise.shape)

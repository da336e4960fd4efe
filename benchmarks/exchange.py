"""What the replicas of a training step compute and exchange, counted in the graph of the step."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import keras
import tensorflow as tf

from benchmarks import operations

RANDOM_INTEGERS = "StatelessRandomUniformFullIntV2"
SEED_SIZE = 2


@dataclass(frozen=True)
class Exchange:
    """One replica's part of a training step.

    Attributes:
        operations: Floating-point operations in convolutions and matrix products.
        gradients: Bytes of each tensor that an optimiser sums over the replicas.
        statistics: Bytes of each other tensor of one size that is summed over them: batch norm's moments forward and
            backward.
        gathered: Bytes that the replica contributes to each tensor gathered by all replicas.
        returned: The same for tensors whose gradient comes back as a sum over the replicas of the whole tensor.
        noise: Random numbers that the replica draws.
    """

    operations: float
    gradients: list[int]
    statistics: list[int]
    gathered: list[int]
    returned: list[int]
    noise: int


def count(
    strategy: tf.distribute.Strategy, new_model: Callable[[], keras.Model], batch_size: int, row_shape: tuple[int, ...]
) -> Exchange:
    """Counts in the graph of a step, which is traced but not run.

    Args:
        strategy: Two replicas or more on this machine's CPU.
        new_model: Builds the compiled model.
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
    # A graph does not tell how much the replicas gather together, and so not the size of its gradient.
    statistics = [op for op in sums if op not in gradients and op.inputs[0].shape.is_fully_defined()]
    gathered = [op for op in ops if op.type.startswith("CollectiveGather")]
    return Exchange(
        operations=operations.matrix_operations(function, batch_size) / strategy.num_replicas_in_sync,
        gradients=_bytes(gradients),
        statistics=_bytes(statistics),
        gathered=_bytes(gathered),
        returned=_bytes([op for op in gathered if _is_computed(op)]),
        noise=sum(_noise(op.outputs[0]) for op in ops if op.type == RANDOM_INTEGERS) // strategy.num_replicas_in_sync,
    )


def _optimizers(model: keras.Model) -> tuple[str, ...]:
    """The prefixes of the names of operations of a model's optimisers."""
    return tuple(optimizer.name for optimizer in getattr(model.optimizer, "optimizers", [model.optimizer]))


def _bytes(collectives: list[tf.Operation]) -> list[int]:
    """The size of what each collective operation of the first replica takes."""
    tensors = [_unpadded(op.inputs[0]) for op in collectives if op.device.endswith("CPU:0")]
    return [tensor.shape.num_elements() * tensor.dtype.size for tensor in tensors]


def _unpadded(tensor: tf.Tensor) -> tf.Tensor:
    """What is gathered, before it is padded to the longest of all replicas, which here are equally long."""
    return tensor.op.inputs[0] if tensor.op.type == "Pad" else tensor


def _is_computed(gather: tf.Operation) -> bool:
    """Whether what is gathered comes from weights, as noise and shapes do not, and so has a gradient."""
    seen, open_ends = set(), [gather.inputs[0].op]
    while open_ends:
        op = open_ends.pop()
        if op not in seen:
            seen.add(op)
            open_ends += [tensor.op for tensor in op.inputs if tensor.dtype.is_floating]
    return any(op.type in ("MatMul", "Conv2D") for op in seen)


def _noise(integers: tf.Tensor) -> int:
    """How many numbers of noise are made from random integers; none if these make a seed."""
    if integers.shape.rank == 0 or integers.shape[0] == SEED_SIZE:
        return 0
    # Whole vectors of integers are drawn, and the numbers made from them are sliced.
    tensor = integers
    while tensor.op.type != "Slice":
        tensor = tensor.consumers()[0].outputs[0]
    return math.prod(tensor.shape)

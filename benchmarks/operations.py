"""Counts the floating-point operations of a TensorFlow graph, and measures the rate of the machine."""

import time

import tensorflow as tf


def matrix_operations(function: tf.types.experimental.ConcreteFunction, batch_size: int) -> float:
    """Floating-point operations of one call that convolutions and matrix products make, nothing else.

    Only what the call's outputs and its assignments need is counted: TensorFlow prunes the rest before it runs.

    Args:
        function: A traced function without nested calls.
        batch_size: Stands in for the dimensions that the trace leaves open.
    """
    graph = function.graph
    ends = [output.op for output in graph.outputs] + [op for op in graph.get_operations() if _acts(op)]
    return sum(_operations(op, batch_size) for op in _needed(ends))


def matrix_product_rate(size: int = 2048, repetitions: int = 5) -> float:
    """The machine's floating-point operations per second in a product of two float32 matrices, the best of a few."""
    matrix = tf.random.stateless_normal([size, size], seed=[0, 0])
    product = tf.function(tf.matmul)
    product(matrix, matrix)
    seconds = []
    for _ in range(repetitions):
        start = time.perf_counter()
        product(matrix, matrix).numpy()
        seconds.append(time.perf_counter() - start)
    return 2 * size**3 / min(seconds)


def _acts(op: tf.Operation) -> bool:
    return op.type.startswith("ResourceApply") or (op.type.startswith("Assign") and op.type.endswith("VariableOp"))


def _needed(ends: list[tf.Operation]) -> set[tf.Operation]:
    needed, open_ends = set(), list(ends)
    while open_ends:
        op = open_ends.pop()
        if op not in needed:
            needed.add(op)
            open_ends += [tensor.op for tensor in op.inputs] + list(op.control_inputs)
    return needed


def _operations(op: tf.Operation, batch_size: int) -> float:
    """Two operations per multiplication: for Conv2D, every pixel of the larger map meets the whole kernel."""
    match op.type:
        case "Conv2D":
            kernel, outer = op.inputs[1].shape, op.outputs[0].shape
        case "Conv2DBackpropInput":
            kernel, outer = op.inputs[1].shape, op.inputs[2].shape
        case "Conv2DBackpropFilter":
            kernel, outer = op.outputs[0].shape, op.inputs[2].shape
        case "MatMul":
            rows, columns = _sizes(op.outputs[0].shape, batch_size)
            inner = _sizes(op.inputs[0].shape, batch_size)[0 if op.get_attr("transpose_a") else 1]
            return 2 * rows * columns * inner
        case _:
            return 0
    height, width, channels_in, channels_out = kernel
    batch, rows, columns, _ = _sizes(outer, batch_size)
    return 2 * batch * rows * columns * height * width * channels_in * channels_out


def _sizes(shape: tf.TensorShape, batch_size: int) -> list[int]:
    return [batch_size if size is None else size for size in shape]

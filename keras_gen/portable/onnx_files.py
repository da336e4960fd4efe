"""ONNX: made by tf2onnx, run by ONNX Runtime."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

OPSET = 18  # since ONNX Runtime 1.14


class Onnx:
    """The format of ONNX Runtime, in Python, in the browser, in C++ and elsewhere."""

    suffix = ".onnx"
    packages = ("tf2onnx", "onnx", "onnxruntime")

    def converted(self, function: Any, specs: Sequence[tf.TensorSpec]) -> bytes:
        """The content of a file.

        Args:
            function: A `tf.function` of those specs, without variables.
            specs: What it takes.
        """
        import tf2onnx

        logging.getLogger("tf2onnx").setLevel(logging.ERROR)
        model, _ = tf2onnx.convert.from_function(function, specs, opset=OPSET)
        _rename(model.graph, specs)
        return bytes(model.SerializeToString())

    def results(self, content: bytes, feeds: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """What a file gives for arrays by the names of its inputs."""
        import onnxruntime

        session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
        return list(session.run(None, dict(feeds)))


def _rename(graph: Any, specs: Sequence[tf.TensorSpec]) -> None:
    """Names the outputs as a SavedModel does, and the open sizes: `batch` where there is one batch."""
    names = {value.name: f"output_{i}" for i, value in enumerate(graph.output)}
    for node in graph.node:
        for ends in (node.input, node.output):
            ends[:] = [names.get(end, end) for end in ends]
    for value in graph.output:
        value.name = names[value.name]
    one_batch = sum(spec.shape.rank > 0 for spec in specs) == 1
    for value in (*graph.input, *graph.output):
        for axis, size in enumerate(value.type.tensor_type.shape.dim):
            if not size.HasField("dim_value"):
                size.dim_param = "batch" if axis == 0 and one_batch else f"{value.name}_{axis}"
    del graph.value_info[:]  # which has the sizes under their former names

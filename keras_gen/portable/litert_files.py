"""LiteRT, once TensorFlow Lite: made by TensorFlow's converter, run by the interpreter of ai-edge-litert."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf


class LiteRT:
    """The format of phones and small devices."""

    suffix = ".tflite"
    packages = ("ai_edge_litert",)

    def converted(self, function: Any, specs: Sequence[tf.TensorSpec]) -> bytes:
        """The content of a file; see `Onnx.converted`."""
        del specs
        module = tf.Module()  # with which the converter keeps the names of inputs and outputs
        return bytes(
            tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()], module).convert()
        )

    def results(self, content: bytes, feeds: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """What a file gives for arrays by the names of its inputs."""
        from ai_edge_litert.interpreter import Interpreter

        results = Interpreter(model_content=content).get_signature_runner()(**feeds)
        return [results[f"output_{i}"] for i in range(len(results))]

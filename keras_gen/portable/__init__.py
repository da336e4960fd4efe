"""Exports to files that run without TensorFlow, ONNX and LiteRT, and what draws their latents there."""

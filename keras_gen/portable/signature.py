"""`signature.json`: what an export says of itself to whoever has neither TensorFlow nor keras_gen.

    {"format": "onnx",
     "model": "WGANDiv",
     "endpoints": {"decode": {"file": "decode.onnx", "inputs": [...], "outputs": [...], "largest_difference": 2e-7}},
     "prior": {"kind": "normal", "shape": [128], "stream": 1405904012, "means": 0.0, "deviations": 1.0}}

An input or output has `name`, `dtype`, `shape`, with null where the size is open, and `unit`, what its numbers are.
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.models.endpoints import EndpointType
from keras_gen.portable import sampling

# An endpoint without types of its own says nothing of its numbers.
UNTYPED = EndpointType({})
# Numbers of these are beyond 1 in one of millions, and a last bit of theirs is 5e-7.
LATENTS_TOLERANCE = 1e-5


def of_endpoint(endpoint_type: EndpointType, specs: Sequence[tf.TensorSpec], results: Sequence[Any]) -> dict[str, Any]:
    """The inputs and outputs of an endpoint.

    Args:
        endpoint_type: What its numbers are.
        specs: What its function takes.
        results: What its function gives, tensors or their specs.
    """
    units = {name: argument.unit for name, argument in endpoint_type.arguments.items()}
    gives = endpoint_type.gives or ("",) * len(results)
    return {
        "inputs": [_of_tensor(spec.name, spec, units.get(spec.name, "")) for spec in specs],
        "outputs": [
            _of_tensor(f"output_{i}", result, unit) for i, (result, unit) in enumerate(zip(results, gives, strict=True))
        ],
    }


def _of_tensor(name: str, tensor: Any, unit: str) -> dict[str, Any]:
    return {"name": name, "dtype": tensor.dtype.name, "shape": list(tensor.shape), "unit": unit}


def of_prior(model: keras.Model) -> dict[str, Any] | None:
    """How the model's latents are drawn; None for a model that has none.

    Raises:
        InputError: The model draws other latents than its `prior_in_numbers` says.
    """
    if not hasattr(model, "prior_in_numbers"):
        return None
    prior = model.prior_in_numbers()
    if prior["kind"] not in sampling.KINDS:
        return prior
    drawn, expected = sampling.latents(prior, 4, seed=7), model.latents(4, 7).numpy()
    if drawn.shape != expected.shape or not np.allclose(drawn, expected, rtol=0, atol=LATENTS_TOLERANCE):
        raise InputError(
            f"{type(model).__name__}.latents draws other numbers than prior_in_numbers says; override both, or neither"
        )
    return prior

"""`write`: a model as a folder with one file per endpoint, which runs without TensorFlow.

faces/
decode.onnx        one per endpoint
signature.json     what they take and give, and how latents are drawn
sampling.py        draws them, with NumPy alone
"""

import importlib.util
import json
import math
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from keras_gen.errors import InputError
from keras_gen.layers.any_batch import open_batches_have_rows
from keras_gen.models.endpoints import Endpoint, EndpointType, types_of
from keras_gen.models.generative_model import GenerativeModel
from keras_gen.portable import sampling, signature
from keras_gen.portable.litert_files import LiteRT
from keras_gen.portable.onnx_files import Onnx
from keras_gen.utils.files import replacing

FORMATS: dict[str, Onnx | LiteRT] = {"onnx": Onnx(), "litert": LiteRT()}
# Of what a file is tried on: rows; points, neighbours ...; images that the model drew.
ROWS, COUNT, DRAWN = 3, 2, 12
# Of the largest number, or of 1 if that is smaller. A runtime adds in another order; a file that is wrong is far off.
TOLERANCE = 1e-3


def write(model: keras.Model, path: str | os.PathLike, format: str, endpoints: Sequence[str] | None = None) -> None:
    """Writes a folder, in the place of an export that may be there; each of its files has been loaded and tried.

    Args:
        model: A model with `endpoints`.
        path: The folder.
        format: One of `FORMATS`.
        endpoints: Those to write; None: all that draw no random numbers.

    Raises:
        InputError: A package is missing, the path holds something else, there is no such endpoint, or one cannot be
            converted; the message names it.
    """
    path = Path(path)
    check_installed(format)
    check_path(path)
    chosen = chosen_endpoints(model, format, endpoints)
    found: dict[str, Any] = {"format": format, "model": type(model).__name__, "endpoints": {}}
    found["prior"] = signature.of_prior(model)
    drawn = model.sample(DRAWN, seed=0).numpy() if isinstance(model, GenerativeModel) else None
    with replacing(path) as aside:
        aside.mkdir()
        for name, endpoint in chosen.items():
            file = f"{name}{FORMATS[format].suffix}"
            try:
                content, described = _converted(FORMATS[format], endpoint, drawn)
            except Exception as error:  # whatever a converter, or a runtime that loads what it made, fails with
                words = " ".join(str(error).split())[:200]
                raise InputError(
                    f"endpoint {name}: no {format} file can be made of it ({type(error).__name__}: {words}); to leave "
                    "it out, name the others in endpoints"
                ) from error
            (aside / file).write_bytes(content)
            found["endpoints"][name] = {"file": file, **described}
        (aside / sampling.SIGNATURE).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        shutil.copyfile(sampling.__file__, aside / "sampling.py")
        shutil.rmtree(path, ignore_errors=True)


def check_installed(format: str) -> None:
    """Checks that what makes and runs files of a format is there.

    Raises:
        InputError: A package is missing; the message says how to install it.
    """
    missing = [package for package in FORMATS[format].packages if importlib.util.find_spec(package) is None]
    if missing:
        raise InputError(f"format={format!r} needs {', '.join(missing)}: pip install {' '.join(missing)}")


def check_path(path: Path) -> None:
    """Checks that nothing but the files of an earlier export would be lost.

    Raises:
        InputError: The path is named as a file, or is that of a folder with something else in it; the message names it.
    """
    if path.suffix in {one.suffix for one in FORMATS.values()}:
        raise InputError(f"{path}: give the name of a folder, which will hold one {path.suffix} file per endpoint")
    others = sorted({file.name for file in path.iterdir()} - _written(path)) if path.exists() else []
    if others:
        raise InputError(f"{path} holds {others[0]}, which no export has written; give a new folder")


def _written(folder: Path) -> set[str]:
    """The names of the files of the export that lies in a folder; none if none does."""
    try:
        endpoints = json.loads((folder / sampling.SIGNATURE).read_bytes())["endpoints"]
        return {sampling.SIGNATURE, "sampling.py", *(endpoint["file"] for endpoint in endpoints.values())}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return set()


def chosen_endpoints(
    model: keras.Model, format: str, names: Sequence[str] | None
) -> dict[str, tuple[Endpoint, EndpointType]]:
    """The endpoints of those names, with what they take and give; without names, all that draw no random numbers.

    Raises:
        InputError: There is no such endpoint, or one draws, or no endpoint is left.
    """
    types = types_of(model)
    found = {name: (endpoint, types.get(name, signature.UNTYPED)) for name, endpoint in model.endpoints().items()}
    able = [name for name, (_, of) in found.items() if not of.draws]
    for name in names or ():
        if name not in able:
            why = "draws random numbers, which only a SavedModel does" if name in found else "is none of this model"
            raise InputError(f"endpoints: {name} {why}; for format={format!r} choose from {', '.join(able)}")
    chosen = {name: found[name] for name in (able if names is None else dict.fromkeys(names))}
    if not chosen:
        raise InputError(f"endpoints: {type(model).__name__} has none for format={format!r}")
    return chosen


def _converted(
    format: Onnx | LiteRT, endpoint: tuple[Endpoint, EndpointType], drawn: np.ndarray | None
) -> tuple[bytes, dict[str, Any]]:
    """The content of an endpoint's file, which was loaded and gives the endpoint's numbers, and what to say of it."""
    (function, specs), endpoint_type = endpoint
    traced, constant = frozen(function, specs)
    content = format.converted(constant, specs)
    feeds = {spec.name: _example(spec, drawn, i) for i, spec in enumerate(specs)}
    results = format.results(content, feeds)
    expected = [result.numpy() for result in tf.nest.flatten(traced(*map(tf.constant, feeds.values())))]
    difference = max(_difference(*pair) for pair in zip(results, expected, strict=True))
    if not difference <= TOLERANCE:
        raise ArithmeticError(f"it gives numbers that are off by {difference:g} of the largest")
    described = signature.of_endpoint(endpoint_type, specs, tf.nest.flatten(traced.structured_outputs))
    return content, {**described, "largest_difference": difference}


def frozen(function: Callable[..., Any], specs: Sequence[tf.TensorSpec]) -> tuple[Any, Any]:
    """An endpoint's function traced, and once more with its weights as constants, which TensorFlow folds.

    Only the batch has an open size inside of it, and batches are taken to have rows.
    """
    with open_batches_have_rows():
        traced = tf.function(function, input_signature=specs, autograph=False).get_concrete_function()
    constant = convert_variables_to_constants_v2(traced)
    return traced, tf.function(lambda *arguments: constant(*arguments), input_signature=specs, autograph=False)


def _example(spec: tf.TensorSpec, drawn: np.ndarray | None, place: int) -> np.ndarray:
    """What the argument of that place is tried on.

    Images are those that the model drew, where it draws: flows map noise to codes far from any that they have seen,
    where rounding grows without bound.
    """
    if spec.shape.rank == 0:
        return np.array(COUNT, spec.dtype.as_numpy_dtype)
    shape = [size or ROWS for size in spec.shape]
    if drawn is None or tuple(shape[1:])[-drawn.ndim + 1 :] != drawn.shape[1:]:
        return np.random.default_rng(0).uniform(-1, 1, shape).astype(spec.dtype.as_numpy_dtype)
    count = math.prod(shape[: 1 - drawn.ndim])
    return drawn.take(np.arange(count) + place, axis=0, mode="wrap").reshape(shape)


def _difference(result: np.ndarray, expected: np.ndarray) -> float:
    """The largest difference of floats, in units of the largest of them or of 1; of whole numbers, which may tie, 0."""
    if result.shape != expected.shape or result.dtype != expected.dtype:
        raise ValueError(f"it gives {result.dtype} {result.shape} for {expected.dtype} {expected.shape}")
    if not np.issubdtype(expected.dtype, np.floating):
        return 0.0
    differences = np.where(np.isnan(result) & np.isnan(expected), 0, np.abs(result - expected))
    return float(differences.max(initial=0) / max(1, np.nanmax(np.abs(expected), initial=0)))

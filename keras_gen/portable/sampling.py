"""Latents of an exported model, drawn with NumPy alone: a seed gives the latents that it gives in Keras.

Every export to ONNX and LiteRT holds a copy of this file, to import where neither TensorFlow nor keras_gen is:

    import sys
    import onnxruntime

    sys.path.append("faces")  # the folder of the export
    import sampling

    signature = sampling.read_signature("faces")
    latents = sampling.latents(signature["prior"], num_samples=16, seed=7)
    images = onnxruntime.InferenceSession("faces/decode.onnx").run(None, {"latents": latents})[0]

The generator is Philox 4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3", 2011), as in
`keras_gen/utils/noise.py`, whose uniform numbers these are bit for bit. Its normal numbers are these to 1e-6, because
logarithm, sine and cosine are computed in float64 here and rounded at the end.
"""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

SIGNATURE = "signature.json"
KINDS = ("normal", "mixture", "classes")  # of priors that can be drawn from here
MOMENTS = ("means", "deviations")  # of a mixture, one for each of its components; of classes, for each class
BLOCK = 4  # Numbers of 32 bits in a block.
SEED_KEY = (0x3EC8F720, 0x02461E29)  # The key under which TensorFlow hashes seeds, its lower half first.
MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
INCREMENTS = (np.uint64(0x9E3779B9), np.uint64(0xBB67AE85))
LOWER_HALF, HALF = np.uint64(0xFFFFFFFF), np.uint64(32)
SMALLEST = np.float32(1e-7)  # The logarithm's argument is at least this, so that no normal number is beyond 5.7.


def read_signature(folder: str | Path) -> dict[str, Any]:
    """What an export says of itself: its endpoints, and under `prior` how latents are drawn."""
    return dict(json.loads(Path(folder, SIGNATURE).read_text(encoding="utf-8")))


def latents(
    prior: Mapping[str, Any] | None,
    num_samples: int,
    seed: int = 0,
    temperature: float | None = None,
    cluster: int | None = None,
    labels: Sequence[int] | None = None,
) -> np.ndarray:
    """Draws latents float32 [num_samples, *shape] from the prior; the first of many are those of a few.

    Args:
        prior: The entry `prior` of `signature.json`.
        num_samples: How many, at least 1.
        seed: A whole number of 32 bits.
        temperature: Standard deviation of the latents of a flow, at least 0; None: 1.
        cluster: Draw from this cluster alone, counted from 0; None: from all of them.
        labels: Of a model with classes, the class of each, counted from 0; None: each class in turn.

    Raises:
        ValueError: The prior has no formula here, no temperature, no such cluster or class, or a number is out of
            range.
    """
    if prior is None:
        raise ValueError("prior: this model draws no latents")
    if prior["kind"] not in KINDS:
        raise ValueError(f"the prior is {prior['kind']!r}, which only keras_gen can draw from; draw the latents there")
    if num_samples < 1:
        raise ValueError(f"num_samples={num_samples}: must be at least 1")
    if temperature is not None and not ("temperature" in prior and 0 <= temperature < math.inf):
        raise ValueError(f"temperature={temperature}: give a number of at least 0, and only to a model with a flow")
    if cluster is not None and not ("cluster_stream" in prior and 0 <= cluster < len(prior["means"])):
        raise ValueError(f"cluster={cluster}: this model has no such cluster")
    classes = _classes(prior, num_samples, labels)
    stream, component = prior["stream"], np.array(0) if classes is None else classes
    if cluster is not None:
        stream, component = prior["cluster_stream"], np.array(cluster)
    elif prior["kind"] == "mixture":
        component = _components(prior["probabilities"], num_samples, seed, prior["component_stream"])
    if prior["kind"] == "normal":
        mean, deviation = (np.asarray(prior[moment], np.float32) for moment in MOMENTS)
    else:
        mean, deviation = (np.asarray(prior[moment], np.float32)[component] for moment in MOMENTS)
    numbers = deviation * normal((num_samples, *prior["shape"]), seed, stream)
    drawn = mean + (numbers if temperature is None else np.float32(temperature) * numbers)
    if "one_hot_classes" not in prior:
        return drawn
    return np.concatenate([drawn, np.eye(prior["one_hot_classes"], dtype=np.float32)[classes]], axis=-1)


def _classes(prior: Mapping[str, Any], num_samples: int, labels: Sequence[int] | None) -> np.ndarray | None:
    """The classes of samples, [num_samples]; None for a model without classes."""
    count = prior.get("one_hot_classes", len(prior["means"]) if prior["kind"] == "classes" else None)
    if count is None:
        if labels is not None:
            raise ValueError("labels: this model has no classes; leave them out")
        return None
    classes = np.arange(num_samples) % count if labels is None else np.asarray(labels)
    if classes.shape != (num_samples,) or classes.dtype.kind not in "iu" or not np.isin(classes, range(count)).all():
        raise ValueError(f"labels: give {num_samples} whole numbers from 0 to {count - 1}")
    return classes


def _components(probabilities: Sequence[float], num_samples: int, seed: int, stream: int) -> np.ndarray:
    """Numbers of components of a mixture, [num_samples], each with its probability."""
    sums = np.cumsum(np.asarray(probabilities, np.float32), dtype=np.float32)
    found = np.searchsorted(sums, uniform((num_samples,), seed, stream), side="right")
    return np.minimum(found, len(probabilities) - 1)  # rounding may leave the last sum below 1


def uniform(shape: Sequence[int], seed: int, stream: int) -> np.ndarray:
    """Numbers uniform on [0, 1), float32 of a shape.

    Args:
        shape: Their shape.
        seed: A whole number of 64 bits, and so is the next.
        stream: Streams of different numbers are independent.
    """
    size = math.prod(shape)
    return _uniform(size, seed, stream).reshape(shape)


def normal(shape: Sequence[int], seed: int, stream: int) -> np.ndarray:
    """Standard normal numbers, float32 of a shape, by Box and Muller's formula; see `uniform`."""
    size = math.prod(shape)
    pairs = _uniform(size + size % 2, seed, stream).reshape(-1, 2)
    radius = np.sqrt(-2 * np.log(np.maximum(pairs[:, 0], SMALLEST).astype(np.float64)))
    angle = (np.float32(2 * math.pi) * pairs[:, 1]).astype(np.float64)
    numbers = np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=1).astype(np.float32)
    return numbers.reshape(-1)[:size].reshape(shape)


def _uniform(size: int, seed: int, stream: int) -> np.ndarray:
    """The first numbers of a stream, float32 [size]: the lower 23 bits of an integer are those after the point."""
    hashed = philox(np.array([[seed, stream]], np.int64).view(np.uint32), SEED_KEY)[0]
    counters = np.zeros([-(-size // BLOCK), BLOCK], np.uint32)
    counters[:, 0] = np.arange(len(counters))
    counters[:, 2:] = hashed[2:]
    integers = philox(counters, hashed[:2]).reshape(-1)[:size]
    return (integers & np.uint32(0x007FFFFF)).astype(np.float32) / np.float32(2**23)


def philox(counters: np.ndarray, key: Sequence[int] | np.ndarray) -> np.ndarray:
    """Random integers uint32 [n, 4] from counters uint32 [n, 4] and a key of two numbers of 32 bits."""
    x0, x1, x2, x3 = counters.T.astype(np.uint64)
    k0, k1 = np.array(key, np.uint64)[:, np.newaxis]
    for _ in range(10):
        first, second = x0 * MULTIPLIERS[0], x2 * MULTIPLIERS[1]
        x0, x1 = second >> HALF ^ x1 ^ k0, second & LOWER_HALF
        x2, x3 = first >> HALF ^ x3 ^ k1, first & LOWER_HALF
        k0, k1 = k0 + INCREMENTS[0] & LOWER_HALF, k1 + INCREMENTS[1] & LOWER_HALF
    return np.stack([x0, x1, x2, x3], axis=1).astype(np.uint32)

"""Times training steps on JAX's device: `python -m benchmarks.accelerator.time_steps PARCEL --output=accelerator.json`.

Steps are compiled side by side, for so many seconds at most; then those that are ready are timed, each alone, beside
the device's own rate for products of large matrices.
"""

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.accelerator import machine

if TYPE_CHECKING:
    from benchmarks.accelerator.parcel import Parcel

# Sides of the matrices by whose product the device's rate is measured.
MATRIX = {"cpu": 1024}
LARGE_MATRIX = 8192
# What is kept of a description.
KEPT = ("script", "precision", "batch_size", "image_shape", "parameters")


def parser() -> machine.Parser:
    """The flags of this command."""
    made = machine.parser(__doc__)
    made.add_argument("parcel", help="The folder that `send_steps` packed.")
    made.add_argument("--output", default="accelerator.json", help="The file that gets the times, a new one.")
    made.add_argument("--steps", type=machine.at_least_one, default=20, help="Steps in a call.")
    made.add_argument("--rounds", type=machine.at_least_one, default=3, help="Calls; the median counts.")
    made.add_argument(
        "--seconds",
        type=machine.above_zero,
        default=600.0,
        help="Seconds to compile; steps that take longer are left out, and said to be.",
    )
    return made


def main(argv: list[str] | None = None) -> None:
    """Does what the command line says."""
    machine.guarded(_main, parser().parse_args(argv))


def _main(given: argparse.Namespace) -> int:
    from benchmarks.accelerator import many_steps
    from benchmarks.accelerator.parcel import Parcel, ParcelError

    output, parcel = Path(given.output), Parcel(given.parcel)
    descriptions = parcel.descriptions("step")
    if not descriptions:
        raise ParcelError(f"{parcel.path} holds no step; give the folder that `send_steps` packed")
    if output.exists():
        raise ParcelError(f"--output={output} exists; remove it, or give another file")
    try:
        _write(output, {})  # what stands in the way is found before anything is compiled
        output.unlink()
    except OSError as error:
        raise ParcelError(f"--output={output} cannot be written: {error.strerror}; give another file") from error
    device, version = many_steps.begin()
    calls = compiled_in_time(parcel, descriptions, given)
    rates = {"float32": matrix_rate("float32"), "mixed_bfloat16": matrix_rate("bfloat16")}
    print(device, rates, flush=True)
    steps = {}
    for name, call in calls.items():
        d = descriptions[name]
        steps[name] = {key: d[key] for key in KEPT} | _or_error(timed, call, d, given)
        print(name, steps[name], flush=True)
        _write(output, {"device": device, "jax": version, "matrix_rate": rates, "steps": steps})
    if not steps:
        raise ParcelError(f"no step was compiled within --seconds={given.seconds:g}; give more")
    left_out = len(descriptions) - len(steps)
    print(f"{output}: {len(steps)} of {len(descriptions)} steps" + ("; see above for the others" if left_out else ""))
    return min(left_out, 1)


def compiled_in_time(parcel: "Parcel", descriptions: dict[str, dict[str, Any]], given: argparse.Namespace) -> Any:
    """The steps that are compiled within --seconds, by their names; of one that the device refuses, why."""
    pool = ThreadPoolExecutor(os.cpu_count())
    futures = {name: pool.submit(_or_error, compiled, parcel, d, given) for name, d in descriptions.items()}
    wait(futures.values(), given.seconds)
    pool.shutdown(wait=False, cancel_futures=True)
    for name, future in futures.items():
        print(f"{name}: {'compiled' if future.done() else 'not compiled in time'}", flush=True)
    found = {name: future.result() for name, future in futures.items() if future.done() and not future.cancelled()}
    for name in [name for name, ready in found.items() if "unusable" in ready]:
        print(f"error: {name}: {found.pop(name)['unusable']}", file=sys.stderr, flush=True)
    return found


def compiled(parcel: "Parcel", description: dict[str, Any], given: argparse.Namespace) -> dict[str, Any]:
    """Steps of a description as one call."""
    from benchmarks.accelerator import many_steps

    batch = description["batch_shape"]
    order = {"shape": [given.steps, batch[0]], "dtype": "uint16"}
    return {"call": many_steps.compiled(parcel, description, batch, order)}


def timed(ready: dict[str, Any], description: dict[str, Any], given: argparse.Namespace) -> dict[str, Any]:
    """The milliseconds of a step, the median over the rounds after a call that warms up, and its operations."""
    import numpy as np

    from benchmarks.accelerator import many_steps

    if "error" in ready:
        return ready
    batch = description["batch_shape"]
    variables = [many_steps.put(_small(found["shape"], found["dtype"])) for found in description["variables"]]
    images, order = np.zeros(batch, np.uint8), np.zeros((given.steps, batch[0]), np.uint16)
    images, order = many_steps.put(images), many_steps.put(order)
    seconds = []
    for _ in range(given.rounds + 1):
        begin = time.perf_counter()
        variables, terms = ready["call"](variables, images, order, np.int64(0), np.int64(given.steps))
        many_steps.get(terms)
        seconds.append(time.perf_counter() - begin)
    milliseconds = 1e3 * statistics.median(seconds[1:]) / given.steps
    return {"milliseconds": milliseconds, "operations": ready["call"].cost_analysis().get("flops", 0.0)}


def _small(shape: Any, dtype: str) -> Any:
    """Small numbers: what the weights are makes no difference to the time."""
    import numpy as np

    from benchmarks.accelerator import parcel

    return np.full(shape, 0.01 if "float" in dtype else 0, parcel.dtype(dtype))


def matrix_rate(dtype: str) -> float:
    """The device's rate for a product of large matrices, in 1e12 operations per second."""
    import jax
    import jax.numpy as jnp

    size = MATRIX.get(jax.default_backend(), LARGE_MATRIX)
    keys = jax.random.split(jax.random.key(0))
    left, right = (jax.random.normal(key, (size, size), jnp.float32).astype(dtype) for key in keys)
    product = jax.jit(lambda a, b: a @ b)
    product(left, right).block_until_ready()
    begin, repeats = time.perf_counter(), 10
    for _ in range(repeats):
        result = product(left, right)
    result.block_until_ready()
    return repeats * 2 * size**3 / (time.perf_counter() - begin) / 1e12


def _write(output: Path, result: dict[str, Any]) -> None:
    """Writes a file of JSON completely or not at all."""
    output.parent.mkdir(parents=True, exist_ok=True)
    aside = output.with_name(f".writing-{output.name}")
    aside.write_text(json.dumps(result, indent=1))
    os.replace(aside, output)


def _or_error(function: Callable[..., dict[str, Any]], *args: Any) -> dict[str, Any]:
    """What a function gives, or why the device or JAX refuses the step: too little memory, for example."""
    from benchmarks.accelerator import many_steps
    from benchmarks.accelerator.parcel import ParcelError

    try:
        return function(*args)
    except many_steps.DeviceError as error:
        return {"error": many_steps.reason(error)}
    except ParcelError as error:  # which tells nothing of the device
        return {"unusable": str(error)}


if __name__ == "__main__":
    main()

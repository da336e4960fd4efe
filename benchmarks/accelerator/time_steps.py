"""Times training steps on JAX's device: `python -m benchmarks.accelerator.time_steps PARCEL --output=accelerator.json`.

Steps are compiled side by side, for so many seconds at most; then those that are ready are timed, each alone, beside
the device's own rate for products of large matrices.
"""

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
from absl import app, flags

from benchmarks.accelerator import many_steps
from benchmarks.accelerator.parcel import Parcel, ParcelError

FLAGS = flags.FLAGS
# Sides of the matrices by whose product the device's rate is measured.
MATRIX = {"cpu": 1024}
LARGE_MATRIX = 8192


def define_flags() -> None:
    """Defines the flags of this command."""
    flags.DEFINE_string("output", "accelerator.json", "The file that gets the times.")
    flags.DEFINE_integer("steps", 20, "Steps in a call.", lower_bound=1)
    flags.DEFINE_integer("rounds", 3, "Calls; the median counts.", lower_bound=1)
    flags.DEFINE_float("seconds", 600.0, "Seconds to compile; steps that take longer are left out, and said to be.")


def compiled(parcel: Parcel, description: dict[str, Any]) -> Any:
    """Steps of a description as one call."""
    shapes = _arguments(description, lambda shape, dtype: jax.ShapeDtypeStruct(tuple(shape), dtype))
    return many_steps.compiled(parcel, description, *shapes)


def compiled_in_time(parcel: Parcel, descriptions: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The steps that are compiled within --seconds, by their names; of one that the device refuses, why."""
    pool = ThreadPoolExecutor(os.cpu_count())
    futures = {name: pool.submit(_or_error, compiled, parcel, d) for name, d in descriptions.items()}
    wait(futures.values(), FLAGS.seconds)
    pool.shutdown(wait=False, cancel_futures=True)
    for name, future in futures.items():
        print(f"{name}: {'compiled' if future.done() else 'not compiled in time'}", flush=True)
    return {name: future.result() for name, future in futures.items() if future.done() and not future.cancelled()}


def _arguments(description: dict[str, Any], make: Callable[[Any, str], Any]) -> tuple[Any, Any, Any]:
    batch, *image = description["batch_shape"]
    variables = [make(found["shape"], found["dtype"]) for found in description["variables"]]
    return variables, make((batch, *image), "uint8"), make((FLAGS.steps, batch), "uint16")


def _made(shape: Any, dtype: str) -> jax.Array:
    """Small numbers: what the weights are makes no difference to the time."""
    floating = jnp.issubdtype(jnp.dtype(dtype), jnp.floating)
    return jnp.full(tuple(shape), 0.01 if floating else 0, dtype)


def timed(call: Any, description: dict[str, Any]) -> float:
    """Milliseconds of a step: the median over the rounds, after a call that warms up."""
    variables, images, order = _arguments(description, _made)
    seconds = []
    for _ in range(FLAGS.rounds + 1):
        begin = time.perf_counter()
        variables, terms = call(variables, images, order)
        jax.device_get(terms)
        seconds.append(time.perf_counter() - begin)
    return 1e3 * statistics.median(seconds[1:]) / FLAGS.steps


def matrix_rate(dtype: str) -> float:
    """The device's rate for a product of large matrices, in 1e12 operations per second."""
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


def main(argv: list[str]) -> None:
    """Does what the command line says."""
    if len(argv) != 2:
        sys.exit("error: give the folder of one parcel: python -m benchmarks.accelerator.time_steps PARCEL")
    jax.config.update("jax_enable_x64", True)
    parcel = Parcel(argv[1])
    try:
        many_steps.check_version()
        descriptions = parcel.descriptions()
        if not descriptions:
            raise ParcelError(f"{parcel.path}: it has no steps")
        calls = compiled_in_time(parcel, descriptions)
    except ParcelError as error:
        sys.exit(f"error: {error}")
    device = jax.local_devices()[0].device_kind
    rates = {"float32": matrix_rate("float32"), "mixed_bfloat16": matrix_rate("bfloat16")}
    print(device, rates, flush=True)
    steps = {}
    for name, call in calls.items():
        d = descriptions[name]
        milliseconds = call if isinstance(call, str) else _or_error(timed, call, d)
        kept = {key: d[key] for key in ("script", "precision", "batch_size", "image_shape", "parameters")}
        if isinstance(milliseconds, str):
            steps[name] = kept | {"error": milliseconds}
        else:
            operations = call.cost_analysis().get("flops", 0.0)
            steps[name] = kept | {"milliseconds": milliseconds, "operations": operations}
        print(name, steps[name], flush=True)
        result = {"device": device, "jax": jax.__version__, "matrix_rate": rates, "steps": steps}
        Path(FLAGS.output).write_text(json.dumps(result, indent=1))
    sys.stdout.flush()
    os._exit(0)  # what is still being compiled cannot be stopped


def _or_error(function: Callable, *args: Any) -> Any:
    """What a function gives, or the first line of why the device refuses it: too little memory, for example."""
    try:
        return function(*args)
    except jax.errors.JaxRuntimeError as error:
        return str(error).split("\n")[0]


if __name__ == "__main__":
    define_flags()
    app.run(main)

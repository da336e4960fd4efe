"""Trains what a parcel describes on JAX's device: `python -m benchmarks.accelerator.train PARCEL --results=FOLDER`.

It needs this folder, JAX, NumPy and Pillow. Runs are trained one after another, while the steps of the next ones are
compiled; each leaves its state, its rows and its snapshots in the folder of results as soon as it ends.
"""

import math
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import jax
import ml_dtypes
import numpy as np
from absl import app, flags

from benchmarks.accelerator import many_steps, pictures
from benchmarks.accelerator.parcel import Parcel, ParcelError, description_hash

FLAGS = flags.FLAGS
# Seconds between two words on how far a run is.
TELL_EVERY = 10.0


def define_flags() -> None:
    """Defines the flags of this command."""
    flags.DEFINE_string("results", None, "Where the results are put; a folder beside the parcel by default.")
    flags.DEFINE_multi_string("only", [], "Only this run; may be given several times.")
    flags.DEFINE_float("seconds", math.inf, "No run starts or goes on after so many seconds; its state comes back.")
    flags.DEFINE_integer("compile_ahead", 4, "Runs whose steps are compiled at a time.", lower_bound=1)


class Run:
    """A run of a parcel.

    Args:
        parcel: The parcel.
        name: The run's name in it.
        description: Its description.
    """

    def __init__(self, parcel: Parcel, name: str, description: dict[str, Any]):
        self.parcel, self.name, self.description = parcel, name, description

    def compiled(self) -> Any:
        """The steps of one report as one call."""
        d = self.description
        variables = [_shape(found["shape"], found["dtype"]) for found in d["variables"]]
        order = _shape((d["report_every"], *d["order"]["shape"][1:]), d["order"]["dtype"])
        return many_steps.compiled(self.parcel, d, variables, _shape(d["images"]["shape"], "uint8"), order)

    def trained(self, compiled: Any, images: jax.Array, until: float, results: Parcel) -> dict[str, Any]:
        """Trains until its last step or that moment (of `time.monotonic`); gives the description of what came of it."""
        d = self.description
        order = self.parcel.array(d["order"])
        variables = [jax.device_put(self.parcel.array(found)) for found in d["variables"]]
        means = [i for i, found in enumerate(d["variables"]) if found["kind"] == "mean"]
        every, step, seconds = d["report_every"], d["first_step"], 0.0
        rows: list[dict[str, float]] = []
        snapshots: dict[int, list[dict[str, str]]] = {}
        measured = range(d["measure_every"], d["last_step"], d["measure_every"])
        wanted = measured[max(len(measured) - d["snapshots"], 0) :]
        told = time.monotonic()
        while step < d["last_step"] and (not rows or time.monotonic() < until):
            for i in means:  # which a report begins anew
                variables[i] = jax.numpy.zeros_like(variables[i])
            part = order[step - d["first_step"] :][:every]
            begin = time.perf_counter()
            after, terms = compiled(variables, images, part)
            values = [float(term) for term in jax.device_get(terms)]
            seconds += time.perf_counter() - begin
            variables = after
            step += every
            rows.append({"step": step, "seconds": round(seconds, 3), **dict(zip(d["terms"], values, strict=True))})
            if not all(map(math.isfinite, values)):
                break
            if step in wanted:
                snapshots[step] = [_put(results, variables[i], half=True) for i in d["snapshot"]]
            if time.monotonic() - told > TELL_EVERY or step == d["last_step"]:
                told = time.monotonic()
                print(f"{self.name}: {step} of {d['last_step']} steps, {seconds:.1f} s, {rows[-1]}", flush=True)
        return {
            "of": description_hash(d),
            "device": jax.local_devices()[0].device_kind,
            "jax": jax.__version__,
            "step": step,
            "rows": rows,
            "snapshots": snapshots,
            "variables": [
                _put(results, array, d["half"], found["kind"])
                if d["optimizers"] or found["kind"] != "optimizer"
                else None
                for array, found in zip(variables, d["variables"], strict=True)
            ],
        }


def _shape(shape: Any, dtype: str) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(tuple(shape), dtype)


def _put(results: Parcel, array: jax.Array, half: bool, kind: str = "weight") -> dict[str, str]:
    """Keeps an array; with half the bits if wanted, where that loses no value to infinity."""
    values = np.asarray(array)
    if half and values.dtype == np.float32 and values.size > 1:
        # Squared gradients need the range of float32.
        narrow = values.astype(ml_dtypes.bfloat16 if kind == "optimizer" else np.float16)
        if np.isfinite(narrow.astype(np.float32)).all():
            values = narrow
    return results.put_array(values)


def train(parcel: Parcel, results: Parcel, only: list[str], seconds: float, compile_ahead: int) -> None:
    """Trains the runs of a parcel, those alone that are named if any are.

    Raises:
        ParcelError: The parcel cannot be used here.
    """
    many_steps.check_version()
    descriptions = parcel.descriptions()
    if not descriptions or not set(only) <= descriptions.keys():
        named = f"--only={', '.join(only)}: choose from {', '.join(descriptions)}" if descriptions else "it has no run"
        raise ParcelError(f"{parcel.path}: {named}")
    until = time.monotonic() + seconds
    print(f"{jax.local_devices()[0].device_kind}, JAX {jax.__version__}", flush=True)

    @cache
    def images(name: str) -> jax.Array:
        described = next(d["images"] for d in descriptions.values() if d["images"]["pixels"] == name)
        return jax.device_put(pictures.pixels(parcel, described))

    runs = [Run(parcel, name, d) for name, d in descriptions.items() if not only or name in only]
    done = {name for name in Parcel(results.path).descriptions()}
    for run, compiled in _compiled_ahead([run for run in runs if run.name not in done], compile_ahead):
        if time.monotonic() >= until:
            print(f"{run.name}: no time left", flush=True)
            continue
        begin = time.monotonic()
        step = compiled.result()
        print(f"{run.name}: waited {time.monotonic() - begin:.1f} s for its step", flush=True)
        results.describe(run.name, run.trained(step, images(run.description["images"]["pixels"]), until, results))


def _compiled_ahead(runs: list[Run], at_once: int) -> Iterator[tuple[Run, Future]]:
    with ThreadPoolExecutor(at_once) as pool:
        yield from [(run, pool.submit(run.compiled)) for run in runs]


def main(argv: list[str]) -> None:
    """Does what the command line says."""
    if len(argv) != 2:
        sys.exit("error: give the folder of one parcel: python -m benchmarks.accelerator.train PARCEL --results=FOLDER")
    jax.config.update("jax_enable_x64", True)  # steps are counted in int64
    path = Path(argv[1])
    try:
        results = Parcel(FLAGS.results or path.with_name(f"{path.name}_results"))
        train(Parcel(path), results, FLAGS.only, FLAGS.seconds, FLAGS.compile_ahead)
    except ParcelError as error:
        sys.exit(f"error: {error}")
    except jax.errors.JaxRuntimeError as error:
        if "RESOURCE_EXHAUSTED" not in str(error):
            raise
        sys.exit("error: the accelerator has too little memory for this run; send it with a smaller --batch_size")


if __name__ == "__main__":
    define_flags()
    app.run(main)

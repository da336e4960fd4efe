"""Trains what a parcel holds on JAX's device: `python -m benchmarks.accelerator.train PARCEL --results=FOLDER`.

It needs this folder, JAX, NumPy and Pillow. Runs are trained in the order in which they were sent, while the steps of
the next ones are compiled; each leaves its state, its rows and its snapshots in the folder of results as soon as it
ends. Ctrl-C and SIGTERM end the run that is being trained as --seconds does: its state comes back.
"""

import argparse
import math
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.accelerator import machine

if TYPE_CHECKING:
    from benchmarks.accelerator.parcel import Parcel
    from benchmarks.accelerator.training import Limit, Run

BEGAN = time.monotonic()  # before JAX is imported, which takes seconds
EXIT = {None: 0, 2: 130, 15: 143}


def parser() -> machine.Parser:
    """The flags of this command."""
    made = machine.parser(__doc__)
    made.add_argument("parcel", help="The folder that `send` packed.")
    made.add_argument("--results", help="Where the results are put; a folder beside the parcel by default.")
    made.add_argument("--only", action="append", default=[], help="Only this run; may be given several times.")
    made.add_argument(
        "--seconds",
        type=machine.above_zero,
        default=math.inf,
        help="Ends after so many seconds, compiling and writing included; what was trained until then comes back.",
    )
    made.add_argument("--compile_ahead", type=machine.at_least_one, default=4, help="Steps compiled at a time.")
    return made


def main(argv: list[str] | None = None) -> None:
    """Does what the command line says."""
    machine.guarded(_main, parser().parse_args(argv))


def _main(given: argparse.Namespace) -> int:
    from benchmarks.accelerator import many_steps
    from benchmarks.accelerator.parcel import Parcel
    from benchmarks.accelerator.training import Limit

    path = Path(given.parcel)
    limit = Limit(given.seconds, BEGAN)
    limit.install()
    results = Parcel(given.results or path.with_name(f"{path.name}_results"))
    return train(Parcel(path), results, many_steps, limit, given.only, given.compile_ahead)


def train(
    parcel: "Parcel", results: "Parcel", device: Any, limit: "Limit", only: list[str], compile_ahead: int = 4
) -> int:
    """Trains the runs of a parcel, those alone that are named if any are, but for those whose results are there.

    A run that fails leaves the others alone.

    Args:
        parcel: The parcel.
        results: Gets what comes of them.
        device: What trains them, such as the module `many_steps`.
        limit: When to stop.
        only: Names of runs.
        compile_ahead: Runs whose steps are compiled at a time.

    Returns:
        The exit status: 0; 1 if a run failed; that of a signal.

    Raises:
        ParcelError: The parcel or the folder of results cannot be used here.
    """
    from benchmarks.accelerator.parcel import ParcelError

    runs = _missing(parcel, results, device, only)
    if not runs:
        return 0
    name, version = device.begin()
    print(f"{name}, JAX {version}", flush=True)

    @cache
    def images(pixels: str) -> Any:
        return next(run.images() for run in runs if run.description["images"]["pixels"] == pixels)

    failed = 0
    for run, future in _compiled_ahead(runs, compile_ahead):
        if not future.done():
            print(f"{run.name}: its step is being compiled", flush=True)
        try:
            call = _awaited(future, limit)
            pixels = run.description["images"]["pixels"]
            result = None if call is None else run.trained(call, images(pixels), limit, results)
            if result is None:
                print(f"{run.name}: not trained, for {limit.why()} left no time for a step", flush=True)
                continue
            results.describe(run.name, "result", {"device": name, "jax": version, **result})
            failed += not _closing_line(run, result, limit, results)
        except (ParcelError, device.DeviceError) as error:
            failed += 1
            print(f"error: {run.name}: {_explained(error, device)}", file=sys.stderr, flush=True)
    print(f"{results.path}: {results.size()}")
    return EXIT[limit.signal] or min(failed, 1)


def _missing(parcel: "Parcel", results: "Parcel", device: Any, only: list[str]) -> "list[Run]":
    """The runs that are still to train."""
    from benchmarks.accelerator.parcel import ParcelError, description_hash
    from benchmarks.accelerator.training import Run

    descriptions = parcel.descriptions("run")
    if not descriptions:
        raise ParcelError(f"{parcel.path} holds no run; give the folder that `send` packed")
    if not set(only) <= descriptions.keys():
        raise ParcelError(f"--only={', '.join(only)}: choose from {', '.join(descriptions)}")
    there, runs = results.make_for("result"), []
    for name, description in descriptions.items():
        if only and name not in only:
            continue
        if name not in there:
            runs.append(Run(parcel, name, description, device))
        elif there[name]["of"] == description_hash(description):
            step, last = there[name]["step"], description["last_step"]
            more = "" if step == last else "; receive it and send the run again to go on"
            print(f"{name}: {results.path} has its result already, of step {step} of {last}{more}", flush=True)
        else:
            raise ParcelError(f"{results.path} holds {name} of another parcel; give another folder with --results")
    return runs


def _compiled_ahead(runs: "list[Run]", at_once: int) -> "Iterator[tuple[Run, Future]]":
    pool = ThreadPoolExecutor(at_once)
    try:
        yield from [(run, pool.submit(run.compiled)) for run in runs]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _awaited(future: Future, limit: "Limit") -> Any:
    """What a future gives; None if the limit comes first."""
    while limit.left() > 0:
        if wait([future], min(limit.left(), 0.2)).done:  # signals are looked at in between
            return future.result()
    return None


def _closing_line(run: "Run", result: dict[str, Any], limit: "Limit", results: "Parcel") -> bool:
    """Says how a run ended; gives whether it may go on."""
    from benchmarks.accelerator.training import not_finite

    step, last = result["step"], run.description["last_step"]
    if result["rows"] and (term := not_finite(result["rows"][-1])) is not None:
        value = result["rows"][-1][term]
        said = f"error: {run.name}: {term} became {value} by step {step} of {last}; send it with smaller rates"
        print(said, file=sys.stderr, flush=True)
        return False
    ended = "trained to its last step" if step == last else f"stopped by {limit.why()} at step {step} of {last}"
    print(f"{run.name}: {ended}; its result is in {results.path}", flush=True)
    return True


def _explained(error: Exception, device: Any) -> str:
    if not isinstance(error, device.DeviceError):
        return str(error)
    if "RESOURCE_EXHAUSTED" in str(error):
        return "the device has too little memory for it; send it with a smaller --batch_size"
    return f"the device refuses its step: {device.reason(error)}"


if __name__ == "__main__":
    main()

"""Gives the suite's commands files and flags that mean harm: `python -m benchmarks.fuzz --cases=1000`.

Each case is a process of its own, with a bound of time and of memory. The command must work, or end with status 1 and
one line; it prints no traceback, does not hang, changes nothing but what it was told to, and runs nothing that a file
holds. Case `n` is a function of --fuzz_seed and `n`. A case that failed is shown with its command, and

    python -m benchmarks.fuzz --fuzz_seed=0 --case=17 --folder=FOLDER

makes it again and leaves its files in FOLDER.
"""

import gc
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from reproductions.harness import command_line
from reproductions.harness.failures import guarded
from reproductions.harness.options import Options, option

OUTCOMES = ("worked", "refused", "failed")
# Cases between two words on how far it is.
TELL_EVERY = 20


@dataclass(frozen=True, kw_only=True)
class Command(Options):
    """What to do."""

    cases: int = option(100, "Number of cases.", at_least=1)
    case: int | None = option(None, "Only this one.", at_least=0)
    fuzz_seed: int = option(0, "Seed of the cases.", at_least=0)
    at_once: int = option(2, "Cases at a time.", at_least=1)
    seconds: float = option(300.0, "Bound of time of a case.", above=0)
    gigabytes: float = option(4.0, "Bound of its memory, beyond what importing TensorFlow takes.", above=0)
    record: bool = option(False, "Keep the result for the table in docs/.")
    folder: str | None = option(
        None, "Where the files lie, the healthy ones for later cases too; a temporary folder by default."
    )


def prepare(folder: Path) -> None:
    """Imports all that cases need, in an environment that keeps their processes from writing elsewhere."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):  # whose threads a fork would lack
        os.environ[name] = "1"
    for name in ("KERAS_HOME", "KERAS_GEN_CACHE", "TFDS_DATA_DIR"):
        os.environ[name] = str(folder / name.lower())
    sys.dont_write_bytecode = True
    from reproductions.harness.tensorflow_quietly import import_tensorflow

    import_tensorflow()
    import matplotlib.pyplot  # noqa: F401
    import sklearn.datasets  # noqa: F401
    import tensorflow_datasets  # noqa: F401

    from reproductions import __main__ as reproductions
    from reproductions.harness import making, run  # noqa: F401

    reproductions.reproductions()
    gc.collect()
    gc.freeze()  # or every case would copy the memory in which Python counts references


def fuzz(command: Command, folder: Path) -> int:
    """Does the cases, prints those that failed, and what became of all; gives the number of failures."""
    prepare(folder)
    from benchmarks.fuzz import campaign, cases
    from benchmarks.fuzz.healthy import Healthy

    healthy = Healthy(folder / "healthy")
    if not healthy.whole.exists():
        healthy.make(partial(campaign.alone, folder=folder / "making"))
    counts: dict[str, Counter] = {subject.name: Counter() for subject in cases.SUBJECTS}

    def told(result: campaign.Result) -> None:
        outcome = "failed" if result.fault else "worked" if result.ended.status == 0 else "refused"
        counts[result.case.subject][outcome] += 1
        done = sum(count.total() for count in counts.values())
        if command.record and (done % TELL_EVERY == 0 or done == command.cases):
            record(counts, command.fuzz_seed)
        if done % TELL_EVERY == 0:
            print(
                f"{done} of {command.cases} cases, {sum(count['failed'] for count in counts.values())} failed",
                flush=True,
            )
        if result.fault or command.case is not None:
            print(
                f"\ncase {result.number}: {result.case.title}\n  {result.case.command}\n  {result.fault or outcome}",
                f"\n  again: python -m benchmarks.fuzz --fuzz_seed={command.fuzz_seed} --case={result.number} "
                "--folder=FOLDER",
                flush=True,
            )

    numbers = range(command.cases) if command.case is None else [command.case]
    campaign.perform(
        numbers,
        lambda number: cases.case(number, command.fuzz_seed, healthy, folder / str(number)),
        command.at_once,
        command.seconds,
        command.gigabytes,
        told,
        keep_all=command.case is not None,
    )
    for subject, count in counts.items():
        print(f"{subject}: {', '.join(f'{count[name]} {name}' for name in OUTCOMES)}")
    return sum(count["failed"] for count in counts.values())


def record(counts: dict[str, Counter], seed: int) -> None:
    """Keeps what became of the cases until now."""
    from benchmarks.tables import RESULTS
    from reproductions.harness.run_directory import write_json

    kept = {
        subject: {"seed": seed, "cases": count.total(), **{name: count[name] for name in OUTCOMES}}
        for subject, count in counts.items()
    }
    write_json(RESULTS / "fuzz.json", kept)


def main(argv: Sequence[str] | None = None) -> None:
    """Does what the command line says."""
    guarded(_main, argv, break_silence=False)  # by a thread, which a fork would lack


def _main(argv: Sequence[str] | None) -> None:
    usage = "python -m benchmarks.fuzz [--FLAG=VALUE ...]"
    command = command_line.parsed(argv, Command(), usage, "Gives the commands files and flags that mean harm.")
    with tempfile.TemporaryDirectory(prefix="fuzz_") as aside:
        failures = fuzz(command, Path(command.folder or aside).absolute())
    if failures:
        sys.exit(f"error: {failures} cases failed; they are shown above")


if __name__ == "__main__":
    main()

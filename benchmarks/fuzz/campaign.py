"""Many cases, a few at a time."""

import shutil
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.fuzz.process import Case, Ended, Process
from benchmarks.fuzz.verdict import contents, fault

# Seconds between two looks at the processes.
CALMLY = 0.02


@dataclass(frozen=True)
class Result:
    """How a case ended.

    Attributes:
        number: The case's number.
        case: The case.
        ended: How its process ended.
        fault: What was wrong with that; None if nothing.
    """

    number: int
    case: Case
    ended: Ended
    fault: str | None


def perform(
    numbers: Iterable[int],
    make: Callable[[int], Case],
    at_once: int,
    seconds: float,
    gigabytes: float,
    told: Callable[[Result], None],
    keep_all: bool = False,
) -> None:
    """Does cases, so many at a time; the folders of those that failed are kept.

    Args:
        numbers: The numbers of the cases.
        make: Makes a case, with its files.
        at_once: How many at a time.
        seconds: The bound of time of each.
        gigabytes: The bound of memory of each.
        told: Is given each result.
        keep_all: Whether the folders of the others are kept too.
    """
    waiting, running = iter(numbers), {}
    try:
        while True:
            while len(running) < at_once and (number := next(waiting, None)) is not None:
                case = make(number)
                running[number] = case, contents(case.folder), Process(case, seconds, gigabytes)
            if not running:
                break
            for number, (case, before, process) in list(running.items()):
                ended = process.ended()
                if ended is None:
                    continue
                del running[number]
                found = fault(case, ended, before, contents(case.folder))
                told(Result(number, case, ended, found))
                if found is None and not keep_all:
                    shutil.rmtree(case.folder)
            time.sleep(CALMLY)
    finally:
        for _, _, process in running.values():
            process.kill()


def alone(function: Callable[[], None], folder: Path, seconds: float = 600.0) -> None:
    """Calls a function in a process of its own, which must work.

    Raises:
        SystemExit: It did not.
    """
    for name in ("home", "tmp"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    case = Case(title="", command="", run=function, folder=folder, environment={"TMPDIR": str(folder / "tmp")})
    process = Process(case, seconds, gigabytes=8)
    while (ended := process.ended()) is None:
        time.sleep(CALMLY)
    if ended.status:
        sys.exit(f"error: healthy files cannot be made:\n{ended.complained}")

"""Processes, several at a time, each on its share of the machine's cores."""

import collections
import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from reproductions.harness import signals, silence

# Seconds between two looks at the processes.
CALMLY = 0.05


@dataclass(frozen=True)
class Job:
    """A process to be.

    Attributes:
        title: What its lines are told apart by where several processes print.
        folder: Where it works.
        command: Its command.
    """

    title: str
    folder: Path
    command: tuple[str, ...]


def perform(jobs: Iterable[Job], at_once: int, ended: Callable[[Job, int], None]) -> None:
    """Runs processes, so many at a time; one that ends makes room for the next.

    Asked to stop, by Ctrl-C or SIGTERM, it starts no more, asks those that run to stop, and waits for them to write
    what they keep.

    Args:
        jobs: What is run, in this order.
        at_once: How many at a time. One has the terminal for itself; the lines of several begin with their titles.
        ended: Is given each process's exit status when it has ended, one after another.

    Raises:
        KeyboardInterrupt: It was asked to stop; all processes have ended.
    """
    waiting = collections.deque(jobs)
    running: dict[int, tuple[Job, subprocess.Popen]] = {}  # by place, which is a share of the cores

    def ask_to_stop(number: int) -> None:
        for _, process in running.values():
            process.terminate()

    try:
        with silence.allowed(), signals.postponed(ask_to_stop) as stop_requested:
            while running or (waiting and not stop_requested()):
                for place in range(at_once):
                    if place not in running and waiting and not stop_requested():
                        job = waiting.popleft()
                        print(f"\n{job.title}: {job.folder}", flush=True)
                        running[place] = job, _started(job, place, at_once)
                        if stop_requested():  # it came before the process was among those that are asked
                            running[place][1].terminate()
                for place, (job, process) in list(running.items()):
                    if process.poll() is not None:
                        del running[place]
                        ended(job, process.returncode)
                time.sleep(CALMLY)
    except BaseException:  # a second Ctrl-C, which the processes act on at once as well, or an error of `ended`
        for _, process in running.values():
            process.terminate()
            process.send_signal(signal.SIGINT)
        for _, process in running.values():
            process.wait()
        raise


def _started(job: Job, place: int, at_once: int) -> subprocess.Popen:
    # A process group of its own: Ctrl-C reaches it once, handed on, and not from the terminal as well.
    group = 0 if os.name == "posix" else None
    if at_once == 1:
        return subprocess.Popen(job.command, process_group=group)
    with _on_share_of_cores(place, at_once):
        process = subprocess.Popen(
            job.command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            process_group=group,
        )
    threading.Thread(target=_print_lines, args=(job, process), daemon=True).start()
    return process


def share_of_cores(place: int, at_once: int, cores: set[int]) -> set[int]:
    """The cores of a place; places take them in turn, and share them if there are fewer cores than places."""
    ordered = sorted(cores)
    return set(ordered[place::at_once]) or {ordered[place % len(ordered)]}


@contextlib.contextmanager
def _on_share_of_cores(place: int, at_once: int) -> Iterator[None]:
    """What is started here inherits this thread's cores, where the system has such a thing."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, share_of_cores(place, at_once, cores))
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def _print_lines(job: Job, process: subprocess.Popen) -> None:
    assert process.stdout is not None
    with process.stdout as lines:
        for line in lines:
            with contextlib.suppress(BrokenPipeError):  # which ends the study when it prints itself
                print(f"[{job.title}] {line.rstrip()}", flush=True)

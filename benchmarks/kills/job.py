"""What is killed: a run, a study with the runs that it makes, or one of the workers that make a run together."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from reproductions.harness.workers import loopback_cluster

# Seconds between two looks at a process that is starting, and at a short-lived file.
CALMLY, CLOSELY = 0.05, 0.001
# Seconds that lie between the deaths of a study's processes, at most.
APART = 0.5
# Seconds in which a worker that lost another one must end by itself, and how it must.
PATIENCE = 120.0
BY_ITSELF = "error: worker"


class Job:
    """A command at work in a folder, and what it has printed. By itself it is one run, in one process.

    Args:
        command: The command, without its folder.
        directory: The folder.
    """

    def __init__(self, command: Sequence[str], directory: Path):
        self.command = [*command, f"--output_dir={directory}"]
        self.directory = directory
        directory.parent.mkdir(parents=True, exist_ok=True)
        self.logs, self.processes = [], []
        for number, environment in enumerate(self.environments()):
            log = directory.with_name(f"{directory.name}.{number}.log")
            with open(log, "w") as file:
                process = subprocess.Popen(
                    self.command, stdout=file, stderr=subprocess.STDOUT, env={**os.environ, **environment}
                )
            self.logs.append(log)
            self.processes.append(process)

    def environments(self) -> Iterable[Mapping[str, str]]:
        """Variables of each of its processes."""
        return [{}]

    def printed(self, process: int = 0) -> str:
        """What one of its processes has printed."""
        return self.logs[process].read_text(errors="replace")

    def ended(self) -> bool:
        """Whether a process has ended."""
        return any(process.poll() is not None for process in self.processes)

    def wait_for(self, event: Callable[[], bool], every: float = CALMLY) -> bool:
        """Waits for an event; False if it ends without it."""
        while not self.ended():
            if event():
                return True
            time.sleep(every)
        return False

    def trains(self) -> bool:
        """Whether it has reported a step."""
        return "\nstep " in "\n" + self.printed()

    def trained(self) -> bool:
        """Whether the last checkpoint of every run is written."""
        runs = run_folders(self.directory)
        return bool(runs) and all(map(_is_trained, runs))

    def works(self) -> bool:
        """Whether it has begun to train, or has nothing left to train."""
        return self.trains() or self.trained()

    def writes_a_checkpoint(self) -> bool:
        """Whether it is about to."""
        return any(any((run / "checkpoints").glob(".writing-*")) for run in run_folders(self.directory))

    def end(self) -> None:
        """Waits for its end.

        Raises:
            SystemExit: It failed.
        """
        for number, process in enumerate(self.processes):
            if process.wait():
                sys.exit(f"{' '.join(self.command)} failed:\n{self.printed(number)}")

    def kill(self, chance: random.Random) -> str | None:
        """Kills it with SIGKILL; says what is wrong with how the rest of it ended, if anything is."""
        for process in self.processes:
            process.kill()
            process.wait()
        return None


class StudyJob(Job):
    """A study that makes two runs at a time: its processes are killed one after another, in a random order.

    Those that are left live on for a moment: a study that lost a run begins the next one, runs that lost their study
    train on.
    """

    def trains(self) -> bool:
        """Whether a run has reported a step."""
        return "] step " in self.printed()

    def trained(self) -> bool:
        """Whether the last checkpoint of every run is written, and the study begins no other."""
        return super().trained() and len(run_folders(self.directory)) == _number_of_runs(self.printed())

    def kill(self, chance: random.Random) -> str | None:
        """Kills every process that works in the folder, until there is none."""
        while numbers := processes_of(self.directory):
            chance.shuffle(numbers)
            for number in numbers:
                try:
                    os.kill(number, signal.SIGKILL)
                except ProcessLookupError:  # it has ended by itself
                    continue
                time.sleep(chance.uniform(0, APART))
        self.processes[0].wait()
        return None


class WorkersJob(Job):
    """Two workers that make a run: one of them is killed, and the other has to end by itself, with a line."""

    def environments(self) -> Iterable[Mapping[str, str]]:
        """A place in the cluster for each."""
        return [{"TF_CONFIG": config} for config in loopback_cluster(2)]

    def kill(self, chance: random.Random) -> str | None:
        """Kills one of them; says so if the other does not end."""
        victim = chance.randrange(2)
        killed, other = self.processes[victim], self.processes[1 - victim]
        killed.kill()
        killed.wait()
        try:
            status = other.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            other.kill()
            other.wait()
            return f"worker {1 - victim} did not end in {PATIENCE:.0f} s after worker {victim} was killed"
        *_, last = self.printed(1 - victim).splitlines() or [""]
        if status and not last.startswith(BY_ITSELF):
            return f"worker {1 - victim} ended with status {status}: {last}"
        return None


def run_folders(directory: Path) -> list[Path]:
    """The folders of the runs that have begun in a folder: itself, or those in it at any depth."""
    # Unlike a glob, `os.walk` passes over a folder that a run removes meanwhile.
    return sorted(Path(folder) for folder, _, files in os.walk(directory) if "flags.json" in files)


def _is_trained(run: Path) -> bool:
    last = json.loads((run / "flags.json").read_text())["steps"]
    return (run / "checkpoints" / f"step_{last:08d}.weights.h5").exists()


def _number_of_runs(printed: str) -> int:
    """The runs that a study has announced."""
    announced = [line for line in printed.splitlines() if " still to make, " in line]
    return int(announced[0].split()[0]) if announced else -1


def processes_of(directory: Path) -> list[int]:
    """The processes whose command names a folder, or one in it; zombies have no command."""
    numbers = []
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = command.read_bytes().split(b"\0")
        except OSError:  # it has ended
            continue
        if any(word.startswith(f"--output_dir={directory}".encode()) for word in words):
            numbers.append(int(command.parent.name))
    return numbers

"""Kills a run repeatedly: `python -m benchmarks.kill_and_resume --script=wgan_div --kills=20`.

A script is run once undisturbed and once with SIGKILLs, rerunning the same command after each. The two must end alike:
model and optimisers to the last bit, each row of metrics.csv and evaluations.csv once, every picture. Kills come while
a checkpoint is being written, at random moments of training and, the last one, while the run writes its results.
Flags after `--` are passed to the script:

    python -m benchmarks.kill_and_resume --script=f_vae --kills=3 -- --model=glow --checkpoint_every=5
"""

import csv
import hashlib
import io
import json
import random
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import h5py
from absl import app, flags

from benchmarks.tables import keep
from reproductions.pages import SCRIPTS

FLAGS = flags.FLAGS
# Steps of the smoke preset between two kills.
STEPS_PER_KILL = 20
# Seconds between two looks at a short-lived file, and at a process that is starting.
CLOSELY, CALMLY = 0.001, 0.05
# Columns and entries about times, which differ between any two runs.
TIMES = ("seconds", "finished")
IN_CHECKPOINT, IN_TRAINING, AT_THE_END = "while a checkpoint was written", "in training", "while it finished"
AFTER_CHECKPOINT, TOO_LATE = "just after a checkpoint", "too late"
MOMENTS = (IN_TRAINING, IN_CHECKPOINT, AFTER_CHECKPOINT, AT_THE_END, TOO_LATE)


def define_flags() -> None:
    """Defines the flags of this benchmark."""
    flags.DEFINE_enum("script", "wgan_div", ["all", *SCRIPTS], "Which script; all: one after the other.")
    flags.DEFINE_integer("kills", 3, "How often to kill each.", lower_bound=1)
    flags.DEFINE_integer("kill_seed", 0, "Seed of the times at which kills come.")
    flags.DEFINE_boolean("record", False, "Keep the result of each script for the table in docs/.")
    flags.DEFINE_string("folder", None, "Where the runs are kept; a temporary folder, removed at the end, by default.")


@dataclass
class Process:
    """One process of a run, and what it has printed.

    Attributes:
        command: The command, without its folder.
        directory: The run's folder.
    """

    command: list[str]
    directory: Path

    def __post_init__(self):
        self.log = self.directory.with_suffix(".log")
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                [*self.command, f"--output_dir={self.directory}"], stdout=log, stderr=subprocess.STDOUT
            )

    def wait_for(self, event: Callable[[], bool], every: float = CALMLY) -> bool:
        """Waits for an event; False if the process ends without it."""
        while self.process.poll() is None:
            if event():
                return True
            time.sleep(every)
        return False

    def trains(self) -> bool:
        """Whether it has reported a step."""
        return "\nstep " in "\n" + self.log.read_text()

    def works(self) -> bool:
        """Whether it has begun to train, or has nothing left to train."""
        return self.trains() or self.trained()

    def trained(self) -> bool:
        """Whether it has written the checkpoint of its last step, or found it."""
        flags = self.directory / "flags.json"
        if not flags.exists():
            return False
        last = json.loads(flags.read_text())["steps"]
        return (self.directory / "checkpoints" / f"step_{last:08d}.weights.h5").exists()

    def writes_a_checkpoint(self) -> bool:
        """Whether it is about to."""
        return any((self.directory / "checkpoints").glob(".writing-*"))

    def end(self) -> None:
        """Waits for its end.

        Raises:
            SystemExit: It failed.
        """
        if self.process.wait():
            sys.exit(f"{' '.join(self.command)} failed:\n{self.log.read_text()}")

    def kill(self) -> None:
        """Kills it with SIGKILL."""
        self.process.kill()
        self.process.wait()


def command(script: str, kills: int, given: list[str]) -> list[str]:
    """The command of a run long enough for the kills."""
    steps = STEPS_PER_KILL * (kills + 1)
    of_script = ["-m", f"reproductions.{script}", "--preset=smoke", f"--steps={steps}", "--deterministic"]
    return [sys.executable, *of_script, *given]


def straight_run(command: list[str], directory: Path) -> tuple[float, float]:
    """Makes the undisturbed run; returns the seconds of its training and of its finish."""
    process = Process(command, directory)
    process.wait_for(process.trains)
    trains = time.perf_counter()
    process.wait_for(process.trained)
    trained = time.perf_counter()
    process.end()
    return trained - trains, time.perf_counter() - trained


@dataclass(frozen=True)
class Moment:
    """When a kill comes: at a random time, at most so many seconds after an event of the process."""

    name: str
    event: Callable[[Process], bool]
    seconds: float


def moments(kills: int, training: float, finishing: float) -> list[Moment]:
    """The moments of a number of kills, given the seconds of an undisturbed run's training and finish."""
    in_turn = [
        Moment(IN_CHECKPOINT, Process.writes_a_checkpoint, 0.0),
        Moment(IN_TRAINING, Process.trains, training / (kills + 1)),
    ]
    chosen = [in_turn[i % 2] for i in range(kills)]
    if kills > 2:
        chosen[-1] = Moment(AT_THE_END, Process.trained, finishing / 2)  # it may be faster this time
    return chosen


def killed_run(command: list[str], directory: Path, chosen: list[Moment], seed: int) -> Counter:
    """Makes the run with kills; returns how many came at each moment."""
    random_part, came = random.Random(seed), Counter()
    for moment in chosen:
        process = Process(command, directory)
        due = process.wait_for(process.works) and process.wait_for(partial(moment.event, process), CLOSELY)
        time.sleep(random_part.uniform(0, moment.seconds))
        if not due or process.process.poll() is not None:
            came[TOO_LATE] += 1
            continue
        process.kill()
        missed = moment.name == IN_CHECKPOINT and not process.writes_a_checkpoint()
        came[AFTER_CHECKPOINT if missed else moment.name] += 1
    Process(command, directory).end()
    return came


def differences(straight: Path, killed: Path) -> list[str]:
    """The differences between two finished runs, one line each; empty if they are the same run."""
    found = []
    if weights_hash(straight) != weights_hash(killed):
        found.append("model.keras: other weights")
    for table in ("metrics.csv", "evaluations.csv"):
        expected, rows = _rows(straight / table), _rows(killed / table)
        counts = Counter(row["step"] for row in rows)
        found += [f"{table}: step {step} stands there {count} times" for step, count in counts.items() if count > 1]
        found += [f"{table}: no step {row['step']}" for row in expected if row["step"] not in counts]
        found += [f"{table}: another row of step {row['step']}" for row in rows if row not in expected]
    expected, pictures = (
        {path.name: path.read_bytes() for path in run.glob("samples/*")} for run in (straight, killed)
    )
    for name in sorted(expected.keys() | pictures.keys()):
        if expected.get(name) != pictures.get(name):
            found.append(f"samples/{name}: {'another picture' if name in pictures else 'missing'}")
    if _without_times(json.loads((straight / "results.json").read_text())) != _without_times(
        json.loads((killed / "results.json").read_text())
    ):
        found.append("results.json: other results")
    return found + [f"{path.relative_to(killed)}: left over" for path in killed.rglob(".writing-*")]


def weights_hash(run: Path) -> str:
    """The first twelve hexadecimal digits of the SHA-256 of a run's weights and optimisers, names included."""
    digest = hashlib.sha256()

    def add(name: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Dataset):
            digest.update(name.encode() + item[()].tobytes())

    with (
        zipfile.ZipFile(run / "model.keras") as archive,
        h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as file,
    ):
        file.visititems(add)
    return digest.hexdigest()[:12]


def _rows(table: Path) -> list[dict]:
    if not table.exists():
        return []
    with open(table, newline="") as file:
        return [_without_times(row) for row in csv.DictReader(file)]


def _without_times(value):
    if isinstance(value, dict):
        return {name: _without_times(part) for name, part in value.items() if name not in TIMES}
    return [_without_times(part) for part in value] if isinstance(value, list) else value


def report(script: str, given: list[str], folder: Path) -> bool:
    """Makes both runs of a script and prints how they compare; returns whether they are the same."""
    of_script = command(script, FLAGS.kills, given)
    straight, killed = folder / script / "straight", folder / script / "killed"
    if straight.parent.exists():
        sys.exit(f"error: --folder={folder}: {straight.parent} already exists; give a new folder")
    training, finishing = straight_run(of_script, straight)
    came = killed_run(of_script, killed, moments(FLAGS.kills, training, finishing), FLAGS.kill_seed)
    found = differences(straight, killed)
    if came[TOO_LATE]:
        found.append(f"{came[TOO_LATE]} of {FLAGS.kills} kills came too late; try another --kill_seed")
    result = {
        "steps": json.loads((killed / "results.json").read_text())["steps"],
        "kills": {moment: came[moment] for moment in MOMENTS},
        "rows": len(_rows(killed / "metrics.csv")),
        "pictures": len(list(killed.glob("samples/*"))),
        "weights": {run.name: weights_hash(run) for run in (straight, killed)},
        "differences": found,
    }
    print(f"\n{script}, {result['steps']} steps, {result['rows']} rows of metrics.csv, {result['pictures']} pictures")
    print("  killed " + ", ".join(f"{count} {moment}" for moment, count in came.items()))
    print("  weights " + ", ".join(f"{name} {digits}" for name, digits in result["weights"].items()))
    print("\n".join(f"  DIFFERS: {line}" for line in found) or "  the same as the run that was left alone", flush=True)
    if FLAGS.record:
        keep("kill_and_resume", " ".join([script, *given]), result)
    return not found


def main(argv: list[str]) -> None:
    """Runs, kills, compares."""
    with tempfile.TemporaryDirectory() as aside:
        folder = Path(FLAGS.folder or aside)
        scripts = SCRIPTS if FLAGS.script == "all" else [FLAGS.script]
        same = [report(script, argv[1:], folder) for script in scripts]
    if not all(same):
        sys.exit(1)


if __name__ == "__main__":
    define_flags()
    app.run(main)

"""Resident memory of runs while they train: `python -m benchmarks.memory --scripts=wgan_div,vae_clustering`.

Each script runs its smoke preset for many steps, with pictures, measures and checkpoints every 50 steps. Its memory is
read at every report; what it has after the last step must be within 2 % of what it has after a tenth of them.
"""

import os
import re
import statistics
import subprocess
import sys
import tempfile

from absl import app, flags

from benchmarks.tables import keep

FLAGS = flags.FLAGS
EVERY = 50
# The median of this many readings counts: memory that a measurement needs briefly is not always returned at once.
READINGS = 5
TOLERANCE = 0.02


def define_flags() -> None:
    """Defines the flags of this benchmark."""
    flags.DEFINE_list("scripts", ["wgan_div", "vae_clustering"], "Which scripts, one after another.")
    flags.DEFINE_integer("steps", 5_000, "Steps of each.", lower_bound=10 * READINGS * EVERY)
    flags.DEFINE_boolean("record", False, "Keep the result of each script for the table in docs/.")


def readings(script: str, steps: int) -> dict[int, int]:
    """Runs a script and gives its resident bytes by step.

    Raises:
        SystemExit: The run failed.
    """
    intervals = [f"--{name}_every={EVERY}" for name in ("log", "sample", "evaluate", "checkpoint")]
    found = {}
    with tempfile.TemporaryDirectory() as aside:
        command = [sys.executable, "-m", f"reproductions.{script}", "--preset=smoke", f"--steps={steps}", *intervals]
        command.append(f"--output_dir={aside}/run")
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
            for line in process.stdout:
                reported = re.match(r"step (\d+)/", line)
                if reported:
                    found[int(reported[1])] = resident_bytes(process.pid)
    if process.returncode:
        sys.exit(f"{' '.join(command)} failed")
    return found


def resident_bytes(pid: int) -> int:
    """Bytes of a process that are in memory, as Linux counts them."""
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def settled(found: dict[int, int], step: int) -> float:
    """The median of the last readings up to a step."""
    return statistics.median([found[step - i * EVERY] for i in range(READINGS)])


def main(argv: list[str]) -> None:
    """Measures and prints; ends with status 1 where memory grew."""
    del argv
    early = FLAGS.steps // 10 // EVERY * EVERY
    late = FLAGS.steps // EVERY * EVERY
    grew = False
    print(f"{'':24}{f'MB at step {early}':>20}{f'at step {late}':>16}{'change':>10}", flush=True)
    for script in FLAGS.scripts:
        found = readings(script, late)
        before, after = settled(found, early), settled(found, late)
        change = after / before - 1
        grew |= abs(change) > TOLERANCE
        print(f"{script:24}{before / 2**20:20.1f}{after / 2**20:16.1f}{change:+10.1%}", flush=True)
        if FLAGS.record:
            keep("memory", script, {"bytes": {early: before, late: after}, "change": change})
    if grew:
        sys.exit(f"memory is not within {TOLERANCE:.0%} of what it was")


if __name__ == "__main__":
    define_flags()
    app.run(main)

"""Kills a run repeatedly: `python -m benchmarks.kill_and_resume --script=wgan_div --kills=20`.

A command is run once undisturbed and once with SIGKILLs, rerunning it after each. The two must end alike: model and
optimisers to the last bit, each row of metrics.csv and evaluations.csv once, every picture, a study's record. Kills
come while a checkpoint is being written, at random moments of training and, the last one, while results are written.

    python -m benchmarks.kill_and_resume --what=study --kills=20      # all processes of a study with --jobs=2
    python -m benchmarks.kill_and_resume --what=workers --kills=20    # either of two workers

Flags after `--` are passed to the command:

    python -m benchmarks.kill_and_resume --script=f_vae --kills=3 -- --model=glow --checkpoint_every=5
"""

import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from absl import app, flags

from benchmarks.kills.comparison import differences, hash_of_all, rows_of
from benchmarks.kills.job import Job, StudyJob, WorkersJob, run_folders
from benchmarks.kills.killing import MOMENTS, TOO_LATE, killed_run, moments, straight_run
from benchmarks.tables import keep
from reproductions.pages import SCRIPTS

FLAGS = flags.FLAGS
# Steps of the smoke preset between two kills.
STEPS_PER_KILL = 20
JOBS = {"run": Job, "study": StudyJob, "workers": WorkersJob}
# What the table calls them.
TITLES = {"run": "{}", "study": "{} --study=power --jobs=2", "workers": "{}, two workers"}
# Four runs, two at a time, which together are as long as one run that is killed as often.
STUDY = ("--study=power", "--seeds=0,1", "--variant=p = 2", "--variant=p = 6", "--jobs=2")


def define_flags() -> None:
    """Defines the flags of this benchmark."""
    flags.DEFINE_enum("script", "wgan_div", ["all", *SCRIPTS], "Which script; all: one after the other.")
    flags.DEFINE_enum("what", "run", [*JOBS], "A run, a study of WGAN-div, or two workers' run.")
    flags.DEFINE_integer("kills", 3, "How often to kill each.", lower_bound=1)
    flags.DEFINE_integer("kill_seed", 0, "Seed of the times at which kills come.")
    flags.DEFINE_boolean("record", False, "Keep the result of each script for the table in docs/.")
    flags.DEFINE_string("folder", None, "Where the runs are kept; a temporary folder, removed at the end, by default.")


def command(what: str, script: str, kills: int, given: Sequence[str]) -> list[str]:
    """The command of a job that is long enough for the kills."""
    of_study = STUDY if what == "study" else ()
    # The steps of a study's four runs count together, but one kill strikes two of them.
    steps = STEPS_PER_KILL * (kills + 1) // (2 if of_study else 1)
    of_script = ["-m", f"reproductions.{script}", "--preset=smoke", f"--steps={steps}", "--deterministic"]
    return [sys.executable, *of_script, *of_study, *given]


def report(what: str, script: str, given: Sequence[str], folder: Path) -> bool:
    """Makes both runs of a script and prints how they compare; returns whether they are the same."""
    words = command(what, script, FLAGS.kills, given)
    straight, killed = folder / script / "straight", folder / script / "killed"
    if straight.parent.exists():
        sys.exit(f"error: --folder={folder}: {straight.parent} already exists; give a new folder")

    def start(directory: Path) -> Job:
        return JOBS[what](words, directory)

    training, finishing = straight_run(start, straight)
    came, found = killed_run(start, killed, moments(FLAGS.kills, training, finishing), FLAGS.kill_seed)
    found += differences(straight, killed)
    if came[TOO_LATE]:
        found.append(f"{came[TOO_LATE]} of {FLAGS.kills} kills came too late; try another --kill_seed")
    runs = run_folders(killed)
    result = {
        "steps": sum(json.loads((run / "results.json").read_text())["steps"] for run in runs),
        "kills": {moment: came[moment] for moment in MOMENTS},
        "rows": sum(len(rows_of(run / "metrics.csv")) for run in runs),
        "pictures": sum(len(list(run.glob("samples/*"))) for run in runs),
        "weights": {directory.name: hash_of_all(directory) for directory in (straight, killed)},
        "differences": found,
    }
    title = " ".join([TITLES[what].format(script), *given])
    print(f"\n{title}: {result['steps']} steps, {result['rows']} rows of metrics.csv, {result['pictures']} pictures")
    print("  killed " + ", ".join(f"{count} {moment}" for moment, count in came.items()))
    print("  weights " + ", ".join(f"{name} {digits}" for name, digits in result["weights"].items()))
    print("\n".join(f"  DIFFERS: {line}" for line in found) or "  the same as what was left alone", flush=True)
    if FLAGS.record:
        keep("kill_and_resume", title, result)
    return not found


def main(argv: list[str]) -> None:
    """Runs, kills, compares."""
    with tempfile.TemporaryDirectory() as aside:
        folder = Path(FLAGS.folder or aside)
        scripts = SCRIPTS if FLAGS.script == "all" else [FLAGS.script]
        same = [report(FLAGS.what, script, argv[1:], folder) for script in scripts]
    if not all(same):
        sys.exit(1)


if __name__ == "__main__":
    define_flags()
    app.run(main)

"""Takes what an accelerator trained into the runs' folders: `python -m benchmarks.accelerator.receive PARCEL RESULTS`.

Snapshots are measured and drawn here, as they would have been in training; then each run's last state is written as a
checkpoint of it, which the script's own command continues from, or finishes.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.accelerator import words
from benchmarks.accelerator.describing import folder_hash
from benchmarks.accelerator.parcel import Parcel, ParcelError
from benchmarks.accelerator.results import Result
from reproductions.harness import image_files, measured_on, silence
from reproductions.harness.errors import UsageError
from reproductions.harness.failures import guarded
from reproductions.harness.options import Options, option
from reproductions.harness.reproduction import Reproduction
from reproductions.harness.run_directory import RunDirectory
from reproductions.harness.tensorflow_quietly import import_tensorflow
from reproductions.pages import SCRIPTS

if TYPE_CHECKING:
    import keras

    from reproductions.harness.run import Training

USAGE = "python -m benchmarks.accelerator.receive PARCEL RESULTS [--FLAG=VALUE ...]"


@dataclass(frozen=True, kw_only=True)
class Receiving(Options):
    """Receiving."""

    data_dir: str | None = option(None, "Where data sets are found; TFDS's own folder by default.")
    only: tuple[str, ...] = option((), "Only this run; may be given several times.")


def main(argv: Sequence[str] | None = None) -> None:
    """Does what the command line says."""
    guarded(_main, list(sys.argv[1:] if argv is None else argv))


def _main(argv: list[str]) -> None:
    names = ("the folder that was sent", "the one that came back")
    folders, command = words.folders_and_flags(argv, names, Receiving(), USAGE, __doc__)
    parcel, results = map(Parcel, folders)
    try:
        described, came = parcel.descriptions("run"), results.descriptions("result")
    except ParcelError as error:
        raise UsageError(str(error)) from error
    if not came:
        raise UsageError(f"{results.path} holds no result; give the folder that `train` left")
    if not set(command.only) <= came.keys():
        raise UsageError(f"--only={', '.join(command.only)}: {results.path} holds {', '.join(came)}")
    wanted = [name for name in described | came if name in came and (not command.only or name in command.only)]
    import_tensorflow()
    from keras_gen.errors import InputError

    failed: list[str] = []
    for name in wanted:
        try:
            receive(Result(results, name, described.get(name), came[name]), command.data_dir)
        except (UsageError, ParcelError, InputError) as error:
            failed.append(str(error))
    for line in failed[:-1]:
        print(f"error: {line}", file=sys.stderr)
    if failed:
        raise UsageError(failed[-1])


def receive(result: Result, data_dir: str | None) -> None:
    """Takes one run into its folder, unless that is done already; what is wrong is found before anything is written.

    Raises:
        UsageError: It is of another parcel, or its folder's run has gone on since it was sent.
        ParcelError: Something is missing or damaged.
    """
    from keras_gen import callbacks
    from reproductions.harness import distribution
    from reproductions.harness.run import Training

    description, name = result.description, result.name
    if description["script"] not in SCRIPTS:
        raise UsageError(f"{name} is of the script {description['script']}, which this version does not have")
    reproduction: Reproduction = import_module(f"reproductions.{description['script']}").REPRODUCTION
    flags, directory = description["flags"], RunDirectory(description["output_dir"])
    try:
        c = reproduction.configuration_class(**flags)
    except TypeError as error:
        raise UsageError(f"{name} has flags that this version does not know; use the version that sent it") from error
    _check_place(directory.path, description["sent_from"], name)
    directory.check(flags, extendable=True)
    state, snapshots = result.state(), result.snapshots()
    newest = callbacks.newest_step(directory.checkpoints)
    noted = [note for note in directory.other_devices() if result.is_noted_by(note)]
    if noted and (newest >= result.step or directory.finished(flags)):
        print(f"{name}: {directory.path.absolute()} has it already")
        return
    if newest != result.first_step or directory.finished(flags):
        raise UsageError(_gone_on(directory, flags, newest, result))
    strategy = distribution.make_strategy("single", 1)
    distribution.set_numerics(c.precision, c.deterministic, c.seed)
    silence.say(f"Receiving {name}")
    training = Training.prepared(reproduction, c, data_dir, strategy)
    check_variables(training.model, description)
    measured_on.check_unchanged(directory, training.measured_with)
    with directory.claimed(flags, extendable=True):
        image_files.note_names(directory.image_files, training.images.files)
        measured_on.note(directory, training.measured_with)
        _write_tables(training, directory, result, state, snapshots)
        assign(training.model, description, state)
        directory.note_device(result.device, result.first_step, result.step, result.whole)
        checkpoints = callbacks.Checkpoints(directory.checkpoints, every=1)
        checkpoints.set_model(training.model)
        checkpoints.write()
    ends = f"{name}: step {result.step} of {c.steps}, in {directory.path.absolute()}"
    print(f"{ends}; {next_command(description)}", flush=True)


def _check_place(path: Path, sent_from: str, name: str) -> None:
    """Checks that a folder that was named relative to another one is meant here."""
    if not path.is_absolute() and not path.exists() and sent_from != folder_hash():
        raise UsageError(
            f"{name} was sent from another folder than this, and goes to {path} there; run this command there, or make "
            f"the folder first, to have it here: mkdir -p {shlex.quote(str(path))}"
        )


def _gone_on(directory: RunDirectory, flags: dict[str, Any], newest: int, result: Result) -> str:
    """What to do where the run in the folder is not the one that was sent."""
    there = "is finished" if directory.finished(flags) else f"is at step {newest}"
    return (
        f"{directory.path}: the run there {there}, and {result.name} was sent at step {result.first_step}; to have "
        f"what was trained from it, move {directory.path} away"
        + (" and restore its checkpoint of that step" if result.first_step else "")
        + ", or send the run as it is now"
    )


def _write_tables(
    training: Training,
    directory: RunDirectory,
    result: Result,
    state: Sequence[np.ndarray | None],
    snapshots: dict[int, list[np.ndarray]],
) -> None:
    """Adds the rows and measures the snapshots, the end included."""
    from keras_gen import callbacks

    description = result.description
    metrics = callbacks.StepTable(directory.metrics, directory.tensorboard / "metrics")
    callbacks.StepTable(directory.evaluations).forget_after(result.first_step)
    metrics.forget_after(result.first_step)
    before = metrics.rows()[-1]["seconds"] if metrics.rows() else 0.0
    reported = {metric.name for metric in training.model.metrics}
    names = [name for name in description["terms"] if name in reported]
    for row in result.rows:
        terms = {name: row[name] for name in names}
        metrics.append(row["step"], {"seconds": round(before + row["seconds"], 3), **terms})
    for step, arrays in sorted(snapshots.items()):
        if step != result.step:  # of which there is all
            assign(training.model, description, arrays, description["snapshot"])
            training.model.step.assign(step)
            training.look(directory, step)
    c, step = training.configuration, result.step
    if step % c.evaluate_every == 0 or step == c.steps:
        assign(training.model, description, state)
        training.look(directory, step)


def check_variables(model: keras.Model, description: dict[str, Any]) -> None:
    """Checks that a model has the variables of a run that was sent.

    Raises:
        UsageError: This version of the suite builds others.
    """
    from benchmarks.accelerator.training_step import variables_of

    shapes = [list(variable.shape) for variable in variables_of(model)]
    sent = description["variables"]
    if any(one["place"] >= len(shapes) or shapes[one["place"]] != one["shape"] for one in sent):
        raise UsageError("this version builds the model with other weights; use the version that sent the run")


def assign(
    model: keras.Model,
    description: dict[str, Any],
    arrays: Sequence[np.ndarray | None],
    numbers: Sequence[int] | None = None,
) -> None:
    """Gives variables of a model, all by default, the values that came back; those that did not stay as they are."""
    from benchmarks.accelerator.training_step import variables_of

    variables, sent = variables_of(model), description["variables"]
    for array, number in zip(arrays, range(len(sent)) if numbers is None else numbers, strict=True):
        if array is not None:
            variables[sent[number]["place"]].assign(array.astype(sent[number]["dtype"]))


def next_command(description: dict[str, Any]) -> str:
    """What to do next, as a user types it."""
    return f"finish it with: python {shlex.join(description['command'])}"


if __name__ == "__main__":
    main()

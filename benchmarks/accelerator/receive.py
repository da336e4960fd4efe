"""Takes what an accelerator trained into the runs' folders: `python -m benchmarks.accelerator.receive PARCEL RESULTS`.

Snapshots are measured and drawn here, as they would have been in training; then each run's last state is written as a
checkpoint of it, which the script's own command continues from, or finishes.
"""

from __future__ import annotations

import math
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.accelerator.parcel import Parcel, ParcelError, description_hash
from reproductions.harness import command_line, image_files, silence
from reproductions.harness.errors import UsageError
from reproductions.harness.failures import guarded
from reproductions.harness.options import Options, option
from reproductions.harness.reproduction import Reproduction
from reproductions.harness.run_directory import RunDirectory
from reproductions.harness.tensorflow_quietly import import_tensorflow

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
    folders = [word for word in argv if not word.startswith("-")]
    flags = [word for word in argv if word.startswith("-")]
    command = command_line.parsed(flags, Receiving(), USAGE, __doc__ or "")
    if len(folders) != 2:
        raise UsageError(f"give the folder that was sent and the one that came back: {USAGE}")
    parcel, results = map(Parcel, folders)
    try:
        described, came = parcel.descriptions(), results.descriptions()
        if not came or not set(command.only) <= came.keys():
            raise UsageError(f"{results.path} holds {', '.join(came) or 'no results'}")
        import_tensorflow()
        for name, result in came.items():
            if not command.only or name in command.only:
                receive(results, name, described.get(name), result, command.data_dir)
    except ParcelError as error:
        raise UsageError(str(error)) from error


def receive(
    results: Parcel, name: str, description: dict[str, Any] | None, result: dict[str, Any], data_dir: str | None
) -> None:
    """Takes one run into its folder, unless that is done already.

    Raises:
        UsageError: It is of another parcel, or its folder's run has gone on since it was sent.
        ParcelError: Something is missing or damaged.
    """
    from keras_gen import callbacks
    from reproductions.harness import distribution
    from reproductions.harness.run import Training

    if description is None or description_hash(description) != result["of"]:
        raise UsageError(f"{results.path}: {name} was trained from another parcel than this; give that one")
    reproduction: Reproduction = import_module(f"reproductions.{description['script']}").REPRODUCTION
    flags, directory = description["flags"], RunDirectory(description["output_dir"])
    configuration = reproduction.configuration_class(**flags)
    directory.check(flags, extendable=True)
    c, whole = configuration, None not in result["variables"]
    if not whole and result["step"] < c.steps:
        raise UsageError(f"{name} ended at step {result['step']}, without its optimisers; send it with --optimizers")
    last = result["rows"][-1]
    if not all(map(math.isfinite, last.values())):
        raise UsageError(f"{name}: a term became NaN or infinite by step {last['step']}; send it with smaller rates")
    newest = callbacks.newest_step(directory.checkpoints)
    if newest == result["step"] or directory.finished(flags):
        print(f"{name}: {directory.path} has it already")
        return
    if newest != description["first_step"]:
        raise UsageError(f"{directory.path} is at step {newest}; {name} was sent at {description['first_step']}")
    strategy = distribution.make_strategy("single", 1)
    distribution.set_numerics(configuration.precision, configuration.deterministic, configuration.seed)
    silence.say(f"Receiving {name}")
    training = Training.prepared(reproduction, configuration, data_dir, strategy)
    with directory.claimed(flags, extendable=True):
        image_files.note_names(directory.image_files, training.images.files)
        _write_tables(training, directory, results, description, result)
        assign(training.model, results, description, result["variables"])
        directory.note_device(result["device"], description["first_step"], result["step"], whole)
        checkpoints = callbacks.Checkpoints(directory.checkpoints, every=1)
        checkpoints.set_model(training.model)
        checkpoints.write()
    print(f"{name}: step {result['step']} of {flags['steps']}; {next_command(description)}", flush=True)


def _write_tables(
    training: Training, directory: RunDirectory, results: Parcel, description: dict[str, Any], result: dict[str, Any]
) -> None:
    """Adds the rows and measures the snapshots, the end included."""
    from keras_gen import callbacks

    metrics = callbacks.StepTable(directory.metrics, directory.tensorboard / "metrics")
    callbacks.StepTable(directory.evaluations).forget_after(description["first_step"])
    metrics.forget_after(description["first_step"])
    before = metrics.rows()[-1]["seconds"] if metrics.rows() else 0.0
    reported = {metric.name for metric in training.model.metrics}
    names = [name for name in description["terms"] if name in reported]
    for row in result["rows"]:
        terms = {name: row[name] for name in names}
        metrics.append(row["step"], {"seconds": round(before + row["seconds"], 3), **terms})
    snapshots = {int(step): arrays for step, arrays in result["snapshots"].items()}
    snapshots.pop(result["step"], None)  # of which there is all
    for step, arrays in sorted(snapshots.items()):
        assign(training.model, results, description, arrays, description["snapshot"])
        training.model.step.assign(step)
        training.look(directory, step)
    c, step = training.configuration, result["step"]
    if step % c.evaluate_every == 0 or step == c.steps:
        assign(training.model, results, description, result["variables"])
        training.look(directory, step)


def assign(
    model: keras.Model,
    results: Parcel,
    description: dict[str, Any],
    arrays: Sequence[dict[str, str] | None],
    numbers: Sequence[int] | None = None,
) -> None:
    """Gives variables of a model, all by default, the values that came back; those that did not stay as they are.

    Raises:
        UsageError: This version of the suite builds other variables.
    """
    from benchmarks.accelerator.training_step import variables_of

    sent = description["variables"]
    variables = variables_of(model)
    if [list(variables[one["place"]].shape) for one in sent if one["place"] < len(variables)] != [
        one["shape"] for one in sent
    ]:
        raise UsageError("this version builds the model with other weights; use the version that sent the run")
    for found, number in zip(arrays, range(len(sent)) if numbers is None else numbers, strict=True):
        if found is not None:
            variables[sent[number]["place"]].assign(results.array(found).astype(np.dtype(sent[number]["dtype"])))


def next_command(description: dict[str, Any]) -> str:
    """What to do next, as a user types it."""
    return f"finish it with: python {shlex.join(description['command'])}"


if __name__ == "__main__":
    main()

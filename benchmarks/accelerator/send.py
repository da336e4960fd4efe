"""Packs runs for an accelerator: `python -m benchmarks.accelerator.send PARCEL SCRIPT [the script's flags]`.

With --study=NAME it packs every run of the study that is still to make. A run that has begun in its folder goes on from
its last checkpoint.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.accelerator import pictures
from benchmarks.accelerator.parcel import Parcel, hash_of
from reproductions.harness import command_line, launch, silence
from reproductions.harness.configuration import RunConfiguration
from reproductions.harness.errors import UsageError
from reproductions.harness.failures import guarded
from reproductions.harness.options import Options, as_flags, option, options
from reproductions.harness.reproduction import Reproduction
from reproductions.harness.run_directory import RunDirectory
from reproductions.harness.study_folders import folder_name
from reproductions.harness.tensorflow_quietly import import_tensorflow
from reproductions.pages import SCRIPTS

if TYPE_CHECKING:
    from keras_gen import datasets
    from keras_gen.models import ReproducibleModel

# How a JPEG file begins: it is much smaller than its pixels, however they are packed.
JPEG = b"\xff\xd8"
USAGE = "python -m benchmarks.accelerator.send PARCEL SCRIPT [--FLAG=VALUE ...]"


@dataclass(frozen=True, kw_only=True)
class Sending(Options):
    """Sending."""

    snapshots: int = option(
        3, "Measurements that are made of a run, at most: its last ones, the end included.", at_least=1
    )
    half: bool = option(False, "States come back with half their bits: float16, and bfloat16 for optimisers.")
    optimizers: bool = option(True, "Their state comes back too; a run that ends there needs it no more.")


@dataclass(frozen=True)
class Planned:
    """A run that is to be sent.

    Attributes:
        configuration: Its configuration.
        output_dir: Its folder.
        command: The words of the command that finishes it.
    """

    configuration: RunConfiguration
    output_dir: Path
    command: list[str]


def main(argv: Sequence[str] | None = None) -> None:
    """Does what the command line says."""
    guarded(_main, list(sys.argv[1:] if argv is None else argv))


def _main(argv: list[str]) -> None:
    if len(argv) < 2 or argv[1] not in SCRIPTS:
        command_line.answer(argv, lambda: f"Usage: {USAGE}\n\n{__doc__}")
        raise UsageError(f"give a folder and a script, one of {', '.join(SCRIPTS)}: {USAGE}")
    path, script, *words = argv
    reproduction: Reproduction = import_module(f"reproductions.{script}").REPRODUCTION
    sending = Sending(**command_line.parse(words, [Sending]))
    own = {one.name for one in options(Sending)}
    planned, data_dir = plan(reproduction, [word for word in words if _flag(word) not in own])
    import_tensorflow()
    parcel = Parcel(path)
    images = _images(parcel, data_dir)
    for run in planned:
        name = folder_name(f"{reproduction.name}-{run.output_dir.name}")
        silence.say(f"Compiling the step of {run.output_dir}")
        parcel.describe(name, described(parcel, reproduction, run, sending, *images(run.configuration)))
        print(f"{name} is in {parcel.path}", flush=True)


def _flag(word: str) -> str:
    """The name of the flag that a word gives."""
    return word.lstrip("-").split("=")[0].removeprefix("no")


def plan(reproduction: Reproduction, words: list[str]) -> tuple[list[Planned], str | None]:
    """The runs that a command of the script would make, and the folder of data sets.

    Raises:
        UsageError: A flag is unknown or cannot be used.
    """
    from reproductions.harness import making

    study = command_line.parse(words, [launch.Command]).get("study")
    if study is not None and study not in reproduction.studies:
        raise UsageError(f"--study={study}: choose one of {', '.join(reproduction.studies)}")
    cls = type(next(iter(launch.presets_of(reproduction, study).values())))
    command, changes = launch.given(words, cls, lambda: launch.help_text(reproduction, study))
    if study is None:
        configuration = launch.preset(reproduction, None, command.preset).replace(changes)
        output_dir = Path(command.output_dir or f"runs/{reproduction.name}")
        return [
            Planned(configuration, output_dir, ["-m", f"reproductions.{reproduction.name}", *words])
        ], command.data_dir
    if reproduction.studies[study].perform is not None:
        raise UsageError(f"--study={study}: its runs are no training of the script's; make them here")
    made = making.Making.planned(reproduction, study, command, changes, making.shipped(reproduction.name, study))
    again = ["-m", f"reproductions.{reproduction.name}", *words]
    runs = [of_job[0] for of_job in made.todo().values()]
    return [Planned(made.configuration(run), made.directory(run).path, again) for run in runs], command.data_dir


def _images(parcel: Parcel, data_dir: str | None) -> Any:
    """A function from a configuration to its training images and what describes them in the parcel."""
    from keras_gen import datasets

    @cache
    def kept(dataset: str, image_size: int | None) -> tuple[datasets.Images, dict[str, Any]]:
        silence.say(f"Packing {dataset}")
        images = datasets.load(dataset, "train", image_size, data_dir)
        pixels, read = images.to_pixels(), getattr(images, "read", None)
        identity = hash_of(pixels)
        for there in parcel.descriptions().values():
            if there["images"]["pixels"] == identity:
                return images, there["images"]
        if read is None or not read(0).startswith(JPEG):
            return images, pictures.put_pixels(parcel, pixels)
        return images, pictures.put_files(parcel, list(map(read, range(len(images)))), pixels)

    return lambda configuration: kept(configuration.dataset, configuration.image_size)


def described(
    parcel: Parcel,
    reproduction: Reproduction,
    run: Planned,
    sending: Sending,
    images: datasets.Images,
    images_described: dict[str, Any],
) -> dict[str, Any]:
    """What a parcel says of a run; its contents are put there.

    Raises:
        UsageError: The run is finished, or more than its step has to be done in training.
        keras_gen.InputError: The model cannot be built.
    """
    import tensorflow as tf

    from benchmarks.accelerator.training_step import training_step, variables_of
    from keras_gen import callbacks, datasets
    from reproductions.harness import distribution
    from reproductions.harness.run import versions

    c, directory = run.configuration, RunDirectory(run.output_dir)
    directory.check(as_flags(c), extendable=True)
    distribution.set_numerics(c.precision, c.deterministic, c.seed)
    model = reproduction.build(c, images.image_shape, 1)
    if reproduction.callbacks and reproduction.callbacks(c, images):
        raise UsageError(f"{run.output_dir}: in training, this run does more than its step; make it here")
    if model.num_classes is not None:
        raise UsageError(f"--num_classes={model.num_classes}: a parcel holds no labels; make {run.output_dir} here")
    first_step = callbacks.restore_newest(model, directory.checkpoints)
    if first_step >= c.steps:
        raise UsageError(f"{run.output_dir}: all of its {c.steps} steps are made; the script's own command finishes it")
    batch_size = c.batch_size * model.real_batches_per_step
    if first_step == 0 and getattr(model, "awaits_data", False):
        model.initialize(next(iter(datasets.batches(images, batch_size, c.seed))))
    step = training_step(model, (batch_size, *images.image_shape))
    kinds, places = _kinds(model), {id(variable): i for i, variable in enumerate(variables_of(model))}
    order = datasets.batch_numbers(len(images), batch_size, c.seed, first_step, c.steps - first_step)
    order = order.astype(number_type(len(images)))
    return {
        "script": reproduction.name,
        "flags": as_flags(c),
        "output_dir": str(run.output_dir),
        "command": run.command,
        "versions": versions(),
        "step": parcel.put(step.text.encode()),
        "terms": step.terms,
        "written": step.written,
        "variables": [
            {
                "place": places[id(variable)],
                "kind": kinds[id(variable)],
                "shape": list(variable.shape),
                **parcel.put_array(tf.convert_to_tensor(variable.value).numpy()),
            }
            for variable in step.variables
        ],
        "snapshot": _sampled_from(model, step.variables),
        "images": images_described,
        "order": {"shape": list(order.shape), **parcel.put_array(order)},
        "first_step": first_step,
        "last_step": c.steps,
        "report_every": c.log_every,
        "measure_every": c.evaluate_every,
        "snapshots": sending.snapshots - 1,  # the end needs none
        "half": sending.half,
        "optimizers": sending.optimizers,
    }


def number_type(count: int) -> str:
    """The smallest type of the numbers of so many images."""
    return "uint16" if count <= 2**16 else "int32"


def _kinds(model: ReproducibleModel) -> dict[int, str]:
    """What each variable is for, by its identity."""
    kinds = {id(variable): "weight" for variable in model.variables}
    kinds |= {id(variable): "optimizer" for variable in model.optimizer.variables}
    return kinds | {id(variable): "mean" for metric in model.metrics for variable in metric.variables}


def _sampled_from(model: ReproducibleModel, variables: Sequence[Any]) -> list[int]:
    """The numbers of the variables that a trained model's endpoints use: what a measurement needs."""
    import tensorflow as tf

    used: set[int] = set()
    for function, signature in model.endpoints().values():
        used |= {id(handle) for handle in tf.function(function).get_concrete_function(*signature).captured_inputs}
    return [i for i, variable in enumerate(variables) if id(variable.value.handle) in used]


if __name__ == "__main__":
    main()

"""What a parcel says of a run: its step, its state, its images and which of them are in each batch."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.accelerator import kinds, pictures
from benchmarks.accelerator.parcel import SUFFIX, Parcel, description_hash, hash_of
from reproductions.harness import run_checks, silence
from reproductions.harness.configuration import RunConfiguration
from reproductions.harness.errors import UsageError
from reproductions.harness.options import Options, as_flags, option
from reproductions.harness.reproduction import Reproduction
from reproductions.harness.run_directory import RunDirectory
from reproductions.harness.study_folders import folder_name

if TYPE_CHECKING:
    from keras_gen import datasets
    from keras_gen.models import ReproducibleModel

# How a JPEG file begins: it is much smaller than its pixels, however they are packed.
JPEG = b"\xff\xd8"
# Letters of a name, at most: files of a parcel are called by it.
LONGEST_NAME = 150


@dataclass(frozen=True, kw_only=True)
class Sending(Options):
    """Sending."""

    snapshots: int = option(
        3, "Measurements that are made of a run, at most: its last ones, the end included.", at_least=1
    )
    half: bool = option(False, "States come back with half their bits: float16, and bfloat16 for optimisers.")
    optimizers: bool = option(True, "Their state comes back too; a run that ends there needs it only to be extended.")


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


def name_of(script: str, output_dir: str | os.PathLike, first_step: int) -> str:
    """What a run is called in parcels: by its script, its whole folder and, if it has begun, its step."""
    name = folder_name(f"{script}-{os.path.normpath(output_dir)}")
    if len(name) > LONGEST_NAME:
        name = f"{name[:LONGEST_NAME]}-{hash_of(os.fsencode(output_dir))[:8]}"
    return f"{name}-from-{first_step}" if first_step else name


def keep(parcel: Parcel, description: dict[str, Any]) -> str:
    """Puts a run's description into a parcel, behind those that are there; gives its name.

    Raises:
        UsageError: There is another one of that name.
    """
    name = name_of(description["script"], description["output_dir"], description["first_step"])
    there = parcel.descriptions(kinds.RUN)
    if name not in there:
        number = max((one["number"] for one in there.values()), default=-1) + 1
        parcel.describe(name, kinds.RUN, {"number": number, **description})
    elif there[name]["hash"] != description_hash(description):
        raise UsageError(
            f"{parcel.path} holds another {name}, sent with other flags or from another version; give another folder, "
            f"or remove {parcel.path / name}{SUFFIX} to send it anew"
        )
    return name


def images_of(parcel: Parcel, data_dir: str | None) -> Callable[[RunConfiguration], Any]:
    """A function from a configuration to its training images and what describes them in the parcel."""
    from keras_gen import datasets

    @cache
    def kept(dataset: str, image_size: int | None) -> tuple[datasets.Images, dict[str, Any]]:
        silence.say(f"Packing {dataset}")
        images = datasets.load(dataset, "train", image_size, data_dir)
        pixels, read = images.to_pixels(), getattr(images, "read", None)
        identity = hash_of(pixels)
        for there in parcel.descriptions(kinds.RUN).values():
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
    from keras_gen import datasets
    from reproductions.harness.run import versions

    c = run.configuration
    model, first_step = _restored(reproduction, run, images)
    batch_size = c.batch_size * model.real_batches_per_step
    step = training_step(model, (batch_size, *images.image_shape))
    of_variables, places = _kinds(model), {id(variable): i for i, variable in enumerate(variables_of(model))}
    order = datasets.batch_numbers(len(images), batch_size, c.seed, first_step, c.steps - first_step)
    return {
        "script": reproduction.name,
        "flags": as_flags(c),
        "output_dir": str(run.output_dir),
        "sent_from": folder_hash(),
        "command": run.command,
        "versions": versions(),
        "step": parcel.put(step.text.encode()),
        "terms": step.terms,
        "written": step.written,
        "variables": [
            {
                "place": places[id(variable)],
                "kind": of_variables[id(variable)],
                **parcel.put_array(tf.convert_to_tensor(variable.value).numpy()),
            }
            for variable in step.variables
        ],
        "snapshot": _sampled_from(model, step.variables),
        "images": images_described,
        "order": parcel.put_array(order.astype(number_type(len(images)))),
        "first_step": first_step,
        "last_step": c.steps,
        "report_every": c.log_every,
        "measure_every": c.evaluate_every,
        "snapshots": sending.snapshots - 1,  # the end needs none
        "half": sending.half,
        "optimizers": sending.optimizers,
    }


def _restored(reproduction: Reproduction, run: Planned, images: datasets.Images) -> tuple[ReproducibleModel, int]:
    """The model of a run as its folder has it, and its step."""
    from keras_gen import callbacks, datasets
    from reproductions.harness import distribution

    c, directory = run.configuration, RunDirectory(run.output_dir)
    run_checks.check_intervals(c)
    directory.check(as_flags(c), extendable=True)
    distribution.set_numerics(c.precision, c.deterministic, c.seed)
    model = reproduction.build(c, images.image_shape, 1)
    run_checks.check_batch(c, model, images)
    if reproduction.callbacks and reproduction.callbacks(c, images):
        raise UsageError(f"{run.output_dir}: in training, this run does more than its step; make it here")
    if model.num_classes is not None:
        raise UsageError(f"--num_classes={model.num_classes}: a parcel holds no labels; make {run.output_dir} here")
    first_step = callbacks.restore_newest(model, directory.checkpoints)
    if first_step >= c.steps:
        raise UsageError(f"{run.output_dir}: all of its {c.steps} steps are made; the script's own command finishes it")
    if first_step == 0 and getattr(model, "awaits_data", False):
        batch_size = c.batch_size * model.real_batches_per_step
        model.initialize(next(iter(datasets.batches(images, batch_size, c.seed))))
    return model, first_step


def folder_hash() -> str:
    """Identifies the current folder without telling its name."""
    return hash_of(os.fsencode(Path.cwd()))


def number_type(count: int) -> str:
    """The smallest type of the numbers of so many images."""
    return "uint16" if count <= 2**16 else "int32"


def _kinds(model: ReproducibleModel) -> dict[int, str]:
    """What each variable is for, by its identity."""
    found = {id(variable): "weight" for variable in model.variables}
    found |= {id(variable): "optimizer" for variable in model.optimizer.variables}
    return found | {id(variable): "mean" for metric in model.metrics for variable in metric.variables}


def _sampled_from(model: ReproducibleModel, variables: Sequence[Any]) -> list[int]:
    """The numbers of the variables that a trained model's endpoints use: what a measurement needs."""
    import tensorflow as tf

    used: set[int] = set()
    for function, signature in model.endpoints().values():
        used |= {id(handle) for handle in tf.function(function).get_concrete_function(*signature).captured_inputs}
    return [i for i, variable in enumerate(variables) if id(variable.value.handle) in used]

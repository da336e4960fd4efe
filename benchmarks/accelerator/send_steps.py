"""Packs training steps, to be timed on an accelerator: `python -m benchmarks.accelerator.send_steps PARCEL`.

Of every script's paper preset, in float32 and in bfloat16, and of some in larger batches: the step and the shapes that
it works on, no weights and no images.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from benchmarks.accelerator import words
from benchmarks.accelerator.parcel import Parcel, ParcelError, description_hash
from reproductions.harness import silence
from reproductions.harness.configuration import RunConfiguration
from reproductions.harness.errors import UsageError
from reproductions.harness.failures import guarded
from reproductions.harness.options import Options, option
from reproductions.harness.reproduction import Reproduction
from reproductions.harness.tensorflow_quietly import import_tensorflow
from reproductions.pages import SCRIPTS

USAGE = "python -m benchmarks.accelerator.send_steps PARCEL [--FLAG=VALUE ...]"
PRECISIONS = ("float32", "mixed_bfloat16")
# The image shapes of data sets whose presets leave the size to them.
SHAPES = {"cifar10": (32, 32, 3), "fashion_mnist": (28, 28, 1), "mnist_5k": (28, 28, 1), "digits": (8, 8, 1)}


@dataclass(frozen=True, kw_only=True)
class Sending(Options):
    """Steps."""

    script: tuple[str, ...] = option((), "Only this script; may be given several times.")
    preset: str = option("paper", "The preset.")
    times: list[int] = option([1], "The preset's batch size is multiplied by each of these.", at_least=1, at_most=1_000)
    precision: tuple[str, ...] = option(PRECISIONS, "Only this precision; may be given several times.")


def main(argv: Sequence[str] | None = None) -> None:
    """Does what the command line says."""
    guarded(_main, list(sys.argv[1:] if argv is None else argv))


def _main(argv: list[str]) -> None:
    (folder,), command = words.folders_and_flags(argv, ["the folder to pack into"], Sending(), USAGE, __doc__)
    for flag, given, known in (("script", command.script, SCRIPTS), ("precision", command.precision, PRECISIONS)):
        if not set(given) <= set(known):
            raise UsageError(f"--{flag}={', '.join(given)}: choose from {', '.join(known)}")
    bases = {script: _preset(script, command.preset) for script in command.script or SCRIPTS}
    parcel = Parcel(folder)
    try:
        there = parcel.make_for("step")
    except ParcelError as error:
        raise UsageError(str(error)) from error
    import_tensorflow()
    for (script, base), precision, times in itertools.product(bases.items(), command.precision, command.times):
        reproduction: Reproduction = import_module(f"reproductions.{script}").REPRODUCTION
        c = base.replace({"precision": precision, "batch_size": base.batch_size * times})
        name = f"{script}-{command.preset}-{precision}-{c.batch_size}"
        silence.say(f"Compiling the step of {name}")
        found = described(parcel, reproduction, c)
        if name in there and there[name]["hash"] != description_hash(found):
            raise UsageError(f"{parcel.path} holds another {name}, of another version; give another folder")
        parcel.describe(name, "step", found)
    print(f"{parcel.path}: {parcel.size()}")


def _preset(script: str, name: str) -> RunConfiguration:
    """A preset of a script."""
    presets = import_module(f"reproductions.{script}").REPRODUCTION.presets
    if name not in presets:
        raise UsageError(f"--preset={name}: {script} has {', '.join(presets)}; choose scripts that have it by --script")
    return presets[name]


def described(parcel: Parcel, reproduction: Reproduction, configuration: RunConfiguration) -> dict[str, Any]:
    """What a parcel says of a step; its module is put there."""
    import keras

    from benchmarks.accelerator.training_step import training_step
    from reproductions.harness import distribution

    c = configuration
    keras.backend.clear_session()
    distribution.set_numerics(c.precision, c.deterministic, c.seed)
    if not c.image_size and c.dataset not in SHAPES:
        raise UsageError(f"{reproduction.name}: --dataset={c.dataset} has no known size; choose another --preset")
    shape = (c.image_size, c.image_size, 3) if c.image_size else SHAPES[c.dataset]
    model = reproduction.build(c, shape, 1)
    batch_shape = (c.batch_size * model.real_batches_per_step, *shape)
    step = training_step(model, batch_shape)
    return {
        "script": reproduction.name,
        "precision": c.precision,
        "batch_size": c.batch_size,
        "image_shape": list(shape),
        "batch_shape": list(batch_shape),
        "parameters": int(sum(np.prod(variable.shape) for variable in model.trainable_variables)),
        "step": parcel.put(step.text.encode()),
        "terms": step.terms,
        "written": step.written,
        "variables": [{"shape": list(variable.shape), "dtype": variable.dtype} for variable in step.variables],
    }


if __name__ == "__main__":
    main()

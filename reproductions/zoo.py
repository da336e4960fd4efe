"""Puts the model of a finished run among those that come with the package.

    python -m reproductions.zoo --run=runs/faces --name=faces_wgan_div --leave_out=discriminator

Weights are rounded to float16. A generator with a moving average is replaced by that average, from which samples are
drawn, so that one of the two is kept.
"""

import hashlib
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reproductions.harness.command_line import parsed
from reproductions.harness.errors import UsageError
from reproductions.harness.failures import guarded
from reproductions.harness.launch import command_of
from reproductions.harness.options import Options, option
from reproductions.harness.run_directory import RunDirectory, replacing, write_json
from reproductions.harness.tensorflow_quietly import import_tensorflow
from reproductions.keep import finished_run, without_place

USAGE = "python -m reproductions.zoo --run=FOLDER --name=NAME [--leave_out=NETWORK]"
# What may be done with what is learnt from data, as their makers say.
LICENCES = {
    "celeba": "CelebA is for non-commercial research only; so is what was learnt from it",
    "mnist": "MNIST: CC BY-SA 3.0, by Yann LeCun and Corinna Cortes",
    "fashion_mnist": "Fashion-MNIST: MIT",
    "cifar10": "CIFAR-10: no restrictions stated by its makers; cite Krizhevsky 2009",
}


@dataclass(frozen=True, kw_only=True)
class Command(Options):
    """What to keep."""

    run: str | None = option(None, "The folder of a finished run.")
    name: str | None = option(None, "The model's name: small letters, digits and underscores.")
    leave_out: tuple[str, ...] = option((), "A network whose weights are not kept; may be given several times.")


def main(argv: Sequence[str] | None = None) -> None:
    """Does what the command line says."""
    guarded(_main, argv)


def _main(argv: Sequence[str] | None) -> None:
    command = parsed(argv, Command(), USAGE, "Puts the model of a finished run among those of the package.")
    directory, name = finished_run(command.run, command.name, USAGE)
    import_tensorflow()
    from keras_gen import zoo

    put(directory, name, command.leave_out, zoo.FOLDER)


def put(directory: RunDirectory, name: str, leave_out: Sequence[str], folder: Path) -> None:
    """Writes the card and the weights.

    Raises:
        UsageError: There is no such network to leave out, a weight is too large for float16, or the model cannot be
            loaded.
    """
    import keras
    import numpy as np

    from keras_gen import zoo

    results, model = directory.read_results(), directory.load_model()
    if getattr(model, "ema_momentum", None) is not None:
        model.generator.set_weights(model.average_generator.get_weights())
    parts = zoo.parts(model)
    unknown = set(leave_out) - parts.keys()
    if unknown:
        raise UsageError(f"--leave_out={', '.join(sorted(unknown))}: choose from {', '.join(parts)}")
    values = {
        part: [np.asarray(variable.numpy()).astype(np.float16) for variable in variables]
        for part, variables in parts.items()
        if part not in leave_out
    }
    if not all(np.isfinite(value).all() for of_part in values.values() for value in of_part):
        raise UsageError(f"--run={directory.path}: a weight is too large for float16")
    same = _same(values)
    memory = io.BytesIO()
    arrays = {f"{part}/{i}": value for part, of in values.items() if part not in same for i, value in enumerate(of)}
    np.savez_compressed(memory, **arrays)  # type: ignore[arg-type]
    with replacing(folder / f"{name}.npz") as aside:
        aside.write_bytes(memory.getvalue())
    card = {
        **about(results),
        "drawn": drawn(model, parts, values),
        "left_out": list(leave_out),
        "same": same,
        "sha256": hashlib.sha256(memory.getvalue()).hexdigest(),
        "model": keras.saving.serialize_keras_object(model),
    }
    write_json(folder / f"{name}.json", card)
    size = len(memory.getvalue()) / 1e6
    print(f"{name}: {size:.1f} MB in {folder}; python -m reproductions.tables writes the verdicts on its card")


def drawn(model: Any, parts: dict[str, list[Any]], values: dict[str, list[Any]]) -> dict[str, float]:
    """What the model gives by the weights that are kept; see `fingerprint`."""
    for part, of_part in values.items():
        for variable, value in zip(parts[part], of_part, strict=True):
            variable.assign(value.astype(variable.dtype))
    return fingerprint(model)


def fingerprint(model: Any) -> dict[str, float]:
    """Mean and standard deviation of all pixels of 64 samples with seed 0.

    Of an encoder, which does not sample, those of the codes of 64 images of uniform noise.
    """
    import numpy as np

    if hasattr(model, "sample"):
        found = model.sample(64, seed=0).numpy()
    else:
        noise = np.random.default_rng(0).uniform(-1, 1, (64, *model.encoder.input_shape[1:]))
        found = model.encode(noise.astype(np.float32)).numpy()
    return {"mean": float(found.mean()), "deviation": float(found.std())}


def about(results: dict[str, Any]) -> dict[str, Any]:
    """What a card says of the run."""
    from importlib import import_module

    reproduction = import_module(f"reproductions.{results['reproduction']}").REPRODUCTION
    flags = {**results["flags"], "dataset": without_place(results["flags"]["dataset"])}
    data = flags["dataset"]
    found = [licence for key, licence in LICENCES.items() if re.search(rf"\b{key}(\b|_\d)", data)]
    return {
        "script": results["reproduction"],
        "data": data,
        "licence": found[-1] if found else "see the data set",
        "flags": flags,
        "steps": results["steps"],
        "command": command_of(reproduction, reproduction.configuration_class(**flags)),
        "evaluations": results["evaluations"][-3:],
        "measure": results["measure"],
        "trained_on": results.get("trained_on", []),
        "versions": results["versions"],
    }


def _same(values: dict[str, list[Any]]) -> dict[str, str]:
    """The parts whose weights are those of an earlier one, and which."""
    same: dict[str, str] = {}
    for part, of_part in values.items():
        for earlier, others in values.items():
            if earlier == part:
                break
            alike = len(of_part) == len(others) and all(
                one.shape == other.shape and (one == other).all() for one, other in zip(of_part, others, strict=True)
            )
            if alike and of_part and earlier not in same:
                same[part] = earlier
                break
    return same


if __name__ == "__main__":
    main()

"""Draws samples from a SavedModel, or from a model of the zoo, into one picture.

python -m reproductions.sample --saved_model=runs/wgan_div/saved_model --num_samples=64 --seed=0 --output=grid.png
python -m reproductions.sample --zoo=faces_wgan_div --output=grid.png

An encoder of the zoo, which draws nothing, shows images of its test data beside their nearest neighbours.

A SavedModel is a program of TensorFlow's operations, some of which read and write files: one that has such an operation
is refused.
"""

import importlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reproductions.harness import command_line, saved_model, silence
from reproductions.harness.errors import UsageError
from reproductions.harness.failures import guarded
from reproductions.harness.options import Options, option
from reproductions.harness.run_directory import check_writable
from reproductions.harness.tensorflow_quietly import import_tensorflow
from reproductions.harness.trained import check_zoo, saved_model_folder, untraced


@dataclass(frozen=True, kw_only=True)
class Command(Options):
    """What to draw."""

    saved_model: str | None = option(None, "Folder of a SavedModel, or of a finished run; this or --zoo must be given.")
    zoo: str | None = option(None, "Name of a trained model that comes with the package; see keras_gen.zoo.")
    num_samples: int = option(64, "Images to draw.", at_least=1, at_most=2**31 - 1)
    seed: int = option(0, "Seed: the same seed draws the same images.", at_least=0, at_most=2**31 - 1)
    label: int | None = option(
        None, "Class to draw, of a conditional model; by default each in turn.", at_least=0, at_most=2**31 - 1
    )
    cluster: int | None = option(
        None, "Cluster to draw, of a clustering model; by default any.", at_least=0, at_most=2**31 - 1
    )
    temperature: float = option(1.0, "Standard deviation of the latents, of a model with a flow.", at_least=0)
    output: str | None = option(None, "PNG file to write; must be given.")
    data_dir: str | None = option(None, "Folder of the data sets, for a model of the zoo that shows images of them.")


def draw(command: Command) -> None:
    """Draws the picture.

    Raises:
        UsageError: The SavedModel cannot be loaded or does not sample, or not at the temperature, or the file cannot be
            written.
    """
    if (command.saved_model is None) == (command.zoo is None):
        raise UsageError("give one of --saved_model=FOLDER and --zoo=NAME")
    if command.output is None:
        raise UsageError("--output: give the PNG file to write")
    output = Path(command.output).expanduser()
    if output.suffix.lower() != ".png":
        raise UsageError(f"--output={output}: give a file that ends in .png")
    check_writable(output.parent, "--output")
    folder = None
    if command.saved_model is not None:
        folder = saved_model_folder(Path(command.saved_model).expanduser(), "--saved_model")
    else:
        check_zoo(str(command.zoo))
    import_tensorflow()
    from keras_gen import zoo
    from keras_gen.utils import image_grid, save_png

    silence.say("Loading the model")
    if folder is None:
        model, named = zoo.load(str(command.zoo)), f"--zoo={command.zoo}"
    else:
        model, named = saved_model.loaded(folder, "--saved_model"), f"--saved_model={folder}"
    if hasattr(model, "sample"):
        samples = "one sample" if command.num_samples == 1 else f"{command.num_samples} samples"
        silence.say(f"Drawing {samples}")
        with untraced():
            picture = image_grid(_samples(command, model, named))
        shown = f"{samples} of {_subject(command)}seed {command.seed}"
    elif command.zoo is not None:
        picture = _sheet(command, model)
        shown = "test images before those of the nearest codes, by Euclidean (left) and cosine distance (right),"
    else:
        raise UsageError(f"{named}: this model does not sample")
    try:
        save_png(output, picture)
    except OSError as error:
        raise UsageError(f"--output={output} cannot be written: {error.strerror or error}") from error
    print(f"{shown} in {output}")


def _sheet(command: Command, model: Any) -> Any:
    """What a run of an encoder shows: test images beside those with the nearest codes."""
    for name in ("num_samples", "seed", "label", "cluster", "temperature"):
        if getattr(command, name) != getattr(Command(), name):
            raise UsageError(f"--{name}: {command.zoo} is an encoder, which draws no samples; leave the flag out")
    from keras_gen import datasets, zoo

    card = zoo.card(str(command.zoo))
    reproduction = importlib.import_module(f"reproductions.{card['script']}").REPRODUCTION
    c = reproduction.configuration_class(**card["flags"])
    silence.say(f"Loading {c.dataset}")
    test = datasets.load(c.dataset, "test", c.image_size, command.data_dir)
    silence.say("Encoding the test images")
    return reproduction.sheet(c, test)(model)


def _samples(command: Command, model: Any, named: str) -> Any:
    import tensorflow as tf

    from keras_gen.errors import InputError, unwrapped_input_errors

    at_temperature = command.temperature != 1
    if at_temperature and not hasattr(model, "sample_at_temperature"):
        raise UsageError(f"--temperature={command.temperature}: this model samples at 1 only; leave the flag out")
    count, seed = command.num_samples, command.seed
    for flag, method, several in (("label", "sample_class", "classes"), ("cluster", "sample_cluster", "clusters")):
        value = getattr(command, flag)
        lacks_classes = flag == "label" and getattr(model, "num_classes", 0) is None
        if value is not None and (lacks_classes or not hasattr(model, method)):
            raise UsageError(f"--{flag}={value}: this model has no {several}; leave the flag out")
        if value is not None and at_temperature:
            raise UsageError(f"--{flag}={value}: drawn at temperature 1 only; leave one of the two flags out")
    try:
        with unwrapped_input_errors():
            if command.label is not None:
                return model.sample_class(count, seed, command.label)
            if command.cluster is not None:
                return model.sample_cluster(command.cluster, count, seed)
            if at_temperature:
                return model.sample_at_temperature(count, seed, command.temperature)
            return model.sample(count, seed)
    except tf.errors.ResourceExhaustedError as error:
        raise UsageError(f"--num_samples={command.num_samples}: they do not fit into memory; draw fewer") from error
    except InputError as error:
        raise UsageError(_of_flag(command, named, str(error))) from error
    except (TypeError, ValueError, tf.errors.OpError) as error:
        raise UsageError(f"{named}: its sample does not take a number and a seed") from error


def _subject(command: Command) -> str:
    for name in ("label", "cluster"):
        if getattr(command, name) is not None:
            return f"{'class' if name == 'label' else name} {getattr(command, name)} and "
    return ""


def _of_flag(command: Command, named: str, message: str) -> str:
    """What a model says of its arguments, in terms of the flag; SavedModels put the value at the end."""
    found = re.fullmatch(r"(num_samples|seed|label|cluster|temperature)(?:=\S+)?: (.+?)(?:, got \S+)?", message)
    if found is None:
        return f"{named}: {message}"
    flag, advice = found.groups()
    return f"--{flag}={getattr(command, flag)}: {advice}"


def main(argv: Sequence[str] | None = None) -> None:
    """Draws what the command line says."""
    guarded(_main, argv)


def _main(argv: Sequence[str] | None) -> None:
    usage = "python -m reproductions.sample --saved_model=FOLDER|--zoo=NAME --output=FILE.png [--FLAG=VALUE ...]"
    draw(command_line.parsed(argv, Command(), usage, "Draws samples from a trained model into one picture."))


if __name__ == "__main__":
    main()

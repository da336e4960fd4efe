"""Exports the model of a finished run, or of the zoo, as what runs without this package.

    python -m reproductions.export runs/wgan_div --format=onnx --output=wgan_div_onnx
    python -m reproductions.export --zoo=faces_wgan_div --format=litert --output=faces_litert --endpoints=decode

`docs/exports.md` shows what to do with it.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from reproductions.harness import silence
from reproductions.harness.command_line import parsed
from reproductions.harness.errors import UsageError
from reproductions.harness.failures import guarded
from reproductions.harness.options import Options, option
from reproductions.harness.run_directory import check_writable, read_json, replacing
from reproductions.harness.tensorflow_quietly import import_tensorflow
from reproductions.harness.trained import check_zoo, finished_run

USAGE = "python -m reproductions.export FOLDER|--zoo=NAME --format=onnx --output=FOLDER [--endpoints=NAME ...]"

# What one might take a name for that ends in these.
FILES = (".keras", ".litert", ".onnx", ".pb", ".tflite", ".zip")


@dataclass(frozen=True, kw_only=True)
class Command(Options):
    """What to export."""

    run: str | None = option(None, "The folder of a finished run, also as the first word; this or --zoo must be given.")
    zoo: str | None = option(None, "Name of a trained model that comes with the package; see keras_gen.zoo.")
    format: Literal["tf_saved_model", "onnx", "litert"] = option("tf_saved_model", "What to write.")
    output: str | None = option(None, "Folder to write; must be given.")
    endpoints: tuple[str, ...] = option(
        (),
        "An endpoint to write, such as decode; may be given several times. Without it, all that fit the format.",
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Exports what the command line says."""
    guarded(_main, argv)


def _main(argv: Sequence[str] | None) -> None:
    words = list(sys.argv[1:] if argv is None else argv)
    if words and not words[0].startswith("-"):
        words[0] = f"--run={words[0]}"
    export(parsed(words, Command(), USAGE, "Exports a trained model as what runs without this package."))


def export(command: Command) -> None:
    """Writes the folder.

    Raises:
        UsageError: No model is named, or two are, or the model cannot be loaded, or the folder cannot be written.
        InputError: As in `keras_gen.models.CheckedModel.export`.
    """
    if (command.run is None) == (command.zoo is None):
        raise UsageError(f"give one of a run's folder and --zoo=NAME: {USAGE}")
    if command.output is None:
        raise UsageError(f"--output: give the folder to write: {USAGE}")
    run = None if command.run is None else finished_run(Path(command.run).expanduser())
    if command.zoo is not None:
        check_zoo(command.zoo)
    output = Path(command.output).expanduser()
    if output.suffix in FILES:
        raise UsageError(f"--output={output}: give the name of a folder, which will hold the files")
    check_writable(output, "--output")
    if output.exists() and any(output.iterdir()):
        raise UsageError(f"--output={output} holds something; give a new folder")
    import_tensorflow()
    silence.say("Loading the model")
    model, asked = run.load_model() if run else _of_zoo(str(command.zoo)), list(command.endpoints) or None
    silence.say(f"Exporting it to {output}")
    if command.format == "tf_saved_model":
        with replacing(output) as aside:
            model.export(aside, endpoints=asked)
        written = asked or list(model.endpoints())
    else:
        model.export(output, format=command.format, endpoints=asked)
        written = list(read_json(output / "signature.json")["endpoints"])
    print(f"{output}: {', '.join(written)} of {type(model).__name__}")


def _of_zoo(name: str) -> Any:
    from keras_gen import zoo

    return zoo.load(name)


if __name__ == "__main__":
    main()

"""The folder of a run: what lies where, and whether a run may be started or continued in it."""

import contextlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import keras

from keras_gen.callbacks import StepTable
from keras_gen.errors import InputError
from keras_gen.utils.files import ASIDE, remove_unfinished, replacing
from reproductions.harness.lock import LOCK, locked

NUMBERS = re.compile(r'(?<=\[)[^][{}"]*(?=\])')


class RunDirectory:
    """The files of one run.

    Args:
        path: The folder, `output_dir`.
    """

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path)
        self.flags = self.path / "flags.json"
        self.metrics = self.path / "metrics.csv"
        self.evaluations = self.path / "evaluations.csv"
        self.samples = self.path / "samples"
        self.tensorboard = self.path / "tensorboard"
        self.checkpoints = self.path / "checkpoints"
        self.model = self.path / "model.keras"
        self.saved_model = self.path / "saved_model"
        self.results = self.path / "results.json"
        self.breakdown = self.path / "breakdown.json"

    @property
    def finished(self) -> bool:
        """Whether the run in this folder has ended; its results are written last."""
        return self.results.exists()

    @property
    def newest_sheet(self) -> Path | None:
        """The last picture."""
        return max(self.samples.glob("*.png"), default=None)

    def check(self, configuration: SimpleNamespace) -> None:
        """Checks that this run may be made here, without touching anything.

        Raises:
            InputError: The folder cannot be written, holds something else, damaged tables, or the run of other flags.
        """
        if self.flags.exists():
            self._compare(vars(configuration))
            for table in (self.metrics, self.evaluations):
                StepTable(table).rows()
        elif self.path.is_dir() and any(map(_is_foreign, self.path.iterdir())):
            raise InputError(f"--output_dir={self.path} holds files, but no run; give an empty or a new folder")
        check_writable(self.path, "--output_dir")

    @contextlib.contextmanager
    def claimed(self, configuration: SimpleNamespace) -> Iterator[None]:
        """Makes the folder this run's own, by `flags.json`, and this process the only one in it.

        What a process that was killed there left unfinished is removed.

        Raises:
            InputError: The folder cannot be written, another process is at work in it, or holds the run of other flags.
        """
        with contextlib.ExitStack() as held:
            try:
                self.path.mkdir(parents=True, exist_ok=True)
                held.enter_context(locked(self.path, "--output_dir"))
                if self.flags.exists():
                    self._compare(vars(configuration))
                else:
                    write_json(self.flags, vars(configuration))
            except OSError as error:
                raise InputError(f"--output_dir={self.path} cannot be written: {error.strerror or error}") from error
            for directory in (self.path, self.samples, self.checkpoints, *self.tensorboard.glob("*/")):
                remove_unfinished(directory)
            yield

    def load_model(self) -> keras.Model:
        """The trained model; of its file nothing is run, as Keras's `safe_mode` has it.

        Raises:
            InputError: The file is damaged, or holds code or classes that are neither Keras's nor `keras_gen`'s.
        """
        try:
            return keras.models.load_model(self.model, safe_mode=True)
        except Exception as error:  # what a file that anyone may have written leads to
            raise InputError(f"{self.model}: no model of this suite can be loaded; make the run again") from error

    def _compare(self, flags: dict) -> None:
        there = read_json(self.flags, "a run's flags; give another --output_dir")
        differing = [
            f"--{name}={flags.get(name)} (there {there.get(name)})"
            for name in sorted(flags.keys() | there.keys())
            if flags.get(name) != there.get(name)
        ]
        if differing:
            raise InputError(
                f"--output_dir={self.path} holds a run with other flags: {', '.join(differing)}; give another folder"
            )


def _is_foreign(path: Path) -> bool:
    """Whether a file is none that a process which was killed at its start may have left."""
    return path.name != LOCK and not path.name.startswith(ASIDE)


def check_writable(path: Path, flag: str) -> None:
    """Checks that a folder can be written, or made, without touching anything.

    Raises:
        InputError: It cannot; the message names the flag.
    """
    ancestor = next(place for place in (path, *path.absolute().parents) if place.exists())
    if not ancestor.is_dir() or not os.access(ancestor, os.W_OK | os.X_OK):
        raise InputError(f"{flag}={path} cannot be written: {ancestor} is no writable folder")


def write_json(path: str | os.PathLike, value) -> None:
    """Writes a value as readable JSON, lists of numbers on one line, whole or not at all."""
    text = json.dumps(value, indent=1, ensure_ascii=False)
    with replacing(path) as aside:
        aside.write_text(NUMBERS.sub(lambda found: " ".join(found[0].split()), text) + "\n")


def read_json(path: str | os.PathLike, expected: str = "a record; restore it, or remove it and make it again") -> dict:
    """Reads a JSON file that holds an object.

    Args:
        path: The file.
        expected: What it should be and what to do if it is not, for the message.

    Raises:
        InputError: It is damaged, or something else.
    """
    try:
        value = json.loads(Path(path).read_text())
    except ValueError as error:
        raise InputError(f"{path} is not {expected}") from error
    if not isinstance(value, dict):
        raise InputError(f"{path} is not {expected}")
    return value

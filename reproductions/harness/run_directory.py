"""The folder of a run: what lies where, and whether a run may be started or continued in it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reproductions.harness.errors import UsageError
from reproductions.harness.lock import HOLDER, LOCK, locked
from reproductions.harness.options import Option
from reproductions.harness.tensorflow_quietly import import_tensorflow

if TYPE_CHECKING:
    import keras

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
        self.measure = self.path / "measure.json"
        self.samples = self.path / "samples"
        self.tensorboard = self.path / "tensorboard"
        self.checkpoints = self.path / "checkpoints"
        self.model = self.path / "model.keras"
        self.saved_model = self.path / "saved_model"
        self.results = self.path / "results.json"
        self.page = self.path / "index.html"
        self.training_gif = self.path / "training.gif"
        self.interpolation_gif = self.path / "interpolation.gif"
        self.breakdown = self.path / "breakdown.json"
        self.image_files = self.path / "files.txt.gz"
        self.examined = self.path / "examined"
        self.trained_on = self.path / "trained_on.json"

    def finished(self, flags: dict[str, Any]) -> bool:
        """Whether the run of these flags has ended here: its results, which are written last, are of as many steps.

        Raises:
            UsageError: The results are damaged.
        """
        return self.results.exists() and (self.read_results().get("flags") or flags).get("steps") == flags.get("steps")

    def read_results(self) -> dict[str, Any]:
        """What `results.json` holds.

        Raises:
            UsageError: It is damaged.
        """
        expected = "a run's results; remove it, and the same command makes it again"
        found = read_json(self.results, expected)
        flags, endpoints, divergence = (found.get(name) for name in ("flags", "endpoints", "divergence"))
        if (
            not isinstance({} if flags is None else flags, dict)
            or not isinstance([] if endpoints is None else endpoints, list)
            or not all(isinstance(name, str) for name in endpoints or [])
            or not isinstance({} if divergence is None else divergence, dict)
            or not isinstance((divergence or {"message": ""}).get("message"), str)
        ):
            raise UsageError(f"{self.results} is not {expected}")
        return found

    def note_device(self, device: str, first_step: int, last_step: int, extendable: bool) -> None:
        """Notes that another device than this machine's trained from one step to another.

        Args:
            device: Its name.
            first_step: The step after which it began.
            last_step: The last step that it made.
            extendable: Whether the optimisers' state came back, without which the run cannot go on.
        """
        note = {"device": device, "from": first_step, "to": last_step, "extendable": extendable}
        others = [other for other in self.other_devices() if other != note]  # it is there already after a kill
        write_json(self.trained_on, {"devices": [*others, note]})

    def other_devices(self) -> list[dict[str, Any]]:
        """What `note_device` noted.

        Raises:
            UsageError: The note is damaged.
        """
        if not self.trained_on.exists():
            return []
        expected = "a note of the devices that trained this run; restore it, or make the run in a new --output_dir"
        devices = read_json(self.trained_on, expected).get("devices")
        if not isinstance(devices, list) or not all(
            isinstance(note, dict) and isinstance(note.get("extendable"), bool) for note in devices
        ):
            raise UsageError(f"{self.trained_on} is not {expected}")
        return devices

    @property
    def newest_sheet(self) -> Path | None:
        """The last picture."""
        return max(self.samples.glob("*.png"), default=None)

    def check(self, flags: dict[str, Any], extendable: bool = False) -> None:
        """Checks that the run of these flags may be made here, without touching anything.

        Args:
            flags: The configuration.
            extendable: Whether the run that is there may have fewer steps.

        Raises:
            UsageError: The folder cannot be written, holds links, something else, damaged tables, or the run of other
                flags.
        """
        begun = self.flags.exists()
        if not begun and self.path.is_dir() and any(map(_is_foreign, self.path.iterdir())):
            raise UsageError(f"--output_dir={self.path} holds files, but no run; give an empty or a new folder")
        self._check_kinds()
        if begun:
            self._compare(flags, extendable)
            self._check_tables()
        check_writable(self.path, "--output_dir")

    @contextlib.contextmanager
    def claimed(self, flags: dict[str, Any], extendable: bool = False) -> Iterator[None]:
        """Makes the folder that of the run of these flags, by `flags.json`, and this process the only one in it.

        What a process that was killed there left unfinished is removed. The results of a run that is extended stay
        until the new ones are written; what studies found in its model, which goes on, is removed.

        Args:
            flags: The configuration.
            extendable: Whether the run that is there may have fewer steps.

        Raises:
            UsageError: The folder cannot be written, another process is at work in it, or it holds another run.
        """
        from keras_gen.utils.files import remove_unfinished

        with contextlib.ExitStack() as held:
            try:
                self.path.mkdir(parents=True, exist_ok=True)
                held.enter_context(locked(self.path, "--output_dir"))
                if not self.flags.exists() or self._compare(flags, extendable):
                    shutil.rmtree(self.examined, ignore_errors=True)
                    write_json(self.flags, flags)
            except OSError as error:
                raise UsageError(f"--output_dir={self.path} cannot be written: {error.strerror or error}") from error
            for directory in (self.path, self.samples, self.checkpoints, *self.tensorboard.glob("*/")):
                remove_unfinished(directory)
            yield

    def load_model(self) -> keras.Model:
        """The trained model; nothing that its file holds is run, by Keras's `safe_mode`.

        Raises:
            UsageError: The file is damaged, or holds code or classes that are neither Keras's nor `keras_gen`'s.
        """
        import keras

        if not self.model.is_file():
            raise UsageError(f"{self.model}: no model of this suite can be loaded; make the run again")
        try:
            return keras.models.load_model(self.model, safe_mode=True)
        except Exception as error:  # what a file that anyone may have written leads to
            raise UsageError(f"{self.model}: no model of this suite can be loaded; make the run again") from error

    def _check_kinds(self) -> None:
        """Checks that nothing in the folder is a link, through which a run would write elsewhere, or a pipe."""
        for folder, folders, files in os.walk(self.path):
            for found in (Path(folder, name) for name in (*folders, *files)):
                if found.is_symlink():
                    raise UsageError(f"{found} is a link; put what it leads to in its place: a run writes only here")
                if found.exists() and not found.is_file() and not found.is_dir():
                    raise UsageError(f"{found} is neither a file nor a folder; remove it")

    def _check_tables(self) -> None:
        """Checks that the tables can be read, and that each measurement belongs to a row of `metrics.csv`."""
        import_tensorflow()
        from keras_gen.callbacks import StepTable

        metrics, evaluations = (StepTable(table) for table in (self.metrics, self.evaluations))
        steps = {row["step"] for row in metrics.rows() if "seconds" in row}
        if len(steps) < len(metrics.rows()):
            raise metrics.damaged()
        if not {row["step"] for row in evaluations.rows()} <= steps:
            raise evaluations.damaged()

    def _compare(self, flags: dict[str, Any], extendable: bool) -> bool:
        """Whether the run that is there is to be extended; it must have the same flags otherwise."""
        there = read_json(self.flags, "a run's flags; give another --output_dir")
        differing = differences(flags, there)
        if extendable and has_fewer_steps(there, flags) and list(differing) == ["steps"]:
            if not all(note["extendable"] for note in self.other_devices()):
                raise UsageError(
                    f"--output_dir={self.path} holds a run that ended on another device, which kept its optimisers' "
                    f"state; leave --steps={there['steps']}, or make a new run in another folder"
                )
            return True
        if differing:
            raise UsageError(
                f"--output_dir={self.path} holds a run with other flags: {', '.join(differing.values())}; give another "
                "folder"
                + (" (a run can be continued to more --steps, and nothing else can change)" if extendable else "")
            )
        return False


def differences(flags: Mapping[str, Any], there: Mapping[str, Any]) -> dict[str, str]:
    """The flags that are not those of what is there, by name, each in the words of a message."""
    return {
        name: f"--{name}={Option.text(flags.get(name))} (there {Option.text(there.get(name))})"
        for name in sorted(flags.keys() | there.keys())
        if flags.get(name) != there.get(name)
    }


def has_fewer_steps(there: Mapping[str, Any], flags: Mapping[str, Any]) -> bool:
    """Whether what is there was to end after fewer steps."""
    return isinstance(there.get("steps"), int) and there["steps"] < flags.get("steps", 0)


def _is_foreign(path: Path) -> bool:
    """Whether a file is none that a process which was killed at its start may have left."""
    import_tensorflow()
    from keras_gen.utils.files import ASIDE

    return path.name not in (LOCK, HOLDER) and not path.name.startswith(ASIDE)


def check_writable(path: Path, flag: str) -> None:
    """Checks that a folder can be written, or made, without touching anything.

    Raises:
        UsageError: It cannot; the message names the flag.
    """
    ancestor = nearest(path)
    if not ancestor.is_dir() or not os.access(ancestor, os.W_OK | os.X_OK):
        raise UsageError(f"{flag}={path} cannot be written: {ancestor} is not a writable folder")


def nearest(path: Path) -> Path:
    """The path itself, or the nearest of the folders above it that exists."""
    return next(place for place in (path, *path.absolute().parents) if place.exists())


@contextlib.contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """`keras_gen.utils.files.replacing`, for what does not need the rest of the library, which takes seconds."""
    import_tensorflow()
    from keras_gen.utils import files

    with files.replacing(path) as aside:
        yield aside


def write_json(path: str | os.PathLike, value: Any) -> None:
    """Writes a value as readable JSON, lists of numbers on one line, whole or not at all."""
    text = json.dumps(value, indent=1, ensure_ascii=False)
    with replacing(path) as aside:
        aside.write_text(NUMBERS.sub(lambda found: " ".join(found[0].split()), text) + "\n", encoding="utf-8")


def read_json(path: str | os.PathLike, expected: str = "a record; restore it, or remove it and make it again") -> dict:
    """Reads a JSON file that holds an object.

    Args:
        path: The file.
        expected: What it should be and what to do if it is not, for the message.

    Raises:
        UsageError: It is damaged, or something else.
    """
    path = Path(path)
    if path.exists() and not path.is_file():
        raise UsageError(f"{path} is not {expected}")
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not {expected}") from error
    if not isinstance(value, dict):
        raise UsageError(f"{path} is not {expected}")
    return value

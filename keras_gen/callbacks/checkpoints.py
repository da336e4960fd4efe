"""Checkpoints: the complete state of a training run, written atomically."""

import hashlib
import os
import re
import warnings
from pathlib import Path

import h5py
import keras
from absl import logging

from keras_gen.callbacks.step_callback import StepCallback
from keras_gen.checks import check_counts
from keras_gen.errors import InputError
from keras_gen.utils.files import MemoryFile, replacing

SUFFIX = ".weights.h5"
RUNNING_MEANS = "running_means"


class Checkpoints(StepCallback):
    """Writes weights, step, optimiser state and the running means of reported terms as `step_00001000.weights.h5`.

    Each file is made in memory, written under another name and renamed, so that neither a kill nor a full disk leaves a
    partial file or damages an earlier one. Its last 32 bytes are the SHA-256 of the rest, by which `restore_newest`
    detects damage; `model.load_weights` ignores them. The newest `keep` files are kept.

    Args:
        directory: Folder of the checkpoints.
        every: Steps between two checkpoints, a multiple of the steps in an epoch.
        keep: How many checkpoints to keep, at least 1.

    Attributes:
        spared: A checkpoint that is kept however old it is; None for none.

    Raises:
        InputError: A number is out of range.
    """

    doing = "writing a checkpoint"

    def __init__(self, directory: str | os.PathLike, every: int, keep: int = 3):
        super().__init__(every)
        check_counts(keep=keep)
        self.directory = Path(directory)
        self.keep = keep
        self.spared: Path | None = None
        self._written: int | None = None

    def on_step(self, step: int, terms: dict[str, float]) -> None:
        """Writes a checkpoint."""
        self.write()

    def write(self) -> None:
        """Writes a checkpoint of the current step, unless it is already written, and removes old ones.

        Raises:
            OSError: The checkpoint cannot be written; earlier ones are kept.
        """
        if self._written == self.step:
            return
        path = self.directory / f"step_{self.step:08d}{SUFFIX}"
        content = _state(self.model)
        with replacing(path) as aside, open(aside, "wb") as file:
            file.write(content)
            file.write(hashlib.sha256(content).digest())
        self._written = self.step
        # A checkpoint of a later step must be damaged, or the run would have continued from it.
        files = checkpoint_files(self.directory)
        later = files.index(path)
        for other in files[:later] + files[later + self.keep :]:
            if other != self.spared:
                other.unlink()


def checkpoint_files(directory: str | os.PathLike) -> list[Path]:
    """The checkpoints in a folder, newest first."""
    files = Path(directory).glob(f"step_*{SUFFIX}")
    return sorted((path for path in files if re.fullmatch(r"step_\d{8}", path.name[: -len(SUFFIX)])), reverse=True)


def newest_step(directory: str | os.PathLike) -> int:
    """The step of the newest checkpoint in a folder, intact or not; 0 if there is none."""
    files = checkpoint_files(directory)
    return step_of(files[0]) if files else 0


def step_of(checkpoint: Path) -> int:
    """The step of a checkpoint, by its name."""
    return int(checkpoint.name[len("step_") : -len(SUFFIX)])


def restore_newest(model: keras.Model, directory: str | os.PathLike) -> int:
    """Loads the newest intact checkpoint into a compiled model; several workers do this together, from one folder.

    Args:
        model: A compiled model with the architecture that was saved.
        directory: Folder of the checkpoints.

    Returns:
        The step at which it was written, or 0 if there is none; the model is then untouched.

    Raises:
        InputError: There are checkpoints, but none of them can be used.
    """
    files = checkpoint_files(directory)
    for path in files:
        try:
            _load(model, path)
        except Exception as error:  # what a file that anyone may have written leads to
            logging.warning("checkpoint %s cannot be used, trying the one before: %s", path, _first_line(error))
        else:
            return int(model.step.numpy())
    if files:
        raise InputError(f"{directory}: every checkpoint is damaged; start again in a new folder, or remove this one")
    return 0


def _state(model: keras.Model) -> memoryview:
    memory = MemoryFile(f"memory{SUFFIX}")
    model.save_weights(memory)
    # Keras does not save metrics; without them, a run that stops between two reports would lose part of the next
    # report.
    with h5py.File(memory, "r+") as file:
        for metric in model.metrics:
            for i, variable in enumerate(metric.variables):
                file[f"{RUNNING_MEANS}/{metric.name}/{i}"] = keras.ops.convert_to_numpy(variable)
    return memory.getbuffer()


def _load(model: keras.Model, path: Path) -> None:
    whole = path.read_bytes()
    size = len(whole) - hashlib.sha256().digest_size
    content = whole[: max(size, 0)]
    if hashlib.sha256(content).digest() != whole[len(content) :]:
        raise ValueError("it is damaged: its checksum does not match")
    memory = MemoryFile(path.name, content)
    with warnings.catch_warnings():
        # Keras warns, and loads the rest, where parts of the model or the optimizer's state are missing.
        warnings.filterwarnings("error", category=UserWarning, module=r"keras\.")
        model.load_weights(memory)
    with h5py.File(memory, "r") as file:
        for metric in model.metrics:
            for i, variable in enumerate(metric.variables):
                variable.assign(file[f"{RUNNING_MEANS}/{metric.name}/{i}"][()])
    if int(model.step.numpy()) != step_of(path):
        raise ValueError(f"it is of step {int(model.step.numpy())}")


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0]

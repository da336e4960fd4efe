"""Checkpoints: the whole state of a training run, written whole."""

import hashlib
import os
import re
from pathlib import Path

import h5py
import keras
from absl import logging

from keras_gen.callbacks.step_callback import StepCallback
from keras_gen.errors import InputError
from keras_gen.utils.files import MemoryFile, replacing

SUFFIX = ".weights.h5"
RUNNING_MEANS = "running_means"


class Checkpoints(StepCallback):
    """Writes weights, step, the optimisers' state and the reports' running means as `step_00001000.weights.h5`.

    A file is made in memory, written aside and renamed: neither a kill nor a full disk leaves half of one, or costs
    an earlier one. Its last 32 bytes are the SHA-256 of those before, by which `restore_newest` notices damage;
    `model.load_weights` passes over them. The newest `keep` are kept.

    Args:
        directory: Folder of the checkpoints.
        every: Steps between two of them, a multiple of the steps in an epoch.
        keep: How many are kept.
    """

    def __init__(self, directory: str | os.PathLike, every: int, keep: int = 3):
        super().__init__(every)
        self.directory = Path(directory)
        self.keep = keep
        self._written: int | None = None

    def on_step(self, step: int, terms: dict[str, float]) -> None:
        """Writes a checkpoint."""
        self.write()

    def write(self) -> None:
        """Writes a checkpoint of the present step, unless that has just been done, and removes those not kept.

        Raises:
            OSError: It cannot be written; those before are kept.
        """
        if self._written == self.step:
            return
        path = self.directory / f"step_{self.step:08d}{SUFFIX}"
        content = _state(self.model)
        with replacing(path) as aside, open(aside, "wb") as file:
            file.write(content)
            file.write(hashlib.sha256(content).digest())
        self._written = self.step
        # One of a later step is damaged: otherwise the run would have been continued from there.
        files = checkpoint_files(self.directory)
        later = files.index(path)
        for other in files[:later] + files[later + self.keep :]:
            other.unlink()


def checkpoint_files(directory: str | os.PathLike) -> list[Path]:
    """The checkpoints in a folder, the newest first."""
    files = Path(directory).glob(f"step_*{SUFFIX}")
    return sorted((path for path in files if re.fullmatch(r"step_\d{8}", path.name[: -len(SUFFIX)])), reverse=True)


def newest_step(directory: str | os.PathLike) -> int:
    """The step of the newest checkpoint in a folder, intact or not; 0 if there is none."""
    files = checkpoint_files(directory)
    return int(re.search(r"\d{8}", files[0].name)[0]) if files else 0


def restore_newest(model: keras.Model, directory: str | os.PathLike) -> int:
    """Loads the newest intact checkpoint into a compiled model; several workers do so together, from one folder.

    Args:
        model: A compiled model of the architecture that was saved.
        directory: Folder of the checkpoints.

    Returns:
        The step at which it was written; 0, with the model untouched, if there is none.

    Raises:
        InputError: There are checkpoints, and none of them can be used.
    """
    files = checkpoint_files(directory)
    for path in files:
        try:
            _load(model, path)
        except (OSError, ValueError, KeyError) as error:
            logging.warning("checkpoint %s cannot be used, trying the one before: %s", path, _first_line(error))
        else:
            return int(model.step.numpy())
    if files:
        raise InputError(f"{directory}: no checkpoint can be used; give another --output_dir, or remove this one")
    return 0


def _state(model: keras.Model) -> memoryview:
    memory = MemoryFile(f"memory{SUFFIX}")
    model.save_weights(memory)
    # Keras leaves out the metrics, without which a run that stops between two reports would lose a part of the next.
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
        raise ValueError("it is damaged, as its checksum says")
    memory = MemoryFile(path.name, content)
    model.load_weights(memory)
    with h5py.File(memory, "r") as file:
        for metric in model.metrics:
            for i, variable in enumerate(metric.variables):
                variable.assign(file[f"{RUNNING_MEANS}/{metric.name}/{i}"][()])


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0]

"""Checkpoints: the whole state of a training run, written whole."""

import os
import re
from pathlib import Path

import keras
from absl import logging

from keras_gen.callbacks.step_callback import StepCallback
from keras_gen.errors import InputError
from keras_gen.utils.files import replacing


class Checkpoints(StepCallback):
    """Writes the model's weights, its optimisers' state and its step as `step_00001000.weights.h5`.

    A file is written aside and renamed, so a kill leaves no half of one; the newest `keep` are kept.

    Args:
        directory: Folder of the checkpoints.
        every: Steps between two of them, a multiple of the steps in an epoch.
        keep: How many are kept.
    """

    def __init__(self, directory: str | os.PathLike, every: int, keep: int = 3):
        super().__init__(every)
        self.directory = Path(directory)
        self.keep = keep

    def on_step(self, step: int, terms: dict[str, float]) -> None:
        """Writes a checkpoint and removes the oldest."""
        with replacing(self.directory / f"step_{step:08d}.weights.h5") as aside:
            self.model.save_weights(aside)
        for path in checkpoint_files(self.directory)[self.keep :]:
            path.unlink()


def checkpoint_files(directory: str | os.PathLike) -> list[Path]:
    """The checkpoints in a folder, the newest first."""
    files = Path(directory).glob("step_*.weights.h5")
    return sorted((path for path in files if re.fullmatch(r"step_\d{8}\.weights\.h5", path.name)), reverse=True)


def restore_newest(model: keras.Model, directory: str | os.PathLike) -> int:
    """Loads the newest readable checkpoint into a compiled model.

    Args:
        model: A compiled model of the architecture that was saved.
        directory: Folder of the checkpoints.

    Returns:
        The step at which it was written; 0, with the model untouched, if there is none.

    Raises:
        InputError: There are checkpoints, and none of them can be read.
    """
    files = checkpoint_files(directory)
    for path in files:
        try:
            model.load_weights(path)
        except (OSError, ValueError, KeyError) as error:
            logging.warning("checkpoint %s cannot be read, trying the one before: %s", path, _first_line(error))
        else:
            return int(model.step.numpy())
    if files:
        raise InputError(f"{directory}: no checkpoint can be read; give another --output_dir, or remove this one")
    return 0


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0]

"""Pictures during training."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import keras
import numpy as np

from keras_gen.callbacks.step_callback import StepCallback
from keras_gen.callbacks.tensorboard_log import TensorBoardLog
from keras_gen.utils.image_grid import image_grid, save_png


class Sheets(StepCallback):
    """Writes a picture that the model draws as `step_00001000.png`.

    Args:
        directory: Folder of the pictures.
        every: Steps between two pictures, a multiple of the steps in an epoch.
        draw: Takes the model and returns the picture, uint8 [height, width, 1 or 3].
        tensorboard_dir: A folder for these pictures only, from which TensorBoard shows them; None for none.
    """

    doing = "drawing a picture"

    def __init__(
        self,
        directory: str | os.PathLike,
        every: int,
        draw: Callable[[keras.Model], np.ndarray],
        tensorboard_dir: str | os.PathLike | None = None,
    ):
        super().__init__(every)
        self.directory = Path(directory)
        self.draw = draw
        self._log = TensorBoardLog(tensorboard_dir) if tensorboard_dir else None

    def on_step(self, step: int, terms: dict[str, float]) -> None:
        """Writes the picture."""
        picture = self.draw(self.model)
        save_png(self._file(step), picture)
        if self._log is not None:
            self._log.append_picture(step, "sheet", picture)

    def forget_after(self, step: int) -> None:
        """Drops the pictures of later steps, which a continued run makes again."""
        for file in self.directory.glob("step_*.png"):
            if file.name > self._file(step).name:
                file.unlink()
        if self._log is not None:
            self._log.forget_after(step)

    def _file(self, step: int) -> Path:
        return self.directory / f"step_{step:08d}.png"


# Images in the row of a class.
COLUMNS = 10


class SampleSheets(Sheets):
    """Sheets of `model.sample(num_samples, seed)`, of the same latents each time.

    Of a conditional model a sheet has a row of ten images for each class, whose noise is that of the rows above it.

    Args:
        directory: Folder of the sheets.
        every: Steps between two pictures, a multiple of the steps in an epoch.
        num_samples: Images on a sheet of a model without classes.
        seed: Seed of the latents.
        tensorboard_dir: As in `Sheets`.
    """

    def __init__(
        self,
        directory: str | os.PathLike,
        every: int,
        num_samples: int = 64,
        seed: int = 0,
        tensorboard_dir: str | os.PathLike | None = None,
    ):
        super().__init__(directory, every, partial(sample_sheet, num_samples=num_samples, seed=seed), tensorboard_dir)


def sample_sheet(model: keras.Model, num_samples: int = 64, seed: int = 0) -> np.ndarray:
    """The picture of `SampleSheets`, uint8 [height, width, 1 or 3], of a model that samples."""
    num_classes = getattr(model, "num_classes", None)
    if num_classes is None:
        return image_grid(model.sample(num_samples, seed))
    rows = [model.sample_class(COLUMNS, seed, label) for label in range(num_classes)]
    return image_grid(np.concatenate(rows), columns=COLUMNS)

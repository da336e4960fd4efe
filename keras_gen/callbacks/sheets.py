"""Pictures during training."""

import os
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from keras_gen.callbacks.step_callback import StepCallback
from keras_gen.utils.image_grid import image_grid, save_png


class Sheets(StepCallback):
    """Writes a picture that the model draws as `step_00001000.png`.

    Args:
        directory: Folder of the pictures.
        every: Steps between two pictures, a multiple of the steps in an epoch.
        draw: Takes the model and returns the picture, uint8 [height, width, 1 or 3].
    """

    doing = "drawing a picture"

    def __init__(self, directory: str | os.PathLike, every: int, draw: Callable[[keras.Model], np.ndarray]):
        super().__init__(every)
        self.directory = Path(directory)
        self.draw = draw

    def on_step(self, step: int, terms: dict[str, float]) -> None:
        """Writes the picture."""
        save_png(self.directory / f"step_{step:08d}.png", self.draw(self.model))


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
    """

    def __init__(self, directory: str | os.PathLike, every: int, num_samples: int = 64, seed: int = 0):
        super().__init__(directory, every, lambda model: _sheet(model, num_samples, seed))


def _sheet(model: keras.Model, num_samples: int, seed: int) -> np.ndarray:
    num_classes = getattr(model, "num_classes", None)
    if num_classes is None:
        return image_grid(model.sample(num_samples, seed))
    rows = [model.sample_class(COLUMNS, seed, label) for label in range(num_classes)]
    return image_grid(np.concatenate(rows), columns=COLUMNS)

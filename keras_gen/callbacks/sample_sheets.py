"""Sheets of samples during training."""

import os
from pathlib import Path

from keras_gen.callbacks.step_callback import StepCallback
from keras_gen.utils.image_grid import save_image_grid


class SampleSheets(StepCallback):
    """Writes a sheet of `model.sample(num_samples, seed)` as `step_00001000.png`: the same latents each time.

    Args:
        directory: Folder of the sheets.
        every: Steps between two of them, a multiple of the steps in an epoch.
        num_samples: Images on a sheet.
        seed: Seed of the latents.
    """

    def __init__(self, directory: str | os.PathLike, every: int, num_samples: int = 64, seed: int = 0):
        super().__init__(every)
        self.directory = Path(directory)
        self.num_samples = num_samples
        self.seed = seed

    def on_step(self, step: int, terms: dict[str, float]) -> None:
        """Writes the sheet."""
        path = self.directory / f"step_{step:08d}.png"
        save_image_grid(path, self.model.sample(self.num_samples, self.seed))

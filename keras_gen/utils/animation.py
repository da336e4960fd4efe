"""Moving pictures, as GIF files."""

import os
from collections.abc import Sequence

import numpy as np
from PIL import Image

from keras_gen.errors import InputError
from keras_gen.utils.files import replacing


def save_gif(path: str | os.PathLike, frames: Sequence[np.ndarray], seconds: float = 0.2, pause: float = 0.2) -> None:
    """Writes pictures as one that moves, for ever, completely or not at all. A frame has 256 colours at most.

    Args:
        path: The file; its folder is created if it does not exist.
        frames: The pictures, uint8 [height, width, 1 or 3], all of one shape.
        seconds: Seconds that each picture is shown; GIF rounds them to hundredths.
        pause: Seconds that the last one is shown.

    Raises:
        InputError: There is no picture, or their shapes differ.
    """
    shapes = {frame.shape for frame in frames}
    if len(shapes) != 1:
        raise InputError(f"{path}: the pictures have shapes {sorted(shapes)}; give at least one, and all of one shape")
    first, *others = (Image.fromarray(frame[..., 0] if frame.shape[-1] == 1 else frame) for frame in frames)
    milliseconds = [round(1000 * seconds)] * len(others) + [round(1000 * pause)]
    with replacing(path) as aside:
        first.save(aside, "GIF", save_all=True, append_images=others, duration=milliseconds, loop=0)

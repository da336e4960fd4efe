"""Sheets of images: rows and columns in one picture."""

import math
import os

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from keras_gen.errors import InputError
from keras_gen.utils.files import replacing

SEPARATOR = 2  # pixels between neighbouring images
BACKGROUND = 255  # white, also in cells without an image
LEGIBLE_SIDE = 64  # pixels; smaller images are magnified up to this size


def image_grid(images: ArrayLike, columns: int | None = None, scale: int | None = None) -> np.ndarray:
    """Images arranged in rows, from left to right and top to bottom.

    Args:
        images: Array or tensor [n, height, width, 1 or 3] in [-1, 1]; values outside are clipped.
        columns: Images per row; by default the smallest number for which there are no more rows than columns.
        scale: Whole factor by which each image is magnified, without interpolation; by default the largest for which
            its longer side stays within 64 pixels, so that small images are legible.

    Returns:
        uint8 [rows * height + ..., columns * width + ..., channels], with white lines of two pixels between images, and
        white cells at the end of an incomplete last row.

    Raises:
        InputError: The shape is wrong, there is no image, a pixel is not finite, or the factor or number of columns is
            below 1.
    """
    pixels = _to_uint8(images)
    count, height, width, channels = pixels.shape
    if columns is None:
        columns = math.ceil(math.sqrt(count))
    if scale is None:
        scale = max(1, LEGIBLE_SIDE // max(height, width))
    if columns < 1 or scale < 1:
        raise InputError(f"columns and scale must be at least 1, got {columns} and {scale}")

    pixels = pixels.repeat(scale, axis=1).repeat(scale, axis=2)
    row_step, column_step = height * scale + SEPARATOR, width * scale + SEPARATOR
    rows = math.ceil(count / columns)
    grid = np.full(
        (rows * row_step - SEPARATOR, columns * column_step - SEPARATOR, channels),
        BACKGROUND,
        dtype=np.uint8,
    )
    for index, image in enumerate(pixels):
        top, left = index // columns * row_step, index % columns * column_step
        grid[top : top + image.shape[0], left : left + image.shape[1]] = image
    return grid


def save_image_grid(
    path: str | os.PathLike, images: ArrayLike, columns: int | None = None, scale: int | None = None
) -> None:
    """Writes `image_grid(images, columns, scale)` as a PNG file, completely or not at all.

    Args:
        path: The file; its folder is created if it does not exist.
        images: As in `image_grid`.
        columns: As in `image_grid`.
        scale: As in `image_grid`.

    Raises:
        InputError: As in `image_grid`.
    """
    save_png(path, image_grid(images, columns, scale))


def save_png(path: str | os.PathLike, pixels: np.ndarray) -> None:
    """Writes a picture, uint8 [height, width, channels], as a PNG file, completely or not at all.

    Args:
        path: The file; its folder is created if it does not exist.
        pixels: The picture, for example from `image_grid`.
    """
    png = tf.io.encode_png(pixels).numpy()
    with replacing(path) as aside:
        aside.write_bytes(png)


def _to_uint8(images: ArrayLike) -> np.ndarray:
    images = np.asarray(images, dtype=np.float32)
    if images.ndim != 4 or images.shape[-1] not in (1, 3) or 0 in images.shape:
        raise InputError(f"images must have shape [n, height, width, 1 or 3] and n > 0, got {images.shape}")
    if not np.isfinite(images).all():
        raise InputError("images contain NaN or infinite pixels: the model that drew them diverged")
    return np.rint((np.clip(images, -1.0, 1.0) + 1.0) * 127.5).astype(np.uint8)

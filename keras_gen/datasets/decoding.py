"""Encoded images, or arrays of any size, as uint8 pixels of a given size."""

import io
import warnings
from pathlib import Path
from typing import BinaryIO

import numpy as np
import tensorflow as tf
from PIL import Image, ImageOps

# A small file can claim to hold a huge picture, so the size in its header is checked before anything is decoded.
MAX_PIXELS = 100_000_000
# Pillow warns at a smaller size. The filter is for the whole process, since images are opened in several threads, where
# `warnings.catch_warnings` is not safe.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


def open_image(file: Path | BinaryIO, image_size: int) -> Image.Image:
    """Reads the header of a PNG or JPEG image, without decoding its pixels.

    Raises:
        ValueError: The file is no PNG or JPEG, larger than `MAX_PIXELS`, or smaller than `image_size`.
        OSError: The file cannot be read.
    """
    try:
        image = Image.open(file, formats=["PNG", "JPEG"])
    except Image.UnidentifiedImageError:
        raise ValueError("it is empty, or neither PNG nor JPEG") from None
    except Image.DecompressionBombError:
        raise ValueError(f"its header states more than the {MAX_PIXELS:,} pixels allowed") from None
    try:
        _check_size(image.size, image_size)
    except ValueError:
        image.close()
        raise
    return image


def _check_size(size: tuple[int, int], image_size: int) -> None:
    width, height = size
    if width * height > MAX_PIXELS:
        raise ValueError(f"{width}x{height} pixels are more than the {MAX_PIXELS:,} allowed")
    if min(width, height) < image_size:
        raise ValueError(f"{width}x{height} pixels are smaller than image_size={image_size}")


def decode_image(encoded: bytes, image_shape: tuple[int, int, int]) -> np.ndarray:
    """Decodes PNG or JPEG bytes to uint8 [size, size, channels].

    Larger images are cropped to their central square and averaged down. Transparent pixels are blended with white,
    16-bit grey keeps its upper 8 bits, an animation gives its first frame, and EXIF orientation is applied.

    Args:
        encoded: The bytes of the file.
        image_shape: (size, size, channels) with one channel (grey) or three (RGB).

    Raises:
        ValueError, OSError, SyntaxError: The bytes are damaged or unusable; the message says how.
    """
    size, _, channels = image_shape
    image = ImageOps.exif_transpose(open_image(io.BytesIO(encoded), size))
    if image.mode.startswith("I"):  # 16-bit grey, which Pillow's own conversion clips at 255
        image = Image.fromarray((np.asarray(image) // 256).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    pixels = np.asarray(image.convert("L" if channels == 1 else "RGB"))
    return crop_and_resize(pixels.reshape(1, *pixels.shape[:2], channels), size)[0]


def crop_and_resize(pixels: np.ndarray, image_size: int) -> np.ndarray:
    """The central square of each image, each output pixel averaged over the area that it covers.

    Args:
        pixels: uint8 [n, h, w, c], not smaller than `image_size`.
        image_size: Height and width of the result.

    Returns:
        uint8 [n, image_size, image_size, c].
    """
    height, width = pixels.shape[1:3]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = pixels[:, top : top + side, left : left + side]
    if side == image_size:
        return square
    # Pillow's box filter counts a pixel on the border of an area fully or not at all; this kernel counts the part
    # inside.
    with tf.device("CPU:0"):
        resized = tf.image.resize(square, [image_size, image_size], method="area")
    return np.rint(resized.numpy()).astype(np.uint8)

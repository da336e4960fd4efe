"""Encoded images, or arrays of any size, as uint8 pixels of a given size."""

import io
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np
import tensorflow as tf
from PIL import Image, ImageOps

# The formats that are read, each with its usual suffixes. Pillow may have been built without some of them.
FORMATS = {
    "PNG": (".png", ".apng"),
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "WEBP": (".webp",),
    "GIF": (".gif",),
    "BMP": (".bmp", ".dib"),
    "TIFF": (".tif", ".tiff"),
}
# A small file can claim to hold a huge picture, so the size in its header is checked before anything is decoded.
MAX_PIXELS = 100_000_000
# 16-bit pixels that are all below this use 12 bits at most, as cameras and scanners write them.
DARK = 16
# Pillow warns at a smaller size. The filter is for the whole process, since images are opened in several threads, where
# `warnings.catch_warnings` is not safe.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
# And it warns, without naming the file, of odd metadata; pixels that it cannot decode are an error.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")


def readable_suffixes() -> tuple[str, ...]:
    """The suffixes, in lower case, of the formats that this Pillow reads."""
    Image.init()
    return tuple(suffix for name, suffixes in FORMATS.items() if name in Image.OPEN for suffix in suffixes)


def open_image(file: Path | BinaryIO, image_size: int) -> Image.Image:
    """Reads the header of an image, without decoding its pixels.

    Raises:
        ValueError: The file has none of the `FORMATS`, or is larger than `MAX_PIXELS`, or smaller than `image_size`.
        OSError: The file cannot be read.
    """
    try:
        image = Image.open(file, formats=list(FORMATS))
    except Image.UnidentifiedImageError:
        raise ValueError(f"it is empty, damaged, or none of {', '.join(FORMATS)}") from None
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


def decode_image(
    encoded: bytes, image_shape: tuple[int, int, int], warn: Callable[[str], None] = lambda words: None
) -> np.ndarray:
    """Decodes an image file's bytes to uint8 [size, size, channels].

    Larger images are cropped to their central square and averaged down. Transparent pixels are blended with white,
    16-bit values keep their upper 8 bits, an animation gives its first frame, and EXIF orientation is applied.

    Args:
        encoded: The bytes of the file, in one of the `FORMATS`.
        image_shape: (size, size, channels) with one channel (grey) or three (RGB).
        warn: Called with words on what is odd about the pixels, if anything is.

    Raises:
        ValueError, OSError, SyntaxError, tf.errors.OpError: The bytes are damaged or unusable; the message says how.
    """
    size, _, channels = image_shape
    image = open_image(io.BytesIO(encoded), size)
    sixteen_bits = image.mode.startswith("I;16") or ";16" in str(getattr(image, "tile", ""))
    image = ImageOps.exif_transpose(_eight_bits(image, encoded))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    pixels = np.asarray(image.convert("L" if channels == 1 else "RGB"))
    if sixteen_bits and pixels.max() < DARK:
        warn("it has 16 bits per value, but uses the lower 12 at most, so that it is all but black")
    return crop_and_resize(pixels.reshape(1, *pixels.shape[:2], channels), size)[0]


def _eight_bits(image: Image.Image, encoded: bytes) -> Image.Image:
    """The image with 8 bits per value, where Pillow's own conversion would clip or mistake them."""
    exif = image.getexif()
    if image.format == "PNG" and isinstance(image.info.get("transparency"), int | tuple):
        # One grey or colour is transparent. Pillow compares it with pixels whose bits it has changed already.
        image.load()  # finds damage with Pillow's messages
        with tf.device("CPU:0"):
            values = tf.io.decode_png(encoded, channels=4, dtype=tf.uint16).numpy()
        converted = Image.fromarray((values >> 8).astype(np.uint8))
    elif image.mode.startswith(("I", "F")):
        values = np.asarray(image)
        if image.mode == "F" or values.min() < 0 or values.max() >= 2**16:
            raise ValueError("its values are no whole numbers of 8 or 16 bits; convert it to one of these")
        converted = Image.fromarray((values >> 8).astype(np.uint8))
    else:
        return image
    converted.getexif().update(exif)
    return converted


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

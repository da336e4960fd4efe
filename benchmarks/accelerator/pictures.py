"""Training images on their way: as lossless pictures, or as the JPEG files that they are. This file needs Pillow alone.

A set of photographs is smallest as the files that it came in. Where they are cut and averaged down, the few pixels that
another rounding would change travel beside them.
"""

import io
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.accelerator.parcel import Parcel, ParcelError, hash_of

# Images on a lossless picture, whose sides are bounded by its format: 16,383 pixels.
PER_PICTURE = 2_500
PER_ROW = 50


def put_pixels(parcel: Parcel, pixels: np.ndarray) -> dict[str, Any]:
    """Keeps images uint8 [n, h, w, c], with one or three channels, as lossless pictures."""
    parts = [pixels[start : start + PER_PICTURE] for start in range(0, len(pixels), PER_PICTURE)]
    with ThreadPoolExecutor() as pool:
        contents = [parcel.put(content) for content in pool.map(_encoded, parts)]
    return {"shape": list(pixels.shape), "pictures": contents, "pixels": hash_of(pixels)}


def put_files(parcel: Parcel, files: Sequence[bytes], pixels: np.ndarray) -> dict[str, Any]:
    """Keeps images as their encoded files, and where their pixels are not what `_cut` makes of them, the pixels."""
    shape = pixels.shape
    decoded = _decoded_files(files, shape[1])
    places = np.flatnonzero(decoded.ravel() != pixels.ravel())
    sizes = np.array([len(file) for file in files], np.int32)
    return {
        "shape": list(shape),
        "files": parcel.put(b"".join(files)),
        "sizes": parcel.put_array(sizes),
        "places": parcel.put_array(places.astype(np.int32)),
        "values": parcel.put_array(pixels.ravel()[places]),
        "pixels": hash_of(pixels),
    }


def pixels(parcel: Parcel, described: dict[str, Any]) -> np.ndarray:
    """The images, uint8 [n, h, w, c], that `put_pixels` or `put_files` kept.

    Raises:
        ParcelError: Something is missing or damaged, or the images are decoded to other pixels here.
    """
    try:
        found = _pixels(parcel, described)
    except (OSError, ValueError, IndexError) as error:  # what Pillow cannot read, and what has another shape
        raise ParcelError(f"this machine's Pillow cannot decode the images: {error}; install a newer one") from error
    if hash_of(found) != described["pixels"]:
        raise ParcelError("this machine's Pillow decodes the images to other pixels; install the version of the other")
    return found


def _pixels(parcel: Parcel, described: dict[str, Any]) -> np.ndarray:
    shape = tuple(described["shape"])
    if "pictures" in described:
        with ThreadPoolExecutor() as pool:
            parts = list(pool.map(lambda name: _decoded(parcel.get(name), shape), described["pictures"]))
        return np.concatenate(parts)[: shape[0]]
    ends = np.cumsum(parcel.array(described["sizes"]))
    whole = parcel.get(described["files"])
    found = _decoded_files([whole[start:end] for start, end in zip([0, *ends], ends, strict=False)], shape[1])
    found.ravel()[parcel.array(described["places"])] = parcel.array(described["values"])
    return found


def _encoded(images: np.ndarray) -> bytes:
    """One lossless WebP picture of images uint8 [n, h, w, c] in rows."""
    count, height, width, channels = images.shape
    rows = -(-count // PER_ROW)
    sheet = np.zeros((rows * PER_ROW, height, width, channels), np.uint8)
    sheet[:count] = images
    sheet = sheet.reshape(rows, PER_ROW, height, width, channels).swapaxes(1, 2)
    sheet = sheet.reshape(rows * height, PER_ROW * width, channels)
    memory = io.BytesIO()
    Image.fromarray(np.repeat(sheet, 4 - channels, -1) if channels == 1 else sheet).save(
        memory, "WEBP", lossless=True, quality=60, method=2
    )
    return memory.getvalue()


def _decoded(content: bytes, shape: Sequence[int]) -> np.ndarray:
    _, height, width, channels = shape
    sheet = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))[..., :channels]
    sheet = sheet.reshape(-1, height, PER_ROW, width, channels).swapaxes(1, 2)
    return sheet.reshape(-1, height, width, channels)


def _decoded_files(files: Sequence[bytes], size: int) -> np.ndarray:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return np.stack(list(pool.map(lambda file: _cut(file, size), files)))


def _cut(file: bytes, size: int) -> np.ndarray:
    """The central square of an image, averaged down to uint8 [size, size, 3]."""
    pixels = np.asarray(Image.open(io.BytesIO(file)).convert("RGB"))
    height, width = pixels.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = pixels[top : top + side, left : left + side].astype(np.float64)
    weights = _area_weights(side, size)
    averaged = np.einsum("ij,jkc,lk->ilc", weights, square, weights, optimize=True)
    return np.rint(averaged).astype(np.uint8)


def _area_weights(side: int, size: int) -> np.ndarray:
    """The share of each of `side` pixels in each of `size`, [size, side]: how much of it that one covers."""
    edges = np.arange(size + 1) * side / size
    lower, upper = np.arange(side), np.arange(side) + 1
    covered = np.minimum(upper, edges[1:, None]) - np.maximum(lower, edges[:-1, None])
    return np.maximum(covered, 0) * size / side

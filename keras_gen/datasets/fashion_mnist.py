"""`fashion_mnist`: 70,000 grey images of clothes, 28x28, in ten classes.

Xiao, Rasul and Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning
Algorithms", arXiv:1708.07747.
"""

import gzip
import math
import zlib
from pathlib import Path

import numpy as np

from keras_gen.datasets.arrays import from_array
from keras_gen.datasets.images import Images
from keras_gen.errors import InputError

# Where Debian's and Ubuntu's package dataset-fashion-mnist puts the files.
PACKAGE_FOLDER = Path("/usr/share/datasets/fashion-mnist")
PREFIX = {"train": "train", "test": "t10k"}


def load(split: str, image_size: int | None = None, data_dir: str | None = None) -> Images:
    """Fashion-MNIST, [28, 28, 1] by default, in the order of its authors' files.

    The four IDX files are looked for in `data_dir`, then in the package's folder. If they are in neither, a copy that
    TFDS prepared under `data_dir` is read, in TFDS's order.

    Raises:
        InputError: The images cannot be found, or a file is damaged.
    """
    for folder in [Path(data_dir), PACKAGE_FOLDER] if data_dir else [PACKAGE_FOLDER]:
        images = _find(folder, f"{PREFIX[split]}-images-idx3-ubyte")
        labels = _find(folder, f"{PREFIX[split]}-labels-idx1-ubyte")
        if images and labels:
            pixels = read_idx(images, num_axes=3)[..., np.newaxis]
            return from_array("fashion_mnist", split, pixels, read_idx(labels, num_axes=1), 10, image_size)
    from keras_gen.datasets import tfds_images  # TFDS is slow to import

    builder = tfds_images.find_builder("fashion_mnist", data_dir)
    if not tfds_images.is_prepared(builder):
        raise InputError(
            "fashion_mnist is not on this machine: on Debian or Ubuntu run apt-get install dataset-fashion-mnist, or "
            "give data_dir, a folder with its four IDX files"
        )
    return tfds_images.read(builder, split, image_size)


def _find(folder: Path, name: str) -> Path | None:
    """The path of a file, gzipped or not, if it exists."""
    paths = (folder / f"{name}.gz", folder / name)
    return next((path for path in paths if path.is_file()), None)


def read_idx(path: Path, num_axes: int) -> np.ndarray:
    """The array in an IDX file of unsigned bytes, gzipped if its name ends in .gz.

    The header is two zero bytes, the type 8, the number of axes, and then the length of each axis
    as a big-endian 32-bit integer.

    Raises:
        InputError: The file is not an IDX file of bytes, or is damaged.
    """
    try:
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"cannot read {path}: {error}") from error
    start = 4 + 4 * num_axes
    shape = [int.from_bytes(content[i : i + 4], "big") for i in range(4, start, 4)]
    if not content.startswith(bytes([0, 0, 8, num_axes])) or len(content) - start != math.prod(shape):
        raise InputError(f"cannot read {path}: it is not an IDX file of bytes with {num_axes} axes")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)

"""`folder:PATH`: the PNG and JPEG files of a folder and of the folders in it."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from keras_gen.datasets.decoding import open_image
from keras_gen.datasets.images import EncodedImages, Images
from keras_gen.datasets.splits import hold_out_tenth, mixed_order
from keras_gen.errors import InputError

SUFFIXES = (".png", ".jpg", ".jpeg")
DEFAULT_SIZE = 64


def load(path: str, split: str, image_size: int | None = None) -> Images:
    """Returns the images of a folder, [64, 64, 3] by default.

    Every tenth file of a fixed shuffled order is for testing. Labels are the first-level folders
    in sorted order, if there are two at least and they hold all the files. The headers of all
    files are read first; a folder that fits into memory is decoded, too, so that a damaged file is
    found before training starts.

    Raises:
        InputError: the folder is missing or has fewer than two images, or an image is damaged, too
            large, or smaller than `image_size`.
    """
    size = image_size or DEFAULT_SIZE
    root = Path(path).expanduser()
    if not root.is_dir():
        raise InputError(f"folder:{path}: there is no such folder")
    files = sorted(_find_images(root))
    if len(files) < 2:
        raise InputError(
            f"folder:{path}: {len(files)} PNG or JPEG files found, at least two are needed, one to train "
            "and one to test on (hidden files, and links out of the folder, are left out)"
        )
    _check_headers(files, size)
    labels, num_classes = _labels([file.relative_to(root) for file in files])
    order = hold_out_tenth(mixed_order(len(files)), split)
    return EncodedImages(
        name=f"folder:{path}",
        split=split,
        image_shape=(size, size, 3),
        labels=None if labels is None else labels[order],
        num_classes=num_classes,
        size=len(order),
        read=lambda i: files[order[i]].read_bytes(),
        describe=lambda i: str(files[order[i]]),
    ).in_memory_if_small()


def _find_images(root: Path) -> Iterator[Path]:
    """Yields the image files under `root`, without hidden ones and links that lead out of it."""
    inside = root.resolve()
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        for name in names:
            file = Path(folder, name)
            if (
                file.suffix.lower() in SUFFIXES
                and not name.startswith(".")
                and file.is_file()
                and file.resolve().is_relative_to(inside)
            ):
                yield file


def _check_headers(files: Sequence[Path], image_size: int) -> None:
    def check(file: Path) -> None:
        try:
            open_image(file, image_size).close()
        except Exception as error:  # Pillow raises many kinds of error on damaged files
            raise InputError(f"cannot decode image {file}: {error}") from error

    with ThreadPoolExecutor() as pool:
        for _ in pool.map(check, files):
            pass


def _labels(relative_files: Sequence[Path]) -> tuple[np.ndarray | None, int | None]:
    """Returns the number of each file's first-level folder, and how many such folders there are."""
    folders = [file.parts[0] for file in relative_files if len(file.parts) > 1]
    classes, labels = np.unique(folders, return_inverse=True)
    if len(folders) < len(relative_files) or len(classes) < 2:
        return None, None
    return labels.astype(np.int64), len(classes)

"""What the folders below `folder:PATH` say: which images are for training, and which class each belongs to."""

import os

import numpy as np

from keras_gen.datasets.folder_index import FolderIndex
from keras_gen.datasets.images import warn_once
from keras_gen.datasets.splits import hold_out_tenth, mixed_order
from keras_gen.errors import InputError

SPLITS = {
    "train": ("train", "training"),
    "test": ("test", "testing"),
    "validation": ("val", "valid", "validation"),
}


def choose(index: FolderIndex, split: str, name: str) -> tuple[np.ndarray, np.ndarray | None, int | None]:
    """The images of a split, in a mixed order.

    If the first-level folders are named `train`, `test` and `val`, they are the splits (without `test`, `val` is for
    testing), and the folders below them the classes. Otherwise every tenth image is for testing, and the first-level
    folders are the classes. There are labels if there are at least two classes and every image is in one.

    Args:
        index: The images.
        split: "train" or "test".
        name: The data set's name, for messages.

    Returns:
        The numbers of the images, int64 [n]; their labels, int64 [n], or None; the number of classes, or None.

    Raises:
        InputError: Some first-level folders are named as splits and others are not, or there is none for training.
    """
    kinds = _kinds(index, name)
    if not kinds:
        rows = {"train": np.arange(len(index))}
    else:
        of_image = np.array([kinds.get(folder, "") for folder in _parts(index, 0)])[index.places]
        rows = {kind: np.flatnonzero(of_image == kind) for kind in SPLITS if kind in kinds.values()}
        if len(rows) == len(SPLITS):
            warn_once(name, f"{name}: its validation images are not used, since there are test images")
    held_out = next((kind for kind in ("test", "validation") if kind in rows), None)
    used = rows["train"] if held_out is None else np.concatenate([rows["train"], rows[held_out]])
    labels, num_classes = _labels(index, level=1 if kinds else 0, used=used)
    chosen = rows[held_out] if held_out and split == "test" else rows["train"]
    order = chosen[mixed_order(len(chosen))]
    if held_out is None:
        order = hold_out_tenth(order, split)
    return order, None if labels is None else labels[order], num_classes


def _kinds(index: FolderIndex, name: str) -> dict[str, str]:
    """The split that each first-level folder is named after; empty if they are no splits."""
    first = _parts(index, 0)
    folders = sorted({first[place] for place in np.unique(index.places)})
    kinds = {folder: kind for folder in folders for kind, names in SPLITS.items() if folder.lower() in names}
    others = [folder or "images in PATH itself" for folder in folders if folder not in kinds]
    found = set(kinds.values())
    if len(found) < 2 and (others or "train" not in found):
        return {}  # a class may be called train
    if others or "train" not in found:
        beside = f"beside {', '.join(others[:3])}" if others else "but no train"
        raise InputError(
            f"{name}: {', '.join(kinds)} are splits, {beside}; move what does not belong there, or give the folder "
            "of one split"
        )
    return kinds


def _labels(index: FolderIndex, level: int, used: np.ndarray) -> tuple[np.ndarray | None, int | None]:
    """The number of each image's class, the folder at a level below the root, and how many classes there are."""
    of_place = _parts(index, level)
    classes = sorted({of_place[place] for place in np.unique(index.places[used])})
    if "" in classes or len(classes) < 2:
        return None, None
    numbers = {folder: number for number, folder in enumerate(classes)}
    return np.array([numbers.get(folder, -1) for folder in of_place], np.int64)[index.places], len(classes)


def _parts(index: FolderIndex, level: int) -> list[str]:
    """Of every folder the part of its path at a level; "" if the path is shorter."""
    return [[*folder.split(os.sep), *[""] * level][level] for folder in index.folders]

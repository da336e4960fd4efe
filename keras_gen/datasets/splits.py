"""Splits into training and test images, for sources that have none."""

import numpy as np

from keras_gen.errors import InputError


def mixed_order(count: int) -> np.ndarray:
    """A fixed permutation of `range(count)`, the same on every machine."""
    # NumPy guarantees the stream of RandomState for all versions; that of Generator may change.
    return np.random.RandomState(0).permutation(count)


def hold_out_tenth(order: np.ndarray, split: str) -> np.ndarray:
    """Every tenth entry of `order` for "test", the others for "train"."""
    is_test = np.arange(len(order)) % 10 == 0
    return order[is_test if split == "test" else ~is_test]


def hold_out_fifth_of_each_class(labels: np.ndarray, split: str) -> np.ndarray:
    """The numbers of every fifth image of each class ("test"), or of the others, in ascending order."""
    is_test = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        is_test[np.flatnonzero(labels == label)[4::5]] = True
    return np.flatnonzero(is_test if split == "test" else ~is_test)


def rows_of_each_class(labels: np.ndarray, count: int, seed: int = 0) -> np.ndarray:
    """The numbers of `count` images, in ascending order, drawn so that class sizes differ by at most one.

    Args:
        labels: int [n], the class of each image.
        count: How many images; a larger count keeps those of a smaller one.
        seed: Seed of the draw.

    Raises:
        InputError: A class has too few images.
    """
    random = np.random.RandomState(seed)
    classes = np.unique(labels)
    rows = []
    for place, label in enumerate(classes):
        share = count // len(classes) + (place < count % len(classes))
        of_class = np.flatnonzero(labels == label)
        if share > len(of_class):
            raise InputError(f"{count} images need {share} of class {label}, which has {len(of_class)}")
        rows.append(random.permutation(of_class)[:share])
    return np.sort(np.concatenate(rows))

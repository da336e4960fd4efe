"""Which images are for training and which for testing, where the source does not say."""

import numpy as np

from keras_gen.errors import InputError


def mixed_order(count: int) -> np.ndarray:
    """Returns a fixed permutation of `range(count)`, the same on every machine."""
    # NumPy promises the stream of RandomState for all versions; that of Generator may change.
    return np.random.RandomState(0).permutation(count)


def hold_out_tenth(order: np.ndarray, split: str) -> np.ndarray:
    """Returns every tenth entry of `order` for "test", the others for "train"."""
    is_test = np.arange(len(order)) % 10 == 0
    return order[is_test if split == "test" else ~is_test]


def hold_out_fifth_of_each_class(labels: np.ndarray, split: str) -> np.ndarray:
    """Returns the ascending numbers of every fifth image of each class ("test"), or of the others."""
    is_test = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        is_test[np.flatnonzero(labels == label)[4::5]] = True
    return np.flatnonzero(is_test if split == "test" else ~is_test)


def rows_of_each_class(labels: np.ndarray, count: int, seed: int = 0) -> np.ndarray:
    """Returns the ascending numbers of `count` images, drawn so that no class has two more than another.

    Args:
        labels: int [n], the class of each image.
        count: how many; those drawn for a count are among those for a larger one.
        seed: chooses them.

    Raises:
        InputError: a class has too few images.
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

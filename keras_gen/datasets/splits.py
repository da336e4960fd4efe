"""Which images are for training and which for testing, where the source does not say."""

import numpy as np


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

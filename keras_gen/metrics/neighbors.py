"""How often the neighbours of a code share its label."""

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import ArrayLike

from keras_gen.checks import check_counts, labelled_codes
from keras_gen.errors import InputError
from keras_gen.utils.neighbors import nearest_neighbors

BLOCK = 1024  # queries at a time


def neighbor_accuracy(
    train_codes: ArrayLike,
    train_labels: ArrayLike,
    test_codes: ArrayLike,
    test_labels: ArrayLike,
    num_neighbors: Sequence[int] = (1, 5, 20),
    distance: str = "euclidean",
) -> dict[int, float]:
    """Accuracy of the k-nearest-neighbour classifier: a test code gets the most common label of its k neighbours.

    Among equally common labels, the one of the nearest neighbour wins.

    Args:
        train_codes: [n, dim], from which neighbours are taken.
        train_labels: Whole numbers [n], at least 0.
        test_codes: [m, dim].
        test_labels: Whole numbers [m].
        num_neighbors: The values of k, at least one, each from 1 to n.
        distance: `euclidean` or `cosine`.

    Returns:
        The share of test codes that get their own label, for each k.

    Raises:
        InputError: The shapes do not fit together, codes are not finite, there is no k, a k is below 1 or above n, or
            there is no such distance.
    """
    _check_num_neighbors(num_neighbors)
    train_codes, train_labels = labelled_codes("train", train_codes, train_labels)
    test_codes, test_labels = labelled_codes("test", test_codes, test_labels)
    found = train_labels[_neighbors(test_codes, train_codes, max(num_neighbors), distance)]
    return {k: float(np.mean(_votes(found[:, :k]) == test_labels)) for k in num_neighbors}


def retrieval_precision(
    codes: ArrayLike, labels: ArrayLike, num_neighbors: Sequence[int] = (1, 5, 20), distance: str = "euclidean"
) -> dict[int, float]:
    """Share of the k nearest other codes that have the query's label, with every code as a query.

    Args:
        codes: [n, dim].
        labels: Whole numbers [n].
        num_neighbors: The values of k, at least one, each from 1 to n - 1.
        distance: `euclidean` or `cosine`.

    Returns:
        The share, for each k.

    Raises:
        InputError: As in `neighbor_accuracy`.
    """
    _check_num_neighbors(num_neighbors)
    codes, labels = labelled_codes("", codes, labels)
    if max(num_neighbors) >= len(codes):
        raise InputError(f"num_neighbors={max(num_neighbors)}: must be below the number of codes, {len(codes)}")
    found = _neighbors(codes, codes, max(num_neighbors) + 1, distance)
    # The query itself comes first, unless other codes coincide with it.
    others = np.stack([row[row != query][: max(num_neighbors)] for query, row in enumerate(found)])
    same = labels[others] == labels[:, np.newaxis]
    return {k: float(same[:, :k].mean()) for k in num_neighbors}


def _check_num_neighbors(num_neighbors: Sequence[int]) -> None:
    if not isinstance(num_neighbors, Collection) or not len(num_neighbors):
        raise InputError(f"num_neighbors={num_neighbors}: give at least one k, as in (1, 5, 20)")
    for k in num_neighbors:
        check_counts(num_neighbors=k)


def _neighbors(queries: np.ndarray, codes: np.ndarray, num_neighbors: int, distance: str) -> np.ndarray:
    blocks = (queries[start : start + BLOCK] for start in range(0, len(queries), BLOCK))
    return np.concatenate([nearest_neighbors(block, codes, num_neighbors, distance)[0].numpy() for block in blocks])


def _votes(labels: np.ndarray) -> np.ndarray:
    """The most common label of each row; of several, the first."""
    counts = (labels[:, :, np.newaxis] == labels[:, np.newaxis, :]).sum(axis=2)
    return np.take_along_axis(labels, counts.argmax(axis=1)[:, np.newaxis], axis=1)[:, 0]

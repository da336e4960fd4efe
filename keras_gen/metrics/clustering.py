"""Agreement of clusters with labels."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
from sklearn.metrics.cluster import contingency_matrix

from keras_gen.errors import InputError


def clustering_scores(labels: ArrayLike, clusters: ArrayLike) -> dict[str, float]:
    """Scores of how clusters agree with labels; each is 1 for agreement up to names.

    Args:
        labels: Whole numbers [n].
        clusters: Whole numbers [n]; not every cluster need occur.

    Returns:
        `purity`, `hungarian_accuracy`; `nmi`, normalised mutual information with the arithmetic mean of the entropies;
        `ari`, the adjusted Rand index, 0 for chance; `num_clusters`, how many clusters occur.

    Raises:
        InputError: The shapes are not both [n > 0].
    """
    labels, clusters = _pair(labels, clusters)
    return {
        "purity": purity(labels, clusters),
        "hungarian_accuracy": hungarian_accuracy(labels, clusters),
        "nmi": float(normalized_mutual_info_score(labels, clusters)),
        "ari": float(adjusted_rand_score(labels, clusters)),
        "num_clusters": float(len(np.unique(clusters))),
    }


def purity(labels: ArrayLike, clusters: ArrayLike) -> float:
    """Share of rows whose label is the most frequent one in their cluster.

    Several clusters may share a label, so purity rises with the number of clusters. The post calls it accuracy.

    Args:
        labels: Whole numbers [n].
        clusters: Whole numbers [n].

    Raises:
        InputError: The shapes are not both [n > 0].
    """
    table = contingency_matrix(*_pair(labels, clusters))
    return float(table.max(axis=0).sum() / table.sum())


def hungarian_accuracy(labels: ArrayLike, clusters: ArrayLike) -> float:
    """Share of correct rows under the best assignment of labels to clusters, at most one cluster per label.

    The literature on clustering calls this accuracy. It is at most the purity. Rows of clusters without a label count
    as wrong. Arguments and errors are those of `purity`.
    """
    table = contingency_matrix(*_pair(labels, clusters))
    return float(table[linear_sum_assignment(table, maximize=True)].sum() / table.sum())


def _pair(labels: ArrayLike, clusters: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    labels, clusters = np.asarray(labels), np.asarray(clusters)
    if labels.ndim != 1 or labels.shape != clusters.shape or not len(labels):
        raise InputError(f"labels and clusters must both have shape [n > 0], got {labels.shape} and {clusters.shape}")
    return labels, clusters

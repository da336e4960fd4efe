"""Tests of `keras_gen/metrics/clustering.py` on tables made by hand."""

import numpy as np
import pytest

from keras_gen.errors import InputError
from keras_gen.metrics import clustering_scores
from keras_gen.metrics.clustering import hungarian_accuracy, purity


def rows(table):
    """Labels and clusters with so many rows of each pair [label, cluster]."""
    table = np.array(table)
    labels, clusters = np.indices(table.shape)
    return np.repeat(labels.ravel(), table.ravel()), np.repeat(clusters.ravel(), table.ravel())


TABLES = {
    # title: table, purity, Hungarian accuracy
    "agreement up to names": ([[0, 5], [3, 0]], 1, 1),
    "an empty cluster": ([[5, 0, 1], [1, 0, 3]], 8 / 10, 8 / 10),
    # both clusters are purest for label 0, but only one may have it: 6 + 2 beats 4 + 1
    "two clusters of one label": ([[6, 4], [1, 2]], 10 / 13, 8 / 13),
    # the best assignment is not the greedy one: 5 + 4 = 9, beginning with the largest gives 6 + 0
    "not greedy": ([[6, 5], [4, 0]], 11 / 15, 9 / 15),
    "more clusters than labels": ([[4, 3, 0], [0, 0, 5]], 1, 9 / 12),
    "more labels than clusters": ([[4], [3], [2]], 4 / 9, 4 / 9),
    "one row": ([[1]], 1, 1),
}


@pytest.mark.parametrize(("table", "pure", "accurate"), TABLES.values(), ids=TABLES)
def test_tables_made_by_hand(table, pure, accurate):
    labels, clusters = rows(table)
    assert purity(labels, clusters) == pytest.approx(pure)
    assert hungarian_accuracy(labels, clusters) == pytest.approx(accurate)


def test_the_scores():
    """NMI and ARI by their formulas."""
    table = np.array([[6, 4], [1, 2]])
    found = clustering_scores(*rows(table))
    p = table / table.sum()
    by_label, by_cluster = p.sum(axis=1), p.sum(axis=0)
    information = np.sum(p * np.log(p / np.outer(by_label, by_cluster)))
    entropies = [-np.sum(q * np.log(q)) for q in (by_label, by_cluster)]
    pairs = [np.sum(n * (n - 1) / 2) for n in (table, table.sum(axis=1), table.sum(axis=0), table.sum())]
    by_chance = pairs[1] * pairs[2] / pairs[3]
    assert found == pytest.approx(
        {
            "purity": 10 / 13,
            "hungarian_accuracy": 8 / 13,
            "nmi": information / np.mean(entropies),
            "ari": (pairs[0] - by_chance) / ((pairs[1] + pairs[2]) / 2 - by_chance),
            "num_clusters": 2,
        }
    )


def test_names_do_not_matter():
    labels, clusters = rows([[6, 4, 0], [1, 2, 5], [0, 3, 3]])
    renamed = np.array([7, 1, 30])[clusters]
    assert clustering_scores(labels, renamed) == pytest.approx(clustering_scores(labels, clusters))


@pytest.mark.parametrize(("labels", "clusters"), [([1, 2], [1]), ([], []), ([[1]], [[1]])])
def test_bad_shapes(labels, clusters):
    with pytest.raises(InputError, match="labels and clusters must both have shape"):
        clustering_scores(labels, clusters)

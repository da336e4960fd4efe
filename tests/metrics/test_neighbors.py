import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors

from keras_gen.errors import InputError
from keras_gen.metrics import neighbor_accuracy, retrieval_precision


@pytest.fixture(scope="module")
def blobs():
    """Codes and labels of three clouds that overlap."""
    random = np.random.RandomState(0)
    labels = random.randint(3, size=400)
    return random.normal(size=(3, 5))[labels] + random.normal(size=(400, 5)), labels


@pytest.mark.parametrize("distance", ["euclidean", "cosine"])
class TestAgainstScikitLearn:
    def test_accuracy_of_odd_votes_of_two_labels(self, blobs, distance):
        codes, labels = blobs[0], blobs[1] % 2
        found = neighbor_accuracy(codes[:300], labels[:300], codes[300:], labels[300:], (1, 5, 21), distance)
        for k, accuracy in found.items():
            classifier = KNeighborsClassifier(k, metric=distance).fit(codes[:300], labels[:300])
            assert accuracy == pytest.approx(classifier.score(codes[300:], labels[300:]))

    def test_precision(self, blobs, distance):
        codes, labels = blobs
        others = NearestNeighbors(n_neighbors=21, metric=distance).fit(codes).kneighbors(return_distance=False)
        for k, precision in retrieval_precision(codes, labels, (1, 5, 20), distance).items():
            assert precision == pytest.approx(np.mean(labels[others[:, :k]] == labels[:, np.newaxis]))

    def test_queries_in_blocks(self, blobs, distance, monkeypatch):
        whole = retrieval_precision(*blobs, distance=distance)
        monkeypatch.setattr("keras_gen.metrics.neighbors.BLOCK", 64)
        assert retrieval_precision(*blobs, distance=distance) == whole


def test_of_labels_equally_common_the_nearest_wins():
    accuracy = neighbor_accuracy([[1.0], [2.0], [3.0], [4.0]], [5, 9, 9, 5], [[0.0], [0.1]], [5, 5], (1, 3, 4))
    assert accuracy == {1: 1.0, 3: 0.0, 4: 1.0}


def test_codes_that_coincide_are_no_queries_of_their_own():
    """All four codes are one point: each meets the three others, and one of four has another label."""
    found = retrieval_precision(np.ones((4, 2)), np.array([0, 0, 0, 1]), (3,))
    assert found[3] == pytest.approx((3 * 2 / 3 + 0) / 4)


CODES = np.ones((4, 2)), [0, 1, 2, 2]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: retrieval_precision(np.ones((4, 2)), [0, 1, 2]), r"labels must be 4 whole numbers, one per row, got"),
        (lambda: retrieval_precision(np.ones((4, 2)), [0, 1, 2, 2], (4,)), "num_neighbors=4: must be below the"),
        (
            lambda: retrieval_precision(np.ones((4, 2)), [0, 1, 2, 2], (0, 1)),
            "^num_neighbors=0: must be a whole number",
        ),
        (lambda: retrieval_precision(np.ones((4, 2)), [0, 1, 2, 2], ()), r"^num_neighbors=\(\): give at least one k"),
        (lambda: retrieval_precision(np.ones((4, 2)), [0, 1, 2, 2], 2), "^num_neighbors=2: give at least one k, as in"),
        (
            lambda: neighbor_accuracy(*CODES, *CODES, (-1, 2)),
            "^num_neighbors=-1: must be a whole number of at least 1$",
        ),
        (lambda: neighbor_accuracy(*CODES, *CODES, (1, 1.5)), "^num_neighbors=1.5: must be a whole number"),
        (lambda: neighbor_accuracy(*CODES, *CODES, []), r"^num_neighbors=\[\]: give at least one k"),
        (
            lambda: neighbor_accuracy(*CODES, *CODES, (1, 5)),
            "num_neighbors=5: must be from 1 to the number of codes, 4",
        ),
        (lambda: retrieval_precision(np.ones((4, 2)), [0, 1, 2, 2], (1,), "l1"), "distance='l1': choose one of"),
        (
            lambda: neighbor_accuracy(np.ones((4, 2)), [0, 1, 2, 2], np.ones((4, 3)), [0, 1, 2, 2], (1,)),
            r"queries \(4, 3\) and codes \(4, 2\)",
        ),
        (
            lambda: neighbor_accuracy(np.ones((4, 2)), [0, 1, 2, 2], np.ones((2, 2)), [0.0, 1.0], (1,)),
            "test_labels must be 2 whole numbers",
        ),
        (
            lambda: neighbor_accuracy(np.full((4, 2), np.nan), [0, 1, 2, 2], np.ones((2, 2)), [0, 1], (1,)),
            "train_codes contain NaN",
        ),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(InputError, match=message):
        call()

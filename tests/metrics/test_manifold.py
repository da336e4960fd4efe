import numpy as np
import pytest

from keras_gen.errors import InputError
from keras_gen.metrics import manifold, precision_recall


def by_loops(real, fake, k):
    def radius(points, i):
        return sorted(np.linalg.norm(points - points[i], axis=1))[k]

    def near(a, b, reach):
        return np.linalg.norm(a - b) <= reach

    real_radii = [radius(real, i) for i in range(len(real))]
    fake_radii = [radius(fake, j) for j in range(len(fake))]
    in_ball = np.array([[near(x, y, r) for x, r in zip(real, real_radii, strict=True)] for y in fake])
    recalled = [any(near(x, y, r) for y, r in zip(fake, fake_radii, strict=True)) for x in real]
    return {
        "precision": in_ball.any(axis=1).mean(),
        "recall": np.mean(recalled),
        "density": in_ball.sum() / (k * len(fake)),
        "coverage": in_ball.any(axis=0).mean(),
    }


@pytest.mark.parametrize("k", [1, 3, 5])
def test_against_loops_in_several_blocks(k, monkeypatch):
    monkeypatch.setattr(manifold, "BLOCK", 16)
    random = np.random.default_rng(k)
    real, fake = random.normal(size=(45, 3)), 1.2 + 0.8 * random.normal(size=(37, 3))
    measured = precision_recall(real, fake, num_neighbors=k)
    expected = by_loops(real, fake, k)
    # Not a tie among them, so all counts are equal.
    assert measured == pytest.approx(expected, abs=1e-12)
    assert all(0 < value < 1 for name, value in expected.items() if name != "density")


def test_equal_sets():
    points = np.random.default_rng(0).integers(-50, 50, size=(60, 4)).astype(float)
    expected = {"precision": 1, "recall": 1, "coverage": 1}
    measured = precision_recall(points, points)
    density = measured.pop("density")
    assert measured == expected
    # A point lies in its own ball and in those whose neighbour it is: one and k on average, more with ties.
    assert density == pytest.approx(by_loops(points, points, 5)["density"], rel=1e-12)
    assert density >= 6 / 5


def test_disjoint_sets():
    random = np.random.default_rng(0)
    measured = precision_recall(random.normal(size=(20, 3)), random.normal(size=(30, 3)) + 100)
    assert measured == {"precision": 0, "recall": 0, "density": 0, "coverage": 0}


def test_fakes_of_one_of_two_modes():
    # Ten reals at 0, 1, ... 9 and ten at 1000, ... 1009; fakes halfway between the former, so k = 1 means radius 1
    # and a fake lies in the two balls beside it.
    line = np.arange(10.0)[:, None]
    real, fake = np.vstack([line, line + 1000]), line[:9] + 0.5
    assert precision_recall(real, fake, num_neighbors=1) == {
        "precision": 1.0,
        "recall": 0.5,
        "density": 2.0,
        "coverage": 0.5,
    }
    # The other way round precision and recall change places.
    swapped = precision_recall(fake, real, num_neighbors=1)
    assert (swapped["precision"], swapped["recall"], swapped["coverage"]) == (0.5, 1.0, 1.0)


def test_copies_of_one_image_reach_only_copies():
    # Collapsed onto one real point: radius 0, whose ball holds that point alone, however distances round.
    real = np.random.default_rng(0).normal(size=(50, 16)) + 10
    measured = precision_recall(real, np.repeat(real[:1], 30, axis=0))
    assert measured["precision"] == 1
    assert measured["recall"] == 1 / 50


@pytest.mark.parametrize("k", [0, 8])
def test_number_of_neighbours(k):
    points = np.zeros((8, 2))
    with pytest.raises(InputError, match="num_neighbors must be from 1 to 7"):
        precision_recall(points, np.zeros((9, 2)), num_neighbors=k)

import numpy as np
import pytest

from keras_gen.errors import InputError
from keras_gen.metrics import kernel, kernel_distance


def normal(count, dim, seed):
    return np.random.default_rng(seed).normal(size=(count, dim))


def by_loops(x, y, with_diagonal=False):
    """Gretton et al. 2012, equation 3 (or 5, the biased one, with the diagonal)."""

    def kernel(a, b):
        return (a @ b / len(a) + 1) ** 3

    def within(points):
        return np.mean(
            [kernel(a, b) for i, a in enumerate(points) for j, b in enumerate(points) if i != j or with_diagonal]
        )

    return within(x) + within(y) - 2 * np.mean([kernel(a, b) for a in x for b in y])


def test_against_loops():
    real, fake = normal(12, 3, seed=1), normal(12, 3, seed=2) + 0.5
    # A subset of everything is everything, in some order.
    mean, standard_deviation = kernel_distance(real, fake, subset_size=12, num_subsets=3)
    assert mean == pytest.approx(by_loops(real, fake), rel=1e-12)
    assert standard_deviation < 1e-12


def test_mean_and_deviation_are_those_of_the_subsets():
    # Subsets of 2 from 3 have 3 x 3 equally likely estimates, so 20,000 of them give all moments.
    real, fake = normal(3, 2, seed=1), normal(3, 2, seed=2)
    pairs = [[0, 1], [0, 2], [1, 2]]
    estimates = [by_loops(real[i], fake[j]) for i in pairs for j in pairs]
    mean, standard_deviation = kernel_distance(real, fake, subset_size=2, num_subsets=20_000)
    # Four standard errors; the deviation's, of a distribution with few values, is below its own / sqrt(n).
    error = np.std(estimates) / np.sqrt(20_000)
    assert abs(mean - np.mean(estimates)) < 4 * error
    assert abs(standard_deviation - np.std(estimates)) < 4 * error


def test_against_subsets_that_are_drawn_one_by_one(monkeypatch):
    """Also where the kernel is computed in several blocks of rows."""
    monkeypatch.setattr(kernel, "BLOCK", 7)
    real, fake = normal(50, 4, seed=1), normal(40, 4, seed=2) + 0.3
    random = np.random.default_rng(5)
    subsets = [[random.choice(rows, 9, replace=False, shuffle=False) for rows in (real, fake)] for _ in range(6)]
    estimates = [by_loops(*pair) for pair in subsets]
    found = kernel_distance(real, fake, subset_size=9, num_subsets=6, seed=5)
    np.testing.assert_allclose(found, (np.mean(estimates), np.std(estimates)), rtol=1e-10)


def test_unbiased_for_equal_distributions():
    sets = [(normal(20, 4, seed=2 * i), normal(20, 4, seed=2 * i + 1)) for i in range(400)]

    def standard_errors_from_zero(estimates):
        return np.mean(estimates) / (np.std(estimates) / np.sqrt(len(estimates)))

    estimates = [kernel_distance(real, fake, subset_size=20, num_subsets=1)[0] for real, fake in sets]
    assert abs(standard_errors_from_zero(estimates)) < 4
    assert min(estimates) < 0
    # The test can tell: the biased estimator is far from zero.
    biased = [by_loops(real, fake, with_diagonal=True) for real, fake in sets[:40]]
    assert standard_errors_from_zero(biased) > 10


def test_the_seed_decides_the_subsets():
    real, fake = normal(50, 4, seed=1), normal(40, 4, seed=2)
    first = kernel_distance(real, fake, subset_size=10, seed=3)
    assert first == kernel_distance(real, fake, subset_size=10, seed=3)
    assert first != kernel_distance(real, fake, subset_size=10, seed=4)
    assert first[1] > 0


def test_default_subsets_are_half_of_the_smaller_set():
    real, fake = normal(50, 4, seed=1), normal(40, 4, seed=2)
    assert kernel_distance(real, fake) == kernel_distance(real, fake, subset_size=20)


@pytest.mark.parametrize("arguments", [{"subset_size": 6}, {"subset_size": 1}, {"num_subsets": 0}])
def test_bad_arguments(arguments):
    with pytest.raises(InputError, match=next(iter(arguments))):
        kernel_distance(normal(9, 2, seed=1), normal(5, 2, seed=2), **arguments)


def test_features_of_unlike_widths():
    with pytest.raises(InputError, match="2 and 3"):
        kernel_distance(normal(9, 2, seed=1), normal(9, 3, seed=2))

import numpy as np
import pytest
from scipy.stats import entropy

from keras_gen.errors import InputError
from keras_gen.metrics import mode_coverage

CENTERS = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])


def test_by_hand():
    samples = [[0.0, 0.29], [0.0, 0.31], [1.0, 0.0], [1.1, 0.0], [0.9, 0.1], [9.0, 9.0]]
    found = mode_coverage(np.array(samples), CENTERS, deviation=0.1)
    assert found["modes_found"] == 2
    assert found["good_share"] == pytest.approx(4 / 6)
    assert found["kl_from_uniform"] == pytest.approx(entropy([0.25, 0.75, 0, 0], [0.25] * 4))


def test_of_the_mixture_itself():
    random = np.random.default_rng(0)
    samples = CENTERS[random.integers(4, size=20_000)] + random.normal(0, 0.05, (20_000, 2))
    found = mode_coverage(samples, CENTERS, deviation=0.05)
    assert found["modes_found"] == 4
    # a draw in the plane is within 3 deviations with probability 1 - exp(-9/2); four standard errors
    assert found["good_share"] == pytest.approx(1 - np.exp(-4.5), abs=4 * np.sqrt(0.0111 / 20_000))
    # 2 n KL is about chi-squared with 3 degrees of freedom
    assert 0 < found["kl_from_uniform"] < 20 / (2 * 20_000)


def test_collapsed_or_lost():
    assert mode_coverage(CENTERS[:1], CENTERS, 0.1)["kl_from_uniform"] == pytest.approx(np.log(4))
    lost = mode_coverage(CENTERS + 5, CENTERS, 0.1)
    assert lost["modes_found"] == 0 and lost["good_share"] == 0 and np.isnan(lost["kl_from_uniform"])


@pytest.mark.parametrize(
    "samples, deviation, message",
    [
        (np.zeros((3, 1)), 0.1, r"samples \(3, 1\) and centers \(4, 2\)"),
        (np.zeros((0, 2)), 0.1, r"n > 0"),
        (np.full((3, 2), np.nan), 0.1, "NaN or infinite"),
        (np.zeros((3, 2)), 0.0, "deviation=0.0"),
        (np.zeros((3, 2)), float("nan"), "deviation=nan: must be a finite number above 0"),
    ],
)
def test_bad_arguments(samples, deviation, message):
    with pytest.raises(InputError, match=message):
        mode_coverage(samples, CENTERS, deviation)


def test_bad_centers():
    with pytest.raises(InputError, match="^centers contain NaN or infinite values$"):
        mode_coverage(CENTERS, CENTERS * np.nan, 0.1)
    with pytest.raises(InputError, match=r"centers \(0, 2\) must be .* \[m > 0, dim\]$"):
        mode_coverage(CENTERS, CENTERS[:0], 0.1)

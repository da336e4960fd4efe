import numpy as np
import pytest

from keras_gen.errors import InputError
from keras_gen.metrics import ClassQuality, frechet_distance, linear_probe

CENTERS = np.array([[4.0, 0], [-2, 3.5], [-2, -3.5]])


def clouds(count, seed, spread=1.0):
    random = np.random.RandomState(seed)
    labels = np.arange(count) % 3
    return CENTERS[labels] + spread * random.normal(size=(count, 2)), labels


REAL, FAKE = clouds(300, 0), clouds(120, 1, 1.7)


def test_the_numbers_are_those_of_their_metrics():
    found = ClassQuality(*REAL)(*FAKE)
    assert found["class_accuracy"] == linear_probe(*REAL, *FAKE) < 1
    within = [frechet_distance(REAL[0][REAL[1] == y], FAKE[0][FAKE[1] == y]) for y in range(3)]
    assert found["within_class_distance"] == pytest.approx(np.mean(within), rel=1e-12)


def test_labels_that_are_mixed_up_show():
    """The same samples, asked for as the next class: all together they are as good as before."""
    features, labels = clouds(120, 1)
    right, wrong = (ClassQuality(*REAL)(features, (labels + shift) % 3) for shift in (0, 1))
    assert right["class_accuracy"] > 0.95 and wrong["class_accuracy"] < 0.05
    # The centres lie 7 apart.
    assert right["within_class_distance"] < 1 and wrong["within_class_distance"] == pytest.approx(49, rel=0.2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ClassQuality(REAL[0], REAL[1][:-1]), "real_labels must be 300 whole numbers, one per row"),
        (lambda: ClassQuality(*REAL)(FAKE[0], FAKE[1] * 1.0), "fake_labels must be 120 whole numbers, one per row"),
        (lambda: ClassQuality(*REAL)(FAKE[0], FAKE[1] % 2), "fake_labels: fewer than two images of class 2"),
        (lambda: ClassQuality(REAL[0], np.arange(300)), "real_labels: fewer than two images of class 0"),
        (lambda: ClassQuality(REAL[0], np.ones(300, int)), "real_labels are all 1: a classifier needs at least two cl"),
        (lambda: ClassQuality(REAL[0] * np.nan, REAL[1]), "real_features contain NaN or infinite values"),
        (lambda: ClassQuality(*REAL)(FAKE[0][0], FAKE[1]), "fake_features must have shape"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(InputError, match=f"^{message}"):
        call()

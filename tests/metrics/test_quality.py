import numpy as np
import pytest

from keras_gen.metrics import QualityAgainst, frechet_distance, kernel_distance, precision_recall, sample_quality


def test_every_measure_with_its_counts():
    random = np.random.default_rng(0)
    real, fake = random.normal(size=(40, 3)), random.normal(size=(30, 3)) + 1
    mean, standard_deviation = kernel_distance(real, fake, seed=7)
    quality = sample_quality(real, fake, seed=7)
    assert quality == {
        "frechet_distance": frechet_distance(real, fake),
        "kernel_distance": mean,
        "kernel_distance_std": standard_deviation,
        **precision_recall(real, fake),
        "num_real": 40,
        "num_fake": 30,
    }
    assert {type(value) for value in quality.values()} == {float, int}  # ready for JSON


def test_against_the_same_features_again_and_again():
    random = np.random.default_rng(0)
    real = random.normal(size=(40, 3))
    against = QualityAgainst(real, seed=7)
    for count in (30, 12, 60, 80, 30):  # subsets of 15, 6, 20, 20 and 15
        fake = random.normal(size=(count, 3)) + 1
        assert against(fake) == sample_quality(real, fake, seed=7)


def test_samples_of_the_data_fare_better_than_others():
    random = np.random.default_rng(0)
    real, alike, other = (random.normal(size=(300, 4)) + shift for shift in (0, 0, 2))
    good, bad = sample_quality(real, alike), sample_quality(real, other)
    for measure in ("frechet_distance", "kernel_distance"):
        assert good[measure] < bad[measure] / 10
    for measure in ("precision", "recall", "density", "coverage"):
        assert good[measure] > 2 * bad[measure]


def test_too_few_samples():
    with pytest.raises(ValueError, match="num_neighbors"):
        sample_quality(np.zeros((5, 2)), np.zeros((50, 2)))
    with pytest.raises(ValueError, match="num_neighbors"):
        QualityAgainst(np.zeros((50, 2)))(np.zeros((5, 2)))

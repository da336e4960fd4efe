import numpy as np
import pytest
import scipy.linalg

from keras_gen.errors import InputError
from keras_gen.metrics import frechet_distance


def samples_with(mean, covariance, count=50, seed=0):
    """Rows whose sample mean and unbiased sample covariance are those given, up to rounding."""
    draws = np.random.default_rng(seed).normal(size=(count, len(mean)))
    draws -= draws.mean(axis=0)
    white = draws @ np.linalg.inv(np.linalg.cholesky(np.cov(draws.T))).T
    return white @ np.linalg.cholesky(covariance).T + mean


def correlated(count, dim, seed):
    random = np.random.default_rng(seed)
    return random.normal(size=(count, dim)) @ random.normal(size=(dim, dim)) + random.normal(size=dim)


def by_sqrtm(real, fake):
    """Equation 6 of Heusel et al. 2017, term by term."""
    real_covariance, fake_covariance = np.cov(real.T), np.cov(fake.T)
    root = scipy.linalg.sqrtm(real_covariance @ fake_covariance)
    mean = real.mean(axis=0) - fake.mean(axis=0)
    return mean @ mean + np.trace(real_covariance + fake_covariance - 2 * root.real)


def test_gaussians_with_diagonal_covariances():
    # Diagonal matrices commute: the distance is the sum of (mean difference)^2 + (difference of deviations)^2.
    real = samples_with(np.array([1.0, 2.0, 3.0]), np.diag([1.0, 4.0, 9.0]), seed=1)
    fake = samples_with(np.array([0.0, 2.0, 5.0]), np.diag([4.0, 4.0, 0.25]), count=40, seed=2)
    expected = (1 + 0 + 4) + ((1 - 2) ** 2 + (2 - 2) ** 2 + (3 - 0.5) ** 2)
    assert frechet_distance(real, fake) == pytest.approx(expected, rel=1e-12)


def test_against_the_square_root_of_a_matrix():
    real, fake = correlated(200, 12, seed=1), correlated(150, 12, seed=2)
    assert frechet_distance(real, fake) == pytest.approx(by_sqrtm(real, fake), rel=1e-9)


def test_swapping_and_shifting():
    real, fake = correlated(60, 5, seed=1), correlated(30, 5, seed=2)
    distance = frechet_distance(real, fake)
    assert frechet_distance(fake, real) == pytest.approx(distance, rel=1e-12)
    assert frechet_distance(real + 100.0, fake + 100.0) == pytest.approx(distance, rel=1e-9)
    assert frechet_distance(3 * real, 3 * fake) == pytest.approx(9 * distance, rel=1e-12)


def test_fewer_samples_than_dimensions():
    # In an orthonormal frame the sets keep their three varying coordinates, and the constant ones add
    # their distance. The square root of a singular matrix is where the textbook formula loses half of its digits.
    frame = np.linalg.qr(np.random.default_rng(0).normal(size=(40, 40)))[0]
    real, fake = correlated(10, 3, seed=1), correlated(8, 3, seed=2)
    wide_real = np.hstack([real, np.full((10, 37), 2.0)]) @ frame
    wide_fake = np.hstack([fake, np.full((8, 37), 3.0)]) @ frame
    expected = frechet_distance(real, fake) + 37
    assert frechet_distance(wide_real, wide_fake) == pytest.approx(expected, rel=1e-12)


def test_equal_sets_have_distance_zero():
    real = np.hstack([correlated(20, 30, seed=1), np.zeros((20, 5))])
    scale = np.trace(np.cov(real.T))
    assert 0 <= frechet_distance(real, real[::-1]) < 1e-12 * scale
    assert frechet_distance(np.ones((3, 4)), np.ones((2, 4))) == 0


def test_float32_features_are_computed_in_float64():
    # A mean of 1,000 beside deviations of 0.01 leaves nothing of the covariance in float32 arithmetic.
    random = np.random.default_rng(0)
    real = (1000 + 0.01 * random.normal(size=(50, 4))).astype("float32")
    fake = (1000 + 0.02 * random.normal(size=(50, 4))).astype("float32")
    exact = by_sqrtm(real.astype("float64") - 1000, fake.astype("float64") - 1000)
    assert frechet_distance(real, fake) == pytest.approx(exact, rel=1e-6)


@pytest.mark.parametrize(
    ("real", "fake", "message"),
    [
        (np.zeros((4, 3, 1)), np.zeros((4, 3)), "real_features must have shape"),
        (np.zeros((4, 3)), np.zeros(3), "fake_features must have shape"),
        (np.zeros((1, 3)), np.zeros((4, 3)), "real_features must have shape"),
        (np.zeros((4, 3)), np.zeros((0, 3)), "fake_features must have shape"),
        (np.zeros((4, 3)), np.zeros((4, 2)), "3 and 2"),
        (np.zeros((4, 3)), np.full((4, 3), np.nan), "fake_features contain NaN"),
        (np.full((4, 3), np.inf), np.zeros((4, 3)), "real_features contain NaN or inf"),
    ],
)
def test_bad_input(real, fake, message):
    with pytest.raises(InputError, match=message):
        frechet_distance(real, fake)

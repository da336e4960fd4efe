import numpy as np
import pytest
import scipy.ndimage

from keras_gen.errors import InputError
from keras_gen.metrics import sharpness


def images(seed=0):
    return np.random.RandomState(seed).uniform(-1, 1, (3, 8, 9, 2))


def test_it_is_the_variance_of_scipys_laplacian():
    x = images()
    laplacians = [[scipy.ndimage.laplace(image[..., c])[1:-1, 1:-1] for c in range(2)] for image in x]
    expected = np.mean([np.var(of_image) for of_image in laplacians])
    assert sharpness(x) == pytest.approx(expected, rel=1e-10)


def test_blur_lowers_it_and_ramps_have_none():
    x = images()
    assert sharpness(scipy.ndimage.uniform_filter(x, (0, 3, 3, 0))) < 0.1 * sharpness(x)
    ramp = np.linspace(-1, 1, 8)[np.newaxis, :, np.newaxis, np.newaxis] * np.ones((1, 8, 8, 1))
    assert sharpness(ramp) == pytest.approx(0, abs=1e-20)


def test_a_single_bright_pixel_by_hand():
    """Of the 9 inner pixels the middle one has the Laplacian -8, its 4 neighbours 2: mean 0, variance 80/9."""
    x = -np.ones((1, 5, 5, 1))
    x[0, 2, 2] = 1
    assert sharpness(x) == pytest.approx(80 / 9)
    assert sharpness(5 * x) == pytest.approx(80 / 9)  # clipped


@pytest.mark.parametrize("wrong", [np.zeros((3, 3, 1)), np.zeros((0, 3, 3, 1)), np.zeros((1, 2, 3, 1))])
def test_wrong_shapes(wrong):
    with pytest.raises(InputError, match="images must have shape"):
        sharpness(wrong)


def test_nan():
    with pytest.raises(InputError, match="NaN"):
        sharpness(np.full((1, 3, 3, 1), np.nan))

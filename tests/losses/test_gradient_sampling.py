import numpy as np
import pytest
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.losses import gradient_sampling


def one_hots(batch_size):
    """Reals e_0, e_1 ... and fakes e_batch, e_batch+1 ...: a mixture of rows shows its rows and their weights."""
    rows = np.eye(2 * batch_size, dtype="float32")
    return tf.constant(rows[:batch_size]), tf.constant(rows[batch_size:])


def uniform(batch_size, seed=0):
    noise = np.random.RandomState(seed).uniform(size=(batch_size, *gradient_sampling.NOISE_SHAPE))
    return tf.constant(noise, tf.float32)


def mixture(rows, others, epsilon):
    """epsilon e_row + (1 - epsilon) e_other, as a matrix."""
    matrix = np.zeros((len(rows), 2 * len(rows)))
    for i, (row, other) in enumerate(zip(rows, others, strict=True)):
        matrix[i, row] += epsilon[i]
        matrix[i, other] += 1 - epsilon[i]
    return matrix


def test_real_and_fake_pairs():
    real, fake = one_hots(6)
    noise = uniform(6)
    (points,) = gradient_sampling.points("interpolate_real_fake", real, fake, noise)
    np.testing.assert_allclose(points, mixture(range(6), range(6, 12), noise[:, 0].numpy()), atol=1e-7)


def test_pairs_between_classes_and_within():
    """Where the i-th fake has the class of the i-th real image; either epsilon is the real image's share."""
    real, fake = one_hots(6)
    noise = uniform(6)
    partners = {"interpolate_real_fake": [7, 6, 9, 8, 11, 10], "interpolate_within_class": range(6, 12)}
    for sampling, partner in partners.items():
        (points,) = gradient_sampling.points(sampling, real, fake, noise, conditional=True)
        np.testing.assert_allclose(points, mixture(range(6), partner, noise[:, 0].numpy()), atol=1e-7)


def test_pairs_of_two_reals_and_of_two_fakes():
    real, fake = one_hots(6)
    noise = uniform(6)
    reals, fakes = gradient_sampling.points("interpolate_within", real, fake, noise)
    neighbors = np.array([1, 0, 3, 2, 5, 4])
    np.testing.assert_allclose(reals, mixture(range(6), neighbors, noise[:, 0].numpy()), atol=1e-7)
    np.testing.assert_allclose(fakes, mixture(range(6, 12), 6 + neighbors, noise[:, 1].numpy()), atol=1e-7)


def test_the_last_row_of_an_odd_batch_is_its_own_neighbor():
    real, fake = one_hots(3)
    noise = uniform(3)
    reals, _ = gradient_sampling.points("interpolate_within", real, fake, noise)
    np.testing.assert_allclose(reals, mixture(range(3), [1, 0, 2], noise[:, 0].numpy()), atol=1e-7)


def test_pairs_of_the_pool():
    batch_size = 20_000
    # A row's number is enough: reals 0 ... n-1, fakes n ... 2n-1. Both ends of a segment come from epsilon = 1 and 0.
    real = tf.range(batch_size, dtype=tf.float32)[:, tf.newaxis]
    fake = real + batch_size
    noise = uniform(batch_size).numpy()

    def ends(epsilon):
        noise[:, 0] = epsilon
        (points,) = gradient_sampling.points("interpolate_pooled", real, fake, tf.constant(noise))
        return points.numpy()[:, 0].astype(int)

    one, other = ends(1), ends(0)
    rows = np.arange(batch_size)
    np.testing.assert_array_equal(one % batch_size, rows)
    np.testing.assert_array_equal(other % batch_size, rows ^ 1)  # so never an image with itself

    kinds = (one >= batch_size).astype(int) + (other >= batch_size)
    shares = np.bincount(kinds) / batch_size
    # Independent fair choices of both ends. A share's standard deviation is at most sqrt(1/4 / n) = 0.0035: five of it.
    np.testing.assert_allclose(shares, [1 / 4, 1 / 2, 1 / 4], atol=5 * 0.0035)

    noise[:, 0] = epsilon = uniform(batch_size, seed=1).numpy()[:, 0]
    (points,) = gradient_sampling.points("interpolate_pooled", real, fake, tf.constant(noise))
    # numbers up to 40,000 in float32
    np.testing.assert_allclose(points[:, 0], epsilon * one + (1 - epsilon) * other, rtol=1e-6, atol=0.01)


@pytest.mark.parametrize("sampling, wanted", [("real_and_fake", "rf"), ("real", "r"), ("fake", "f")])
def test_data_are_the_arguments_themselves(sampling, wanted):
    real, fake = one_hots(4)
    points = gradient_sampling.points(sampling, real, fake, uniform(4))
    expected = [{"r": real, "f": fake}[letter] for letter in wanted]
    assert len(points) == len(expected)
    assert all(point is data for point, data in zip(points, expected, strict=True))


@pytest.mark.parametrize("sampling", [name for name in gradient_sampling.SAMPLINGS if "interpolate" in name])
def test_all_pixels_of_an_image_share_one_epsilon(sampling):
    real, fake = tf.ones((8, 4, 5, 3)), tf.zeros((8, 4, 5, 3))
    noise = uniform(8)
    for points in gradient_sampling.points(sampling, real, fake, noise):
        assert points.shape == (8, 4, 5, 3)
        assert np.ptp(points, axis=(1, 2, 3)).max() == 0
    if sampling == "interpolate_real_fake":
        np.testing.assert_array_equal(points[:, 0, 0, 0], noise[:, 0])


@pytest.mark.parametrize("sampling", gradient_sampling.SAMPLINGS)
def test_swapping_real_and_fake_swaps_the_points(sampling):
    """r(x) takes no side, but for the two choices that take one by name."""
    real, fake = one_hots(4)
    noise = uniform(4).numpy()
    swapped_noise = {
        "interpolate_real_fake": 1 - noise,
        "interpolate_within_class": 1 - noise,
        "interpolate_within": noise[:, [1, 0, 2]],
        "interpolate_pooled": np.concatenate([noise[:, :1], 0.999 - noise[:, 1:]], 1),
    }.get(sampling, noise)
    swapped_name = {"real": "fake", "fake": "real"}.get(sampling, sampling)
    points = np.concatenate(gradient_sampling.points(sampling, real, fake, tf.constant(noise)))
    swapped = np.concatenate(gradient_sampling.points(swapped_name, fake, real, tf.constant(swapped_noise)))
    np.testing.assert_allclose(
        sorted(points.tolist()), sorted(swapped.tolist()), atol=1e-6, err_msg=f"{swapped_name} of (fake, real)"
    )


def test_unknown_sampling():
    real, fake = one_hots(2)
    with pytest.raises(InputError, match="sampling='uniform': choose one of interpolate_real_fake, "):
        gradient_sampling.points("uniform", real, fake, uniform(2))

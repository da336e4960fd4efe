"""Measures and sheets of codes, with encoders whose codes are known."""

import dataclasses

import numpy as np
import pytest

from keras_gen import datasets
from keras_gen.metrics import aggregate_posterior
from reproductions.families import codes


@pytest.fixture(scope="module")
def digits():
    return datasets.load("digits", "train"), datasets.load("digits", "test")


def labels_of(*splits):
    """An encoder whose code is the label, one-hot, found by the image."""
    pairs = [pair for split in splits for pair in zip(split.to_array(), split.labels, strict=True)]
    table = {image.tobytes(): label for image, label in pairs}
    return lambda images: np.eye(10, dtype="float32")[[table[image.tobytes()] for image in images]]


def test_codes_that_are_the_labels_tell_all(digits):
    found = codes.meaning(labels_of(*digits), *digits)
    assert found.pop("linear_probe") == 1.0
    assert len(found) == 12 and set(found.values()) == {1.0}


def test_codes_that_are_constant_tell_nothing(digits):
    found = codes.meaning(lambda images: np.ones((len(images), 2)), *digits, num_queries=200)
    assert all(value < 0.25 for value in found.values())


def test_prior_match_of_the_prior_itself(digits):
    """Codes N(0, I) whatever the image."""
    found = codes.prior_match(lambda images: [np.zeros((len(images), 5))] * 2, digits[1])
    count = len(digits[1])
    assert found["code_deviation"] == pytest.approx(1, abs=5 / np.sqrt(2 * count * 5))
    assert found["code_mean"] < 3 / np.sqrt(count)
    assert (found["prior_kl"], found["information"]) == pytest.approx((0, 0), abs=1e-9)
    assert abs(found["discrepancy"]) < 5 * found["discrepancy_deviation"]
    assert found["effective_rank"] == pytest.approx(5 / (1 + 6 / count), rel=0.03)
    assert found["excess_kurtosis"] == pytest.approx(np.sqrt(24 / count), rel=0.8)


def test_prior_match_is_that_of_the_images_asked_for(digits):
    def gaussian(images):
        sums = images.reshape(len(images), -1)[:, :3]
        return sums, np.zeros_like(sums)

    images = digits[1].to_array(20)
    assert codes.prior_match(gaussian, digits[1], 20).items() >= aggregate_posterior(*gaussian(images)).items()


def test_moments():
    found = codes.moments(np.array([[1.0, 0.0], [3.0, 6.0]]))
    assert found == pytest.approx({"code_mean": np.sqrt((4 + 9) / 2), "code_deviation": np.sqrt((1 + 9) / 2)})


def test_parts_are_put_together(monkeypatch):
    monkeypatch.setattr(codes, "AT_ONCE", 3)
    images = np.arange(8.0)[:, np.newaxis]
    one, two = codes.in_parts(lambda part: (part, 2 * part), images)
    np.testing.assert_array_equal(one, images)
    np.testing.assert_array_equal(two, 2 * images)


def even(digits, values):
    """Images of two by two pixels, each of one grey."""
    pixels = np.zeros((len(values), 2, 2, 1), np.uint8) + np.reshape(values, (-1, 1, 1, 1)).astype(np.uint8)
    return dataclasses.replace(digits[1], pixels=pixels, labels=np.arange(len(values)), image_shape=(2, 2, 1))


def on_a_line(images):
    """Codes that lie on a line, by the grey of an image."""
    return images[:, 0, 0] + np.array([2.0, 0.0])


def test_the_sheet_shows_the_nearest(digits):
    """Of twelve images: each query's row goes from near to far, on both sides of the gap."""
    picture = codes.neighbors_sheet(on_a_line, even(digits, 20 * np.arange(12)))[..., 0]
    cells = picture[::4, ::4]
    assert cells.shape == (10, 23)
    assert len(set(cells[:, 0])) == 10  # ten queries, none twice
    for row in cells.astype(int):
        near, gap, cosine = row[:11], row[11], row[12:]
        assert gap == 255 and near[0] == cosine[0]
        distances = np.abs(near - near[0])
        assert np.all(np.diff(distances) >= 0) and distances[1] > 0


def test_the_sheet_shows_the_nearest_of_other_images(digits):
    """Queries of even greys among the test images, their neighbours of odd ones; twice as large as they are."""
    test, train = even(digits, 20 * np.arange(12)), even(digits, 1 + 12 * np.arange(20))
    cells = codes.neighbors_sheet(on_a_line, test, train, scale=2)[::6, ::6, 0].astype(int)
    assert cells.shape == (10, 23)
    for row in cells:
        near, gap, cosine = row[:11], row[11], row[12:]
        assert gap == 255 and near[0] == cosine[0] and near[0] % 2 == 0
        expected = sorted(np.abs(1 + 12 * np.arange(20) - near[0]))[:10]
        assert np.abs(near[1:] - near[0]).tolist() == expected
        assert all(cosine[1:] % 2 == 1)


def test_fewer_images_than_a_row_has_places(digits):
    one, three = even(digits, [20]), even(digits, [1, 101, 201])
    assert codes.neighbors_sheet(on_a_line, three).shape == (3 * 4 - 2, 7 * 4 - 2, 1)
    assert codes.neighbors_sheet(on_a_line, one, three).shape == (2, 7 * 4 - 2, 1)

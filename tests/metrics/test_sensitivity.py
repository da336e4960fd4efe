import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.metrics import accuracy, fast_gradient_sign, sensitivity
from keras_gen.metrics.sensitivity import gradient_changes, loss_gradients, random_changes

RANDOM = np.random.RandomState(0)
W = RANDOM.normal(size=(6, 3))
IMAGES = RANDOM.uniform(-1, 1, size=(1_100, 2, 3)).astype("float32")  # more than are measured at a time
LABELS = RANDOM.randint(3, size=1_100)


def linear(x):
    return tf.reshape(x, [-1, 6]) @ tf.constant(W, tf.float32)


def softmax(logits):
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def gradients_by_hand():
    """Of the cross-entropy of linear logits: W (softmax - one-hot)."""
    return ((softmax(IMAGES.reshape(-1, 6) @ W) - np.eye(3)[LABELS]) @ W.T).reshape(IMAGES.shape)


class TestSensitivity:
    def test_of_a_linear_map(self):
        changes = random_changes(IMAGES, 0.5)
        flat = changes.reshape(-1, 6)
        expected = np.linalg.norm(flat @ W, axis=1) / np.linalg.norm(flat, axis=1)
        found = sensitivity(linear, IMAGES, changes)
        # differences of float32 of order 1, over 0.5
        np.testing.assert_allclose(found, expected, rtol=0, atol=5e-6)
        assert found.max() <= np.linalg.norm(W, 2) + 5e-6

    def test_along_the_first_singular_vector_it_is_the_norm(self):
        change = np.linalg.svd(W)[0][:, 0].reshape(1, 2, 3).astype("float32")
        assert sensitivity(linear, IMAGES[:1], change) == pytest.approx(np.linalg.norm(W, 2), rel=1e-5)

    def test_changes_of_another_shape_or_of_nothing(self):
        with pytest.raises(InputError, match="images have shape .1100, 2, 3., their changes .1, 2, 3."):
            sensitivity(linear, IMAGES, IMAGES[:1])
        with pytest.raises(InputError, match="the change of an image is 0"):
            sensitivity(linear, IMAGES[:2], np.zeros_like(IMAGES[:2]))


class TestChanges:
    def test_random_ones_are_of_that_norm_and_in_all_directions(self):
        changes = random_changes(IMAGES, 0.5).reshape(-1, 6)
        np.testing.assert_allclose(np.linalg.norm(changes, axis=1), 0.5, rtol=1e-5)
        # uniform on the sphere: mean 0 and variance 0.25/6 a coordinate; five standard errors
        assert np.abs(changes.mean(axis=0)).max() < 5 * np.sqrt(0.25 / 6 / 1_100)
        covariance = changes.T @ changes / 1_100
        np.testing.assert_allclose(covariance, 0.25 / 6 * np.eye(6), rtol=0, atol=5 * 0.25 / 6 / np.sqrt(1_100))

    def test_along_the_gradient(self):
        expected = gradients_by_hand()
        expected *= 0.5 / np.linalg.norm(expected.reshape(-1, 6), axis=1)[:, None, None]
        # Where the label is nearly certain, the gradient is a small difference.
        np.testing.assert_allclose(gradient_changes(linear, IMAGES, LABELS, 0.5), expected, rtol=0, atol=1e-3)

    def test_without_a_gradient_there_is_no_change(self):
        def constant(x):
            return tf.zeros([len(x), 3]) * tf.reduce_sum(x)

        assert not gradient_changes(constant, IMAGES[:3], LABELS[:3], 0.5).any()


def test_loss_gradients_by_hand():
    np.testing.assert_allclose(loss_gradients(linear, IMAGES, LABELS), gradients_by_hand(), rtol=0, atol=1e-5)


class TestFastGradientSign:
    def test_it_moves_every_pixel_by_epsilon_within_the_range(self):
        attacked = fast_gradient_sign(linear, IMAGES, LABELS, 0.3)
        expected = np.clip(IMAGES + 0.3 * np.sign(gradients_by_hand()), -1, 1)
        np.testing.assert_allclose(attacked, expected, rtol=0, atol=1e-6)
        assert attacked.dtype == np.float32

    def test_it_harms_a_classifier_and_its_opposite_helps(self):
        labels = (IMAGES.reshape(-1, 6) @ W).argmax(axis=1)
        labels[::5] = LABELS[::5]
        before = accuracy(linear, IMAGES, labels)
        assert accuracy(linear, fast_gradient_sign(linear, IMAGES, labels, 0.2), labels) < before - 0.05
        assert accuracy(linear, fast_gradient_sign(linear, IMAGES, labels, -0.2), labels) > before + 0.02


@pytest.mark.parametrize("labels", [LABELS[:, None], LABELS[:10], LABELS.astype("float32")], ids=["2d", "few", "real"])
def test_labels_that_are_not_one_whole_number_per_image(labels):
    """Compared with [n], labels [n, 1] would make a matrix, whose mean is no accuracy."""
    for measure in (accuracy, loss_gradients):
        with pytest.raises(InputError, match="^labels must be 1100 whole numbers, one per image, got"):
            measure(linear, IMAGES, labels)


def test_accuracy_of_a_keras_model_by_hand():
    model = keras.Sequential([keras.Input((2, 3)), keras.layers.Flatten(), keras.layers.Dense(3, use_bias=False)])
    model.set_weights([W])
    expected = np.mean((IMAGES.reshape(-1, 6) @ W).argmax(axis=1) == LABELS)
    assert accuracy(model, IMAGES, LABELS) == pytest.approx(expected, abs=1e-9)

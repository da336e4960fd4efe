import keras
import numpy as np
import pytest

from keras_gen.errors import InputError
from keras_gen.layers import ConditionalBatchNormalization

LABELS = np.array([0, 2, 1, 2, 0])
CLASSES = np.eye(3, dtype="float32")[LABELS]
EPSILON = 1e-3


def layer_with_tables(shape):
    """A layer whose three classes have scales and shifts of their own, and these."""
    random = np.random.RandomState(0)
    layer = ConditionalBatchNormalization(3)
    layer.build((None, *shape), (None, 3))
    gamma, beta = random.randn(2, 3, shape[-1]).astype("float32")
    layer.gamma.assign(gamma)
    layer.beta.assign(beta)
    return layer, gamma, beta


@pytest.mark.parametrize("shape", [(4,), (2, 3, 4)])
def test_against_numpy(shape):
    layer, gamma, beta = layer_with_tables(shape)
    x = np.random.RandomState(1).randn(5, *shape).astype("float32") * 3 + 1
    axes = tuple(range(len(shape)))  # all but the channels
    mean, variance = x.mean(axes), x.var(axes)
    rows = [np.s_[i : i + 1] for i in range(5)]

    def expected(mean, variance):
        normalized = (x - mean) / np.sqrt(variance + EPSILON)
        return np.concatenate([gamma[LABELS[i]] * normalized[rows[i]] + beta[LABELS[i]] for i in range(5)])

    np.testing.assert_allclose(layer(x, CLASSES, training=True), expected(mean, variance), rtol=1e-4, atol=1e-5)
    # One step of the moving moments, from 0 and 1 with momentum 0.99: of all classes together.
    moving = 0.01 * mean, 0.99 + 0.01 * variance
    np.testing.assert_allclose(layer(x, CLASSES), expected(*moving), rtol=1e-4, atol=1e-5)


def test_it_begins_as_batch_norm():
    x = np.random.RandomState(0).randn(5, 2, 2, 3).astype("float32")
    plain = keras.layers.BatchNormalization()
    np.testing.assert_allclose(
        ConditionalBatchNormalization(3)(x, CLASSES, training=True), plain(x, training=True), atol=1e-6
    )


def test_rows_between_classes_are_between():
    layer, gamma, beta = layer_with_tables((4,))
    x = np.zeros((1, 4), "float32")
    np.testing.assert_allclose(layer(x, np.array([[0.5, 0.5, 0]], "float32"))[0], (beta[0] + beta[1]) / 2, rtol=1e-5)


def test_its_config_gives_it_back():
    layer = ConditionalBatchNormalization(3, momentum=0.9, synchronized=True, name="mine")
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert again.get_config() == layer.get_config()
    assert again.normalization.momentum == 0.9 and again.normalization.synchronized and again.name == "mine"


@pytest.mark.parametrize("num_classes", [1, 2.5])
def test_bad_numbers_of_classes(num_classes):
    with pytest.raises(InputError, match=f"^num_classes={num_classes}: must be a whole number of at least 2$"):
        ConditionalBatchNormalization(num_classes)


@pytest.mark.parametrize("arguments", [{"axis": 1}, {"gamma_initializer": "zeros"}, {"center": True}], ids=str)
def test_arguments_that_it_does_not_use(arguments):
    with pytest.raises(InputError, match=f"^{next(iter(arguments))}: this layer scales and shifts the last axis by"):
        ConditionalBatchNormalization(3, **arguments)


@pytest.mark.parametrize(("classes", "shape"), [([0, 2, 1], "n"), ([[0], [2], [1]], "n, 1"), (np.eye(3, 4), "n, 4")])
def test_classes_that_are_no_rows(classes, shape):
    x, classes = np.ones((3, 4), "float32"), np.array(classes)
    message = rf"classes have shape \[{shape}\]; give one-hot rows \[n, 3\]: keras.ops.one_hot\(labels, 3\) makes"
    with pytest.raises(InputError, match=f"^{message}"):
        ConditionalBatchNormalization(3)(x, classes)
    built, _, _ = layer_with_tables((4,))
    with pytest.raises(InputError, match=message):  # within Keras's words
        built(x, classes)

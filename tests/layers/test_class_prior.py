import numpy as np
import pytest
import tensorflow as tf
from scipy import stats
from scipy.special import logsumexp

from keras_gen.layers.class_prior import ClassPrior

LABELS = np.array([1, 0, 2, 1])
CLASSES = tf.one_hot(LABELS, 3)


def prior(**arguments):
    """A prior of three classes whose numbers differ; with its means and deviations as NumPy has them."""
    layer = ClassPrior(3, (5,), **arguments)
    means, logs = np.random.RandomState(0).randn(2, *layer.means.shape).astype("float32")
    layer.means.assign(means)
    if layer.log_deviations is None:
        logs = np.zeros_like(logs)
    else:
        layer.log_deviations.assign(logs)
    height, width, _ = arguments.get("free_shape", (1, 1, 5))
    means, logs = (np.concatenate([array] * height * width, axis=1) for array in (means, logs))
    padded = [np.pad(array, [(0, 0), (0, 5 - array.shape[1])]) for array in (means, logs)]
    return layer, padded[0], np.exp(padded[1])


every_kind = pytest.mark.parametrize(
    "arguments", [{}, {"learns_deviations": True}, {"learns_deviations": True, "free_shape": (1, 2, 2)}], ids=str
)


@every_kind
def test_densities_against_scipy(arguments):
    layer, means, deviations = prior(**arguments)
    z = np.random.RandomState(1).randn(4, 5).astype("float32")
    of_all = stats.norm(means, deviations).logpdf(z[:, np.newaxis]).sum(-1)  # [4, 3]
    np.testing.assert_allclose(layer.of(CLASSES).log_prob(z), of_all[range(4), LABELS], rtol=1e-5)
    np.testing.assert_allclose(layer.mixture.log_prob(z), logsumexp(of_all, axis=1) - np.log(3), rtol=1e-5)


@every_kind
def test_draws_have_the_moments_of_their_class(arguments):
    layer, means, deviations = prior(**arguments)
    classes = tf.repeat(tf.one_hot([2], 3), 20_000, axis=0)
    for temperature in (1.0, 0.5):
        z = layer.draw(classes, 3, temperature).numpy()
        error = 5 * temperature * deviations[2] / np.sqrt(20_000)  # five standard deviations of the mean
        assert (np.abs(z.mean(0) - means[2]) < error).all()
        np.testing.assert_allclose(z.std(0), temperature * deviations[2], rtol=5 / np.sqrt(2 * 20_000))


def test_a_seed_gives_all_classes_the_same_noise():
    layer, means, _ = prior()
    one, other = (layer.draw(tf.one_hot([label] * 4, 3), 7) for label in (0, 2))
    np.testing.assert_allclose(one - means[0], other - means[2], atol=1e-6)


def test_it_begins_as_one_standard_normal():
    layer = ClassPrior(3, (5,), learns_deviations=True)
    z = np.random.RandomState(1).randn(4, 5).astype("float32")
    np.testing.assert_allclose(layer.of(CLASSES).log_prob(z), stats.norm.logpdf(z).sum(1), rtol=1e-5)

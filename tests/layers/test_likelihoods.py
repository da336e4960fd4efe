"""Tests of `keras_gen/layers/likelihoods.py`, against SciPy."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from keras_gen.errors import InputError, unwrapped_input_errors
from keras_gen.layers import BernoulliLikelihood, GaussianLikelihood, likelihoods

RANDOM = np.random.RandomState(0)
DATA = RANDOM.uniform(-1, 1, (3, 4, 2)).astype("float32")
DECODED = RANDOM.normal(size=(3, 4, 2)).astype("float32")
# float32 sums of 8 terms of order 1
CLOSE = {"rtol": 1e-5, "atol": 1e-5}


@pytest.mark.parametrize("trainable", [False, True])
def test_gaussian(trainable):
    layer = GaussianLikelihood(0.3, trainable_variance=trainable)
    distribution = layer.distribution(DECODED)
    expected = stats.norm(DECODED, np.sqrt(0.3)).logpdf(DATA).sum(axis=(1, 2))
    np.testing.assert_allclose(distribution.log_prob(DATA), expected, **CLOSE)
    np.testing.assert_array_equal(layer(DECODED), DECODED)
    assert len(layer.trainable_variables) == trainable


def test_the_trained_variance_is_the_mean_squared_error():
    """Where d/dv of log N is 0: v = mean (x - decoded)^2."""
    layer = GaussianLikelihood(trainable_variance=True)
    layer.log_variance.assign(np.log(np.mean((DATA - DECODED) ** 2)))
    with tf.GradientTape() as tape:
        loss = -tf.reduce_sum(layer.distribution(DECODED).log_prob(DATA))
    assert float(tape.gradient(loss, layer.log_variance.value)) == pytest.approx(0, abs=1e-5)


def test_a_decoder_may_give_the_variance():
    log_variance = RANDOM.normal(size=DATA.shape).astype("float32")
    found = GaussianLikelihood().distribution([DECODED, log_variance]).log_prob(DATA)
    expected = stats.norm(DECODED, np.exp(log_variance / 2)).logpdf(DATA).sum(axis=(1, 2))
    np.testing.assert_allclose(found, expected, **CLOSE)


@pytest.mark.parametrize(("likelihood", "count", "taken"), [("Gaussian", 3, "1 or 2"), ("Bernoulli", 2, "1")])
def test_other_numbers_of_tensors_are_refused(likelihood, count, taken):
    """Stacked by a cast, two tensors of logits would make the batch a part of each event."""
    layer = likelihoods.get(likelihood.lower())
    message = f"^the number of tensors that the decoder gives is {count}, but {likelihood}Likelihood takes {taken};"
    with pytest.raises(InputError, match=message):
        layer.distribution([DECODED] * count)
    one = layer.distribution([DECODED]).log_prob(DATA)
    np.testing.assert_array_equal(one, layer.distribution(DECODED).log_prob(DATA))


@pytest.mark.parametrize("arguments", [{"variance": 0.3}, {"trainable_variance": True}])
def test_a_variance_beside_that_of_the_decoder_is_refused(arguments):
    message = "^variance=.*, trainable_variance=.*: the decoder gives a mean and a log variance of its own; leave both"
    with pytest.raises(InputError, match=message):
        GaussianLikelihood(**arguments).distribution([DECODED, DECODED])


def test_bernoulli():
    black_or_white = np.where(DATA > 0, 1, -1).astype("float32")
    layer = BernoulliLikelihood()
    expected = stats.bernoulli(1 / (1 + np.exp(-DECODED))).logpmf((black_or_white + 1) // 2).sum(axis=(1, 2))
    np.testing.assert_allclose(layer.distribution(DECODED).log_prob(black_or_white), expected, **CLOSE)
    np.testing.assert_allclose(layer(DECODED), np.tanh(DECODED / 2), **CLOSE)


def test_bernoulli_between_black_and_white_is_the_cross_entropy():
    expected = -keras.losses.BinaryCrossentropy(from_logits=True, reduction=None)(
        (DATA.reshape(3, 8) + 1) / 2, DECODED.reshape(3, 8)
    )
    np.testing.assert_allclose(BernoulliLikelihood().distribution(DECODED).log_prob(DATA), 8 * expected, **CLOSE)


def test_bernoulli_draws_black_and_white():
    distribution = BernoulliLikelihood().distribution(DECODED)
    draws = distribution.sample(20_000, seed=[0, 0]).numpy()
    assert set(np.unique(draws)) == {-1, 1}
    # five standard deviations of a mean of 20,000 values of -1 or 1
    np.testing.assert_allclose(draws.mean(axis=0), distribution.mean(), atol=5 / np.sqrt(20_000))
    np.testing.assert_allclose(draws.var(axis=0), distribution.variance(), atol=10 / np.sqrt(20_000))
    np.testing.assert_array_equal(distribution.mode(), np.sign(DECODED))


@pytest.mark.parametrize("pixel", [-1.01, 3.0, 255.0, np.nan])
def test_bernoulli_refuses_data_outside_its_range(pixel):
    outside = DATA.copy()
    outside[0, 0, 0] = pixel
    layer = BernoulliLikelihood()
    message = r"^a Bernoulli likelihood needs data in \[-1, 1\], got values from \S+ to \S+$"
    with pytest.raises(InputError, match=message):
        layer.checked(outside)
    with pytest.raises(InputError, match=message), unwrapped_input_errors():
        tf.function(layer.checked)(outside)
    np.testing.assert_array_equal(tf.function(layer.checked)(DATA), DATA)


@pytest.mark.parametrize("layer", [GaussianLikelihood(0.3, trainable_variance=True), BernoulliLikelihood()])
def test_it_comes_back(layer):
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert type(again) is type(layer) and again.get_config() == layer.get_config()


@pytest.mark.parametrize("variance", [0, -1.0, float("nan"), float("inf")])
def test_the_variance_is_above_0(variance):
    with pytest.raises(InputError, match=f"variance={variance}"):
        GaussianLikelihood(variance)


def test_names():
    assert isinstance(likelihoods.get("gaussian"), GaussianLikelihood)
    assert isinstance(likelihoods.get("bernoulli"), BernoulliLikelihood)
    with pytest.raises(InputError, match="likelihood='laplace': choose one of gaussian, bernoulli"):
        likelihoods.get("laplace")

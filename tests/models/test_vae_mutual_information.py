"""Tests of `keras_gen/models/vae_mutual_information.py`.

What it shares with other encoders is in `test_information_encoder.py`.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.special import logsumexp

from helpers import small_encoders as small
from helpers.small_gans import data
from keras_gen.errors import InputError
from keras_gen.losses import mutual_information
from keras_gen.models import DecoderFreeVAE
from keras_gen.networks import infomax

IMAGES = data(8, small.IMAGE_SHAPE)


def test_terms_against_numpy():
    """InfoNCE of every image with its own code and those of all others, and the KL in closed form."""
    model = small.decoder_free_vae(seed=3, estimator="info_nce", num_shuffles=7, information_weight=1.5)
    _, mean, log_variance = (output.numpy().astype("float64") for output in model.encoder(IMAGES))
    codes = mean + np.exp(log_variance / 2) * model.normal(8, (small.LATENT_DIM,), "posterior").numpy()
    scores = model.discriminator((IMAGES, np.tile(codes, (8, 1, 1)))).numpy().astype("float64")
    information = np.mean(np.diag(scores) - logsumexp(scores, axis=1) + np.log(8))
    kl = (mean**2 + np.exp(log_variance) - log_variance - 1).sum(axis=1).mean() / 2

    loss, terms = model.objective(tf.constant(IMAGES))

    assert tuple(terms) == model.term_names()
    # float32 sums
    assert float(terms["information"]) == pytest.approx(information, rel=1e-4, abs=1e-5)
    assert float(terms["prior_kl"]) == pytest.approx(kl, rel=1e-5)
    assert float(loss) == float(terms["loss"]) == pytest.approx(kl - 1.5 * information, rel=1e-5)


def test_jensen_shannon_counts_twice():
    """It is at most half of the information; the post's expression is twice the estimate, but for a constant."""
    model = small.decoder_free_vae(seed=3)
    _, terms = model.objective(tf.constant(IMAGES))
    codes = model.draw(model.posterior(IMAGES))
    scores = model.pair_scores(model.discriminator, tf.constant(IMAGES), codes, "information")
    expected = 2 * mutual_information.jensen_shannon(*scores)
    assert float(terms["information"]) == pytest.approx(float(expected), rel=1e-5)


@pytest.mark.parametrize("estimator", mutual_information.names())
def test_every_estimator_moves_both_networks(estimator):
    model = small.compiled(small.decoder_free_vae(estimator=estimator, num_shuffles=3), keras.optimizers.SGD(1e-3))
    before = [weight.numpy() for weight in model.trainable_variables]
    # The second step too: at the first, T's last bias may stand where its gradient is zero.
    terms = [model.train_step(tf.constant(IMAGES)) for _ in range(2)][-1]
    assert np.isfinite([float(term) for term in terms.values()]).all()
    for weight, value in zip(model.trainable_variables, before, strict=True):
        if estimator in ("donsker_varadhan", "info_nce") and np.shape(value) == (1,):
            continue  # a constant in T changes nothing
        assert not np.array_equal(weight.numpy(), value), weight.path


def bright_pixel_model(**arguments):
    model = DecoderFreeVAE(
        infomax.encoder(small.IMAGE_SHAPE, 4, (8,), (16,), batch_norm=False),
        infomax.image_discriminator(small.IMAGE_SHAPE, 4, (8,), (32, 32)),
        **arguments,
    )
    return small.compiled(model, keras.optimizers.Adam(3e-3))


@pytest.mark.slow
@pytest.mark.traced
def test_the_weight_decides_whether_there_is_information():
    """Images of one bright pixel, 4.2 nats. Weight 1 leaves nothing to gain by them; a large weight keeps them."""
    images = 2 * np.eye(64, dtype="float32").reshape(64, *small.IMAGE_SHAPE) - 1
    found = {}
    for weight in (1.0, 10.0):
        model = bright_pixel_model(estimator="info_nce", num_shuffles=15, information_weight=weight)
        history = model.fit(tf.data.Dataset.from_tensors(images).repeat(), steps_per_epoch=50, epochs=8, verbose=0)
        found[weight] = history.history["information"][-1]
    assert found[1.0] < 0.3
    assert 1.5 < found[10.0] < np.log(16)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"estimator": "mine"}, "estimator='mine': choose one of jensen_shannon"),
        ({"num_shuffles": 0}, "num_shuffles=0: must be a whole number of at least 1"),
        ({"information_weight": 0.0}, "information_weight=0.0: must be a finite number above 0"),
        ({"information_weight": float("nan")}, "information_weight=nan"),
    ],
)
def test_bad_arguments(wrong, message):
    with pytest.raises(InputError, match=message):
        small.decoder_free_vae(**wrong)


def test_a_discriminator_of_other_codes():
    with pytest.raises(InputError, match=r"the discriminator takes rows of \(8, 8, 1\) and \(None, 4\); it is given"):
        DecoderFreeVAE(small.encoder(), infomax.image_discriminator(small.IMAGE_SHAPE, 4))
    discriminator = small.image_discriminator()
    scores = keras.layers.Reshape((-1, 1))(discriminator.output)
    with pytest.raises(InputError, match=r"gives rows of \(None, 1\); it must give a score for each of m codes"):
        DecoderFreeVAE(small.encoder(), keras.Model(discriminator.inputs, scores))


@pytest.mark.parametrize("jit_compile", [False, True])
def test_a_last_batch_with_too_few_to_pair(jit_compile):
    model = small.compiled(small.decoder_free_vae(num_shuffles=3))
    model.jit_compile = jit_compile
    before = model.get_weights()
    batches = tf.data.Dataset.from_tensor_slices(IMAGES[:3]).batch(4)
    with pytest.raises(InputError, match="^each image is paired with 3 others: give larger batches than one of 3$"):
        model.fit(batches, verbose=0)
    for weight, value in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, value)


def test_more_shuffles_than_images():
    model = small.compiled(small.decoder_free_vae(num_shuffles=8))
    with pytest.raises(InputError, match="num_shuffles=8 of a batch of 8"):
        model.train_step(tf.constant(IMAGES))

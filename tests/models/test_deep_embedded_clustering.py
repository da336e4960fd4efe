"""Tests of `keras_gen/models/deep_embedded_clustering.py`."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.special import rel_entr

from helpers.small_gans import data
from keras_gen.callbacks import InitialClusters
from keras_gen.errors import InputError
from keras_gen.metrics.clustering import purity
from keras_gen.models import DeepEmbeddedClustering
from keras_gen.networks import autoencoder, mlp

IMAGE_SHAPE = (4, 4, 1)
LATENT_DIM, NUM_CLUSTERS = 2, 3
IMAGES = data(16, IMAGE_SHAPE)
ROUNDING = 1e-5


def networks(seed=0):
    encoder = autoencoder.dense_encoder(IMAGE_SHAPE, LATENT_DIM, widths=(8,), seed=seed)
    return (
        keras.Model(encoder.input, encoder.outputs[0]),
        autoencoder.dense_decoder(IMAGE_SHAPE, LATENT_DIM, widths=(8,), seed=seed),
    )


def new_model(**arguments):
    model = DeepEmbeddedClustering(*networks(), **{"num_clusters": NUM_CLUSTERS, "warm_up_steps": 2} | arguments)
    model.compile(keras.optimizers.SGD(0.1))
    return model


def by_numpy(model, frequencies):
    """q (1), p (3) and KL(P || Q) (2)."""
    z, means = (np.asarray(part, float) for part in (model.encoder(IMAGES), model.means))
    kernel = 1 / (1 + ((z[:, None] - means) ** 2).sum(axis=2))
    q = kernel / kernel.sum(axis=1, keepdims=True)
    weights = q**2 / frequencies
    p = weights / weights.sum(axis=1, keepdims=True)
    return q, p, rel_entr(p, q).sum(axis=1).mean()


class TestLoss:
    def test_against_numpy(self):
        model, frequencies = new_model(), np.array([0.5, 0.3, 0.2])
        model.frequencies.assign(frequencies)
        q, _, divergence = by_numpy(model, frequencies)
        decoded = np.asarray(model.decoder(model.encoder(IMAGES)), float)
        reconstruction = ((IMAGES - decoded) ** 2).sum(axis=(1, 2, 3)).mean()
        np.testing.assert_allclose(model.memberships(IMAGES), q, atol=ROUNDING)
        np.testing.assert_array_equal(model.cluster(IMAGES), q.argmax(axis=1))
        for step, expected in ((0, reconstruction), (1, reconstruction), (2, divergence), (9, divergence)):
            model.step.assign(step)
            loss, terms = model.objective(tf.constant(IMAGES), training=False)
            assert float(loss) == pytest.approx(expected, rel=ROUNDING)
            assert float(terms["reconstruction"]) == pytest.approx(reconstruction, rel=ROUNDING)
            assert float(terms["divergence"]) == pytest.approx(divergence, rel=1e-4)

    def test_the_gradient_is_the_papers(self):
        """Equation 5: dL/dmu_j = -(alpha + 1)/alpha sum_i (p_ij - q_ij)(z_i - mu_j)/(1 + |z_i - mu_j|^2), over n."""
        model = new_model(warm_up_steps=0)
        with tf.GradientTape() as tape:
            loss, _ = model.objective(tf.constant(IMAGES), training=False)
        found = tape.gradient(loss, model.means.value)
        q, p, _ = by_numpy(model, np.full(NUM_CLUSTERS, 1 / NUM_CLUSTERS))
        z, means = (np.asarray(part, float) for part in (model.encoder(IMAGES), model.means))
        differences = z[:, None] - means
        pull = (p - q) / (1 + (differences**2).sum(axis=2))
        np.testing.assert_allclose(found, -2 * np.einsum("nj,njd->jd", pull, differences) / len(z), atol=ROUNDING)

    def test_training_keeps_the_frequencies(self):
        model = new_model(momentum=0.75, warm_up_steps=1)
        model.frequencies.assign([0.5, 0.3, 0.2])
        model.train_step(tf.constant(IMAGES))
        np.testing.assert_array_equal(model.frequencies, np.float32([0.5, 0.3, 0.2]))  # there were no clusters yet
        q, _, _ = by_numpy(model, 1.0)
        model.train_step(tf.constant(IMAGES))
        expected = 0.75 * np.array([0.5, 0.3, 0.2]) + 0.25 * q.mean(axis=0)
        np.testing.assert_allclose(model.frequencies, expected, atol=ROUNDING)
        model.test_step(tf.constant(IMAGES))
        np.testing.assert_allclose(model.frequencies, expected, atol=ROUNDING)

    def test_after_the_warm_up_the_decoder_rests(self):
        model = new_model(warm_up_steps=1)
        model.train_step(tf.constant(IMAGES))
        before = model.decoder.get_weights()
        codes = model.encode(IMAGES).numpy()
        model.train_step(tf.constant(IMAGES))
        for one, other in zip(model.decoder.get_weights(), before, strict=True):
            np.testing.assert_array_equal(one, other)
        assert np.abs(model.encode(IMAGES) - codes).max() > 1e-5


@pytest.mark.traced
def test_the_optimiser_begins_anew_with_the_clusters():
    """From there a model trains on as one with its weights and an Adam of its own does."""
    trained, fresh = (new_model(warm_up_steps=2) for _ in range(2))
    batches = tf.data.Dataset.from_tensors(IMAGES).repeat()
    for model in (trained, fresh):
        model.compile(keras.optimizers.Adam(0.01))
    trained.fit(batches, steps_per_epoch=2, verbose=0)
    fresh.set_weights(trained.get_weights())
    decoder = trained.decoder.get_weights()
    for model in (trained, fresh):
        model.fit(batches, steps_per_epoch=3, verbose=0, callbacks=[InitialClusters(IMAGES)])
    for one, other in zip(trained.get_weights(), fresh.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=ROUNDING)
    # What the moments of the warm-up would go on moving.
    for one, other in zip(trained.decoder.get_weights(), decoder, strict=True):
        np.testing.assert_array_equal(one, other)
    assert int(trained.optimizer.iterations) == 3 and float(trained.optimizer.learning_rate) == np.float32(0.01)


@pytest.mark.slow
@pytest.mark.traced
def test_it_finds_three_kinds():
    """Three Gaussians in the plane, inside ten dimensions of noise: every row is in its own cluster but for a few."""
    random = np.random.RandomState(0)
    kinds = np.repeat([0, 1, 2], 200)
    rows = (random.normal(size=(3, 10))[kinds] * 2 + random.normal(size=(600, 10)) * 0.7).astype("float32")
    encoder, decoder = mlp(10, 2, (32,), "tanh", name="encoder"), mlp(2, 10, (32,), "tanh", name="decoder")
    model = DeepEmbeddedClustering(encoder, decoder, num_clusters=3, warm_up_steps=300)
    model.compile(keras.optimizers.Adam(1e-2))
    batches = tf.data.Dataset.from_tensor_slices(rows).shuffle(600, seed=0).repeat().batch(100)
    model.fit(batches, steps_per_epoch=600, verbose=0, callbacks=[InitialClusters(rows)])
    assert purity(kinds, model.cluster(rows).numpy()) > 0.97
    assert float(tf.reduce_mean(tf.reduce_max(model.memberships(rows), axis=1))) > 0.9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_clusters": 1}, "num_clusters=1: must be a whole number of at least 2"),
        ({"warm_up_steps": -1}, "warm_up_steps=-1: must be a whole number of at least 0"),
        ({"momentum": 1.0}, "momentum=1.0: must be a number of at least 0 and below 1"),
        ({"momentum": "0.9"}, "momentum='0.9': must be a number of at least 0 and below 1"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(InputError, match=f"^{message}$"):
        new_model(**arguments)


def test_networks_that_do_not_fit():
    encoder, decoder = networks()
    gaussian = autoencoder.dense_encoder(IMAGE_SHAPE, LATENT_DIM, widths=(8,))
    with pytest.raises(InputError, match=r"^the encoder gives \[\(2,\), \(2,\)\]; it must give one code"):
        DeepEmbeddedClustering(gaussian, decoder, 3, 0)
    other = autoencoder.dense_decoder(IMAGE_SHAPE, 5, widths=(8,))
    with pytest.raises(InputError, match=r"^the decoder takes \(5,\) and gives \(4, 4, 1\); it must take .* \(2,\)"):
        DeepEmbeddedClustering(encoder, other, 3, 0)

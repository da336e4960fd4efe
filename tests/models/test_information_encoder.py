"""What models of `keras_gen/models/information_encoder.py` share: use, saving, reproducible runs."""

import keras
import numpy as np
import pytest
import scipy.spatial
import tensorflow as tf

from helpers import small_encoders as small
from helpers.small_gans import batches, data
from keras_gen.errors import InputError
from keras_gen.models import DecoderFreeVAE, DeepInfoMax

IMAGES = data(6, small.IMAGE_SHAPE)
ROUNDING = 1e-6
MODELS = {
    "deep_infomax": lambda **arguments: small.deep_infomax(global_pairs="code_code", kl_reduction="mean", **arguments),
    "decoder_free_vae": lambda **arguments: small.decoder_free_vae(
        estimator="info_nce", num_shuffles=2, information_weight=3.0, **arguments
    ),
}


def fitted(model, first=0, last=10):
    return model.fit(batches(first, last, shape=small.IMAGE_SHAPE), verbose=0).history


@pytest.fixture(scope="module", params=MODELS.values(), ids=MODELS)
def trained(request):
    model = small.compiled(request.param(batch_norm=True, seed=5), keras.optimizers.Adam(1e-2))
    fitted(model)
    return model


class TestUse:
    def test_encode_gives_the_mean(self, trained):
        codes = trained.encode(IMAGES)
        assert codes.shape == (6, small.LATENT_DIM)
        np.testing.assert_array_equal(codes, trained.encoder(IMAGES)[1])
        np.testing.assert_array_equal(trained(IMAGES), codes)

    def test_the_posterior_is_that_of_the_encoder(self, trained):
        _, mean, log_variance = trained.encoder(IMAGES)
        posterior = trained.posterior(IMAGES)
        np.testing.assert_allclose(posterior.mean(), mean)
        np.testing.assert_allclose(posterior.variance(), np.exp(log_variance), rtol=1e-5)
        assert trained.prior.event_shape == posterior.event_shape == (small.LATENT_DIM,)

    def test_the_code_in_training_has_the_posterior(self, trained):
        posterior = trained.posterior(IMAGES[:1])
        draws = trained.draw(trained.posterior(np.repeat(IMAGES[:1], 400, axis=0))).numpy()
        # five standard errors of a mean and of a standard deviation
        deviation = posterior.stddev().numpy()[0]
        np.testing.assert_array_less(np.abs(np.mean(draws, axis=0) - posterior.mean()[0]), 5 * deviation / 20)
        np.testing.assert_allclose(np.std(draws, axis=0), deviation, rtol=5 / np.sqrt(800))

    def test_neighbors(self, trained):
        codes = trained.encode(data(40, small.IMAGE_SHAPE))
        for distance in ("euclidean", "cosine"):
            indices, distances = trained.neighbors(codes[:5], codes, 4, distance)
            expected = scipy.spatial.distance.cdist(codes[:5], codes, distance)
            np.testing.assert_array_equal(indices[:, 0], range(5))
            np.testing.assert_allclose(distances, np.sort(expected, axis=1)[:, :4], atol=1e-3)

    def test_endpoints(self, trained, tmp_path):
        trained.export(tmp_path / "saved_model")
        loaded = tf.saved_model.load(tmp_path / "saved_model")
        assert {"encode", "neighbors", "cosine_neighbors"} <= set(loaded.signatures)
        codes = loaded.encode(tf.constant(IMAGES))
        np.testing.assert_allclose(codes, trained.encode(IMAGES), atol=ROUNDING)
        for endpoint, distance in ((loaded.neighbors, "euclidean"), (loaded.cosine_neighbors, "cosine")):
            expected = trained.neighbors(codes[:2], codes, 3, distance)
            np.testing.assert_array_equal(endpoint(codes[:2], codes, 3)[0], expected[0])
        found = loaded.signatures["encode"](images=tf.constant(IMAGES)).popitem()[1]
        np.testing.assert_allclose(found, codes, atol=ROUNDING)

    def test_a_model_without_a_discriminator_comes_back(self, tmp_path):
        model = small.compiled(DeepInfoMax(small.encoder(), None, small.local_discriminator(), alpha=0.0))
        model.save(tmp_path / "model.keras")
        assert keras.models.load_model(tmp_path / "model.keras").global_discriminator is None


@pytest.mark.slow
@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_bfloat16(make, mixed_bfloat16):
    model = small.compiled(make())
    assert np.isfinite(list(fitted(model, 0, 2).values())).all()
    assert model.encode(IMAGES).dtype == tf.float32


@pytest.mark.parametrize("kind", ["deep_infomax", "decoder_free_vae"])
def test_discriminators_of_ones_own_may_give_bfloat16(kind, mixed_bfloat16):
    """Those of this package end in float32."""

    def in_bfloat16(network):
        return keras.Model(network.inputs, keras.layers.Activation("linear")(network.outputs[0]))

    discriminator = in_bfloat16(small.image_discriminator())
    if kind == "deep_infomax":
        local, prior = in_bfloat16(small.local_discriminator()), in_bfloat16(small.prior_discriminator())
        model = DeepInfoMax(small.encoder(), discriminator, local, prior_discriminator=prior)
    else:
        model = DecoderFreeVAE(small.encoder(), discriminator)
    images = tf.constant(IMAGES)
    codes = model.encode(images)
    assert discriminator((images, codes[:, tf.newaxis])).dtype == tf.bfloat16
    scores = model.pair_scores(discriminator, images, codes, "global")
    assert [of_pairs.dtype for of_pairs in scores] == [tf.float32, tf.float32]
    terms = small.compiled(model).train_step(images)
    assert np.isfinite([float(term) for term in terms.values()]).all()


class TestBadInput:
    def test_an_encoder_without_a_gaussian(self):
        network = small.encoder()
        with pytest.raises(InputError, match="its last two outputs must be mean and log variance of the code"):
            DeepInfoMax(keras.Model(network.input, network.outputs[:2]), None, small.local_discriminator())

    def test_images(self, trained):
        with pytest.raises(InputError, match=r"^images: shape \(2, 4, 4, 1\); give \[n, 8, 8, 1\]"):
            trained.encode(data(2, (4, 4, 1)))
        with pytest.raises(InputError, match="^images: dtype uint8"):
            trained.encode(np.zeros((2, *small.IMAGE_SHAPE), np.uint8))

    def test_codes_of_another_size(self, trained):
        codes = trained.encode(IMAGES)
        with pytest.raises(InputError, match=r"^queries: shape \(6, 2\); give \[n, 3\]"):
            trained.neighbors(codes[:, :2], codes, 2)
        with pytest.raises(InputError, match="num_neighbors=7: must be from 1 to the number of codes, 6"):
            trained.neighbors(codes, codes, 7)

    def test_a_batch_of_one(self, trained):
        with pytest.raises(InputError, match="of a batch of 1: give at least 1, and fewer than there are rows"):
            trained.train_step(tf.constant(IMAGES[:1]))

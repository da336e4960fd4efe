"""Tests of `keras_gen/networks/autoencoder.py`."""

import numpy as np
import pytest

from keras_gen.errors import InputError
from keras_gen.networks import autoencoder

PAIRS = {
    "convolutional": (autoencoder.encoder, autoencoder.decoder),
    "dense": (autoencoder.dense_encoder, autoencoder.dense_decoder),
}
SEEDED = PAIRS | {"deep": (autoencoder.deep_encoder, autoencoder.deep_decoder)}


@pytest.mark.parametrize("kind", PAIRS)
@pytest.mark.parametrize("image_shape", [(28, 28, 1), (8, 12, 3)])
def test_shapes_and_ranges(kind, image_shape):
    new_encoder, new_decoder = PAIRS[kind]
    images = np.random.RandomState(0).uniform(-1, 1, (2, *image_shape)).astype("float32")
    mean, log_variance = new_encoder(image_shape, 5, widths=(4, 6))(images)
    assert mean.shape == log_variance.shape == (2, 5)
    assert not np.allclose(mean, log_variance)
    decoded = new_decoder(image_shape, 5, widths=(4, 6))(100 * mean)
    assert decoded.shape == images.shape and np.abs(decoded).max() <= 1
    logits = new_decoder(image_shape, 5, widths=(4, 6), output="logits")(100 * mean)
    np.testing.assert_allclose(decoded, np.tanh(logits / 2), atol=1e-6)


def test_the_authors_sizes():
    """Counted by hand: 3x3 kernels 1-32-32-64-64 and 7·7·64 = 3136 features; the decoder mirrors them."""
    convolutions = (9 * 1 + 1) * 32 + (9 * 32 + 1) * 32 + (9 * 32 + 1) * 64 + (9 * 64 + 1) * 64
    assert autoencoder.encoder((28, 28, 1), 20).count_params() == convolutions + 2 * (3136 + 1) * 20
    transposed = 2 * (9 * 64 + 1) * 64 + (9 * 64 + 1) * 32 + (9 * 32 + 1) * 32 + (9 * 32 + 1) * 1
    assert autoencoder.decoder((28, 28, 1), 20).count_params() == transposed + (20 + 1) * 3136


def test_the_authors_sizes_of_faces():
    """Counted by hand: 5x5 kernels 3-32-64-128-256-512 and their batch norms; the decoder mirrors them."""
    kernels = 25 * (3 * 32 + 32 * 64 + 64 * 128 + 128 * 256 + 256 * 512)
    channels = 32 + 64 + 128 + 256 + 512
    encoder, decoder = autoencoder.deep_encoder((64, 64, 3)), autoencoder.deep_decoder((64, 64, 3))
    assert encoder.count_params() == kernels + (1 + 4) * channels + 2 * (512 + 1) * 512
    hidden = channels - 512
    assert decoder.count_params() == (512 + 1) * 2 * 2 * 512 + kernels + (1 + 4) * hidden + 3


def test_deep_networks():
    images = np.random.RandomState(0).uniform(-1, 1, (2, 8, 12, 3)).astype("float32")
    encoder, decoder = (
        make((8, 12, 3), 5, widths=(4, 6)) for make in (autoencoder.deep_encoder, autoencoder.deep_decoder)
    )
    mean, log_variance = encoder(images)
    assert mean.shape == log_variance.shape == (2, 5)
    assert not np.allclose(mean, log_variance)
    decoded = decoder(100 * mean)
    assert decoded.shape == images.shape and np.abs(decoded).max() <= 1
    moments = decoder(mean, training=True) - decoder(mean)
    assert np.abs(moments).max() > 1e-3  # batch norm is there


@pytest.mark.parametrize("kind", SEEDED)
def test_the_seed_decides_the_initial_weights(kind):
    for new in SEEDED[kind]:
        one, same, other = (new((8, 8, 1), 3, widths=(4,), seed=seed).get_weights() for seed in (1, 1, 2))
        for i in range(len(one)):
            np.testing.assert_array_equal(one[i], same[i])
        assert not np.array_equal(one[0], other[0])


@pytest.mark.parametrize("name", ["encoder", "decoder", "deep_encoder", "deep_decoder"])
def test_shapes_that_are_no_images_and_no_stages(name):
    network = getattr(autoencoder, name)
    with pytest.raises(InputError, match="^widths=.*: the network needs at least one stage$"):
        network((8, 8, 1), 2, widths=())
    with pytest.raises(InputError, match=r"^image_shape=\(8, 8\): give \(height, width, channels\)"):
        network((8, 8), 2, widths=(4,))


def test_bad_arguments():
    with pytest.raises(InputError, match=r"^image_shape=\(28, 28, 1\): 3 stages .* multiples of 8"):
        autoencoder.encoder((28, 28, 1), 5, widths=(4, 8, 16))
    with pytest.raises(InputError, match=r"^image_shape=\(10, 8, 1\): 2 stages"):
        autoencoder.decoder((10, 8, 1), 5)
    with pytest.raises(InputError, match="output='pixels': choose one of images, logits"):
        autoencoder.dense_decoder((8, 8, 1), 5, output="pixels")

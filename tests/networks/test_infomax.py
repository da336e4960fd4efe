import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.networks import infomax

IMAGES = np.random.RandomState(0).uniform(-1, 1, (3, 12, 12, 2)).astype("float32")
MAPS = np.random.RandomState(1).normal(size=(3, 2, 4, 5)).astype("float32")
CODES = np.random.RandomState(2).normal(size=(3, 6, 7)).astype("float32")


def test_the_prior_discriminator_against_numpy():
    network = infomax.prior_discriminator(7, widths=(8, 6))
    hidden = CODES[:, 0]
    *layers, last = [layer.get_weights() for layer in network.layers[1:]]
    for kernel, bias in layers:
        hidden = np.maximum(hidden @ kernel + bias, 0)
    np.testing.assert_allclose(network(CODES[:, 0]), hidden @ last[0] + last[1], rtol=1e-4, atol=1e-5)
    assert infomax.prior_discriminator().count_params() == 3 * (256 * 256 + 256) + 257


class TestEncoder:
    def test_the_authors_for_cifar(self):
        encoder = infomax.encoder((32, 32, 3))
        assert [tuple(shape) for shape in encoder.output_shape] == [(None, 4, 4, 256), (None, 256), (None, 256)]
        convolutions = 9 * (3 * 64 + 64 * 128 + 128 * 256 + 256 * 256 + 256 * 256)
        norms = 4 * (64 + 128 + 256 + 256 + 256)
        assert encoder.count_params() == convolutions + norms + 2 * (256 * 256 + 256)

    @pytest.mark.parametrize("size", [28, 12, 9])
    def test_odd_sizes_are_halved_downwards(self, size):
        encoder = infomax.encoder((size, size, 1), 4, map_widths=(2, 3, 3), code_widths=(5,))
        feature_map, mean, log_variance = encoder(np.zeros((2, size, size, 1), "float32"))
        assert feature_map.shape == (2, size // 8, size // 8, 3)
        assert mean.shape == log_variance.shape == (2, 4)

    def test_the_code_is_made_of_the_feature_map_alone(self):
        """The gradient of the code passes through the map, and the map sees the code's layers nowhere."""
        encoder = infomax.encoder((12, 12, 2), 4, (3,), (5,), batch_norm=False)
        assert [layer.name for layer in encoder.layers if isinstance(layer, keras.layers.BatchNormalization)] == []
        before = encoder(IMAGES)
        last = [layer for layer in encoder.layers if isinstance(layer, keras.layers.Conv2D)][-1]
        last.kernel.assign(last.kernel * 2)
        after = encoder(IMAGES)
        np.testing.assert_array_equal(after[0], before[0])
        assert np.abs(after[1] - before[1]).max() > 1e-3

    def test_bfloat16_gives_float32(self, mixed_bfloat16):
        outputs = infomax.encoder((12, 12, 2), 4, (3,), (5,))(IMAGES)
        assert [output.dtype for output in outputs] == [tf.float32] * 3

    @pytest.mark.parametrize("widths", [(), (2, 2, 2, 2)])
    def test_sizes_that_cannot_be_halved(self, widths):
        with pytest.raises(InputError, match="map_widths=.*: give at least one, and no more than can halve an image"):
            infomax.encoder((12, 12, 1), map_widths=widths)


def numpy_scores(network, things, codes):
    """Dense layers in NumPy on every thing [..., n] beside every code [m, dim], laid side by side."""
    dense = [layer.get_weights() for layer in network.layers if isinstance(layer, keras.layers.Dense)]
    of_x, of_z = sorted(dense[:2], key=len, reverse=True)
    kernel, bias = np.concatenate([of_x[0], of_z[0]]), of_x[1]
    scores = np.empty((*things.shape[:-1], codes.shape[1]))
    for place in np.ndindex(things.shape[:-1]):
        for j, code in enumerate(codes[place[0]]):
            hidden = np.maximum(np.concatenate([things[place], code]) @ kernel + bias, 0)
            for weights, bias_ in dense[2:-1]:
                hidden = np.maximum(hidden @ weights + bias_, 0)
            scores[(*place, j)] = (hidden @ dense[-1][0] + dense[-1][1])[0]
    return scores


def with_random_biases(network):
    for weight in network.weights:
        if weight.path.endswith("bias"):
            weight.assign(np.random.RandomState(3).normal(size=weight.shape))
    return network


class TestDiscriminators:
    def test_local_scores_are_those_of_dense_layers_on_both_side_by_side(self):
        network = with_random_biases(infomax.local_discriminator((2, 4, 5), 7, widths=(8, 6)))
        scores = network((MAPS, CODES))
        assert scores.shape == (3, 2, 4, 6)
        np.testing.assert_allclose(scores, numpy_scores(network, MAPS, CODES), rtol=1e-4, atol=1e-5)

    def test_scores_of_two_codes(self):
        network = with_random_biases(infomax.code_discriminator(7, widths=(8, 6)))
        scores = network((CODES[:, 0], CODES))
        assert scores.shape == (3, 6)
        np.testing.assert_allclose(scores, numpy_scores(network, CODES[:, 0], CODES), rtol=1e-4, atol=1e-5)

    def test_scores_of_an_image_and_codes(self):
        network = infomax.image_discriminator((12, 12, 2), 7, map_widths=(3, 4), widths=(8,))
        scores = network((IMAGES, CODES)).numpy()
        assert scores.shape == (3, 6)
        # each row depends on its own image and its own code
        other = network((IMAGES[[1, 1, 2]], np.concatenate([CODES[:, :5], CODES[:, :1]], axis=1))).numpy()
        np.testing.assert_allclose(other[1:, :5], scores[1:, :5], rtol=1e-5)
        assert np.abs(other[0] - scores[0]).min() > 1e-4
        np.testing.assert_allclose(other[:, 5], other[:, 0], rtol=1e-5)

    def test_bfloat16_gives_float32(self, mixed_bfloat16):
        assert infomax.local_discriminator((2, 4, 5), 7, (8,))((MAPS, CODES)).dtype == tf.float32

    def test_no_layers(self):
        with pytest.raises(InputError, match="local_discriminator needs at least one hidden layer"):
            infomax.local_discriminator((2, 4, 5), 7, widths=())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: infomax.image_discriminator((12, 12, 2), 7, map_widths=(0,)), r"map_widths\[0\]=0: must be a whole"),
        (lambda: infomax.image_discriminator((12, 12), 7), r"image_shape=\(12, 12\): give \(height, width, channels\)"),
        (lambda: infomax.local_discriminator((2, 4), 7), r"map_shape=\(2, 4\): give \(height, width, channels\)"),
        (lambda: infomax.code_discriminator(0), "latent_dim=0: must be a whole number of at least 1"),
        (lambda: infomax.prior_discriminator(7, widths=(8, 0)), r"widths\[1\]=0: must be a whole number"),
        (lambda: infomax.encoder((12, 12)), r"image_shape=\(12, 12\): give \(height, width, channels\)"),
    ],
)
def test_bad_sizes(make, message):
    with pytest.raises(InputError, match=f"^{message}"):
        make()


def test_seeds_make_the_weights():
    make = [
        lambda seed: infomax.encoder((12, 12, 2), 4, (3,), (5,), seed=seed),
        lambda seed: infomax.code_discriminator(7, (8,), seed=seed),
        lambda seed: infomax.image_discriminator((12, 12, 2), 7, (3,), (8,), seed=seed),
        lambda seed: infomax.local_discriminator((2, 4, 5), 7, (8,), seed=seed),
    ]
    for network in make:
        for one, same in zip(network(1).get_weights(), network(1).get_weights(), strict=True):
            np.testing.assert_array_equal(one, same)
        assert any(
            np.abs(one - other).max() > 0
            for one, other in zip(network(1).get_weights(), network(2).get_weights(), strict=True)
        )

import re

import keras
import numpy as np
import pytest
from keras import layers

from keras_gen.errors import InputError
from keras_gen.layers import ConditionalBatchNormalization, SpectralNormalization
from keras_gen.networks import dcgan


def of_type(network, kind):
    return [layer for layer in network.layers if isinstance(layer, kind)]


def kernel_shapes(network):
    return [layer.kernel.shape for layer in network.layers if hasattr(layer, "kernel")]


# Channels from half the image's size down to the smallest map, by hand: width 4, doubled, at most 16.
CHANNELS = {8: [4], 16: [4, 8], 28: [4, 8], 32: [4, 8, 16], 64: [4, 8, 16, 16]}


@pytest.mark.parametrize("size", CHANNELS)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("batch_norm", [False, True])
def test_shapes(size, channels, batch_norm):
    image_shape = (size, size, channels)
    generator = dcgan.generator(image_shape, latent_dim=5, width=4, max_width=16, batch_norm=batch_norm)
    discriminator = dcgan.discriminator(image_shape, width=4, max_width=16, batch_norm=batch_norm, pooling="average")

    images = generator(10 * np.random.RandomState(0).randn(2, 5).astype("float32"))
    scores = discriminator(images)

    assert images.shape == (2, *image_shape)
    assert images.dtype == scores.dtype == "float32"
    assert np.abs(images).max() <= 1
    assert scores.shape == (2, 1)

    base, widths = 7 if size == 28 else 4, CHANNELS[size]
    assert kernel_shapes(generator) == [
        (5, base * base * widths[-1]),
        # a transposed convolution's kernel is [5, 5, out, in]
        *[(5, 5, out, taken) for out, taken in zip([*widths[-2::-1], channels], widths[::-1], strict=True)],
    ]
    assert kernel_shapes(discriminator) == [
        *[(5, 5, taken, out) for taken, out in zip([channels, *widths[:-1]], widths, strict=True)],
        (widths[-1], 1),
    ]


def initializers(network):
    return [layer.kernel_initializer for layer in network.layers if hasattr(layer, "kernel")]


def test_the_authors_networks_of_128_pixels():
    generator = dcgan.generator((128, 128, 3), width=4, **dcgan.AUTHORS_128.generator)
    discriminator = dcgan.discriminator((128, 128, 3), width=4, batch_norm=True, **dcgan.AUTHORS_128.discriminator)

    # The units of the dense layer are normalised one by one.
    gammas = [norm.gamma.shape for norm in of_type(generator, layers.BatchNormalization)]
    assert gammas == [(4 * 4 * 64,), (32,), (16,), (8,), (4,)]
    # No bias where batch norm follows, which would take it away again: only the image has one.
    assert [layer.use_bias for layer in generator.layers if hasattr(layer, "kernel")] == [False] * 5 + [True]
    assert {initializer.stddev for initializer in initializers(generator)} == {0.02}

    assert [norm.gamma.shape for norm in of_type(discriminator, layers.BatchNormalization)] == [
        (8,),
        (16,),
        (32,),
        (64,),
    ]
    assert [layer.use_bias for layer in of_type(discriminator, layers.Conv2D)] == [False] * 5
    assert of_type(discriminator, layers.GlobalAveragePooling2D)
    assert {layer.negative_slope for layer in of_type(discriminator, layers.LeakyReLU)} == {0.2}
    *convolutions, last = initializers(discriminator)
    assert {initializer.stddev for initializer in convolutions} == {0.02}
    assert isinstance(last, keras.initializers.GlorotUniform)
    for convolution in (*of_type(discriminator, layers.Conv2D), *of_type(generator, layers.Conv2DTranspose)):
        assert convolution.strides == (2, 2)


def test_the_authors_networks_of_64_pixels():
    generator = dcgan.generator((64, 64, 3), width=4, **dcgan.AUTHORS_64.generator)
    discriminator = dcgan.discriminator((64, 64, 3), width=4, batch_norm=True, **dcgan.AUTHORS_64.discriminator)

    assert [layer.use_bias for layer in of_type(discriminator, layers.Conv2D)] == [True, False, False, False]
    assert {layer.negative_slope for layer in of_type(discriminator, layers.LeakyReLU)} == {0.3}
    for network in (generator, discriminator):
        assert all(isinstance(one, keras.initializers.GlorotUniform) for one in initializers(network))
        # Glorot's uniform numbers reach to the root of 6 / (fan in + fan out), 25 x 8 and 25 x 16 here.
        kernel = next(w for w in network.get_weights() if w.shape == (5, 5, 8, 16))
        bound = np.sqrt(6 / (25 * 8 + 25 * 16))
        assert 0.99 * bound < np.abs(kernel).max() <= bound


def test_batch_norm_has_biases_only_where_told():
    def biases(**kwargs):
        return [layer.use_bias for layer in of_type(dcgan.discriminator((16, 16, 1), **kwargs), layers.Conv2D)]

    assert biases(batch_norm=False) == [True, True]
    assert biases(batch_norm=True) == [False, False]
    assert biases(batch_norm=False, first_bias=False) == [False, True]
    assert biases(batch_norm=True, first_bias=True) == [True, False]


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"initializer": "he"}, "^initializer='he': choose one of normal, glorot"),
        ({"scores_initializer": "he"}, "^scores_initializer='he': choose one of normal, glorot"),
        ({"negative_slope": 1.5}, "negative_slope=1.5: must be from 0 to 1"),
    ],
)
def test_impossible_initializers_and_slopes(wrong, message):
    with pytest.raises(InputError, match=message):
        dcgan.discriminator((8, 8, 1), width=4, **wrong)


@pytest.mark.parametrize("network", [dcgan.generator, dcgan.discriminator])
class TestBoth:
    @pytest.mark.parametrize("shape", [(12, 12, 1), (30, 30, 1), (28, 32, 1), (32, 28, 1), (4, 4, 1), (7, 7, 1)])
    def test_impossible_size(self, network, shape):
        with pytest.raises(InputError, match=rf"^image_shape={re.escape(str(shape))}: .* 28 or 8·2\^n pixels"):
            network(shape)
        with pytest.raises(InputError, match=r"^image_shape=\(8, 8\): give \(height, width, channels\)"):
            network((8, 8))

    def test_impossible_width(self, network):
        with pytest.raises(InputError, match="width=0"):
            network((8, 8, 1), width=0)

    def test_the_seed_decides_the_weights(self, network):
        def kernels(seed):
            model = network((16, 16, 1), width=4, seed=seed)
            return np.concatenate([w.numpy().ravel() for w in model.trainable_variables if w.path.endswith("kernel")])

        np.testing.assert_array_equal(kernels(1), kernels(1))
        # float32 numbers drawn from N(0, 0.02^2) repeat now and then; whole layers would halve the count
        both = np.concatenate([kernels(1), kernels(2)])
        assert len(np.unique(both)) > 0.99 * len(both)

    def test_initial_weights(self, network):
        weights = network((16, 16, 1), width=32).get_weights()
        kernel = next(weight for weight in weights if weight.shape == (5, 5, 32, 64))
        # The standard deviation of n = 51,200 draws has itself one of about 1/sqrt(2n) = 0.31 percent: five of them.
        assert kernel.std() == pytest.approx(0.02, rel=0.016)
        assert abs(kernel.mean()) < 5 * 0.02 / np.sqrt(kernel.size)

    def test_batch_norm_is_optional_and_may_be_synchronized(self, network):
        def norms(**kwargs):
            return of_type(network((32, 32, 1), width=4, **kwargs), layers.BatchNormalization)

        assert norms(batch_norm=False) == []
        assert norms(batch_norm=True)
        assert {norm.synchronized for norm in norms(batch_norm=True)} == {False}
        assert {norm.synchronized for norm in norms(batch_norm=True, synchronized=True)} == {True}

    def test_kernel_size(self, network):
        kernels = kernel_shapes(network((16, 16, 1), width=4, kernel_size=3))
        assert {shape[:2] for shape in kernels if len(shape) == 4} == {(3, 3)}

    def test_it_survives_serialisation(self, network):
        model = network((8, 8, 1), width=4)
        copy = keras.Model.from_config(model.get_config())
        assert kernel_shapes(copy) == kernel_shapes(model)


def test_no_two_layers_of_one_seed_start_alike():
    networks = [network((32, 32, 4), width=4, max_width=4) for network in (dcgan.generator, dcgan.discriminator)]
    kernels = [w for network in networks for w in network.get_weights() if w.ndim == 4 or w.ndim == 2]
    # The draws of one seed begin alike, whatever their shape.
    beginnings = [kernel.ravel()[:4] for kernel in kernels]
    assert len(beginnings) == 4 + 4
    assert len(np.unique(beginnings)) == 8 * 4


def test_batch_norm_of_the_generator_needs_training():
    generator = dcgan.generator((8, 8, 1), latent_dim=2, width=4)
    latents = np.random.RandomState(0).randn(16, 2).astype("float32")
    before = generator(latents, training=False).numpy()
    np.testing.assert_array_equal(before, generator(latents, training=False))
    assert np.abs(generator(latents, training=True) - before).max() > 1e-3


def test_pooling():
    image = np.random.RandomState(0).uniform(-1, 1, (1, 16, 16, 1)).astype("float32")
    average = dcgan.discriminator((16, 16, 1), width=4, pooling="average")
    flatten = dcgan.discriminator((16, 16, 1), width=4, pooling="flatten")
    assert kernel_shapes(average)[-1] == (8, 1)
    assert kernel_shapes(flatten)[-1] == (4 * 4 * 8, 1)
    # A flattened map whose last weights are those of the average, divided by its 16 places, gives the same score.
    weights = average.get_weights()
    flatten.set_weights([*weights[:-1], np.tile(weights[-1], (16, 1)) / 16])
    np.testing.assert_allclose(flatten(image), average(image), rtol=1e-5)


@pytest.mark.parametrize("size, last", [(32, layers.Flatten), (64, layers.GlobalAveragePooling2D)])
def test_the_usual_pooling(size, last):
    network = dcgan.discriminator((size, size, 1), width=2)
    assert isinstance(network.layers[-2], last)


def test_unknown_pooling():
    with pytest.raises(InputError, match="pooling='max': choose one of average, flatten"):
        dcgan.discriminator((8, 8, 1), pooling="max")


def test_mixed_precision(mixed_bfloat16):
    generator = dcgan.generator((8, 8, 1), latent_dim=2, width=4)
    discriminator = dcgan.discriminator((8, 8, 1), width=4)
    for network, last in ((generator, "images"), (discriminator, "scores")):
        assert {layer.compute_dtype for layer in network.layers if layer.name != last} == {"bfloat16"}
        assert network.get_layer(last).compute_dtype == "float32"
        assert network.output.dtype == "float32"
        assert {weight.dtype for weight in network.weights} == {"float32"}


class TestClasses:
    """Conditional batch norm and projection (Miyato and Koyama 2018)."""

    CLASSES = np.eye(3, dtype="float32")[[0, 2, 1, 2]]
    IMAGES = np.random.RandomState(0).uniform(-1, 1, (4, 16, 16, 1)).astype("float32")

    @pytest.mark.parametrize("pooling", ["average", "flatten"])
    def test_the_projection_against_numpy(self, pooling):
        network = dcgan.discriminator((16, 16, 1), width=4, pooling=pooling, num_classes=3)
        for layer in network.layers[-4:]:
            if hasattr(layer, "kernel"):  # so that every part of the score is seen
                layer.kernel.assign(np.random.RandomState(1).randn(*layer.kernel.shape))
        features = keras.Model(network.inputs[0], network.get_layer("projection").input[1])(self.IMAGES).numpy()
        psi, embedding = (network.get_layer(name).kernel.numpy() for name in ("scores", "embedding"))
        of_class = self.CLASSES @ embedding  # y^T V
        expected = features @ psi + (of_class * features).sum(1, keepdims=True)
        np.testing.assert_allclose(network([self.IMAGES, self.CLASSES]), expected, rtol=1e-4, atol=1e-5)

    def test_the_embedding_is_spectrally_normalised_too(self):
        network = dcgan.discriminator((16, 16, 1), width=4, num_classes=3, spectral_normalization="persistent")
        (wrapped,) = (one for one in of_type(network, SpectralNormalization) if one.layer.name == "embedding")
        for _ in range(50):
            kernel = wrapped.normalized_kernel(training=True)
        assert np.linalg.norm(kernel, 2) == pytest.approx(1, abs=1e-4)

    def test_the_generator_has_a_conditional_norm_for_every_norm(self):
        plain, conditional = (dcgan.generator((16, 16, 1), 3, width=4, num_classes=number) for number in (None, 3))
        norms = of_type(conditional, ConditionalBatchNormalization)
        assert len(norms) == len(of_type(plain, layers.BatchNormalization)) > 0
        # It begins as the network without classes, whose kernels it has.
        latents = np.random.RandomState(0).randn(4, 3).astype("float32")
        np.testing.assert_allclose(conditional([latents, self.CLASSES]), plain(latents), atol=1e-6)

    def test_bad_arguments(self):
        with pytest.raises(InputError, match="^batch_norm=False: it is batch norm that takes the classes"):
            dcgan.generator((16, 16, 1), batch_norm=False, num_classes=3)
        with pytest.raises(InputError, match="^num_classes=1: must be a whole number of at least 2$"):
            dcgan.discriminator((16, 16, 1), num_classes=1)

"""What `benchmarks.scaling` counts and predicts."""

import keras
import pytest

from benchmarks import exchange, prediction
from keras_gen.models import DecoderFreeVAE, WGANDiv
from keras_gen.networks import dcgan, infomax

IMAGE_SHAPE = (8, 8, 1)
BATCH_SIZE = 4


def new_model():
    networks = [make(IMAGE_SHAPE, width=4, synchronized=True) for make in (dcgan.generator, dcgan.discriminator)]
    model = WGANDiv(*networks)
    model.compile(*[keras.optimizers.SGD() for _ in networks])
    return model


@pytest.fixture(scope="module")
def counted(two_replicas):
    return exchange.count(two_replicas, new_model, BATCH_SIZE, IMAGE_SHAPE)


@pytest.mark.slow
def test_every_weight_has_a_gradient_of_four_bytes(counted):
    model = new_model()
    assert sum(counted.gradients) == 4 * sum(variable.shape.num_elements() for variable in model.trainable_variables)
    assert not counted.gathered


@pytest.mark.slow
def test_batch_norm_sums_its_moments_at_once(counted):
    norms = [layer for layer in new_model().generator.layers if isinstance(layer, keras.layers.BatchNormalization)]
    channels = sum(layer.gamma.shape[0] for layer in norms)
    # Means and mean squares forward, in either update; their gradients backward, in the generator's.
    assert sum(counted.statistics) == 4 * channels * 2 * (2 + 1)
    assert len(counted.statistics) == len(norms) * (2 + 1)


@pytest.mark.slow
def test_noise_is_that_of_its_own_rows(counted):
    latents = 2 * BATCH_SIZE * 128  # of two updates
    points = 3 * BATCH_SIZE
    assert counted.noise == latents + points


@pytest.mark.slow
def test_codes_are_gathered_and_their_gradient_comes_back(two_replicas):
    def new_encoder():
        encoder = infomax.encoder(IMAGE_SHAPE, 3, (4,), (5,), batch_norm=True, synchronized=True)
        model = DecoderFreeVAE(encoder, infomax.image_discriminator(IMAGE_SHAPE, 3, (4,), (8,)), num_shuffles=2)
        model.compile(keras.optimizers.SGD())
        return model

    counted = exchange.count(two_replicas, new_encoder, BATCH_SIZE, IMAGE_SHAPE)
    codes, order = 4 * 3 * BATCH_SIZE, 4 * BATCH_SIZE
    assert sorted(counted.gathered) == sorted([codes + order, 4 * 2])  # and their shape
    assert counted.returned == [codes]
    moments = [4 * 2 * channels for channels in (4, 5)]
    assert sorted(counted.statistics) == sorted(2 * moments)  # forward and backward


def test_prediction():
    one = exchange.Exchange(
        operations=6e9, gradients=[400, 40], statistics=[8], gathered=[16, 8], returned=[16], noise=4
    )
    network = prediction.Network("slow", bandwidth=100.0, latency=0.5)
    gpu = prediction.Gpu(rate=1e9, noise_rate=4.0)
    found = prediction.predict(one, 4, network, gpu, share=0.5)
    assert found.computing == pytest.approx(3)
    assert found.noise == pytest.approx(0.5)
    assert found.gradients == pytest.approx(2 * 3 / 4 * 440 / 100 + 2 * 4 * 0.5)  # up and down a tree of four: 4 hops
    assert found.statistics == pytest.approx(2 * 3 / 4 * 8 / 100 + 4 * 0.5)
    there, back = 3 * (8 + 4) / 100 + 2 * 2 * 0.5, 2 * 3 / 4 * (4 * 8) / 100 + 4 * 0.5
    assert found.gathered == pytest.approx(there + back)
    assert found.step == pytest.approx(3 + 0.5 + 6.6 + 4 + 0.12 + 2 + 4.84)
    assert found.efficiency == pytest.approx(3.5 / 21.06)

import keras
import numpy as np
import pytest

from keras_gen.constraints import UnitSpectralNorm
from keras_gen.errors import InputError
from keras_gen.layers import SpectralNormalization, UnitScaleBatchNormalization
from keras_gen.networks import dcgan, mlp
from keras_gen.networks.spectral_normalization import (
    SPECTRAL_NORMALIZATIONS,
    batch_normalization,
    spectrally_normalized,
)


def discriminators(how):
    return (
        dcgan.discriminator((16, 16, 1), width=4, pooling="flatten", spectral_normalization=how),
        mlp(2, 1, widths=(8, 8), spectral_normalization=how),
    )


def kernel_layers(network):
    return [layer for layer in network.layers if hasattr(layer, "kernel") or hasattr(layer, "normalized_kernel")]


def test_none_leaves_the_networks_as_they_are():
    for network in discriminators("none"):
        assert len(kernel_layers(network)) == 3
        assert not any(isinstance(layer, SpectralNormalization) for layer in network.layers)
        assert all(layer.kernel_constraint is None for layer in kernel_layers(network))


@pytest.mark.parametrize("how, iterations, persistent", [("persistent", 1, True), ("from_ones", 5, False)])
def test_every_kernel_is_reparameterised(how, iterations, persistent):
    for network in discriminators(how):
        wrapped = kernel_layers(network)
        assert len(wrapped) == 3
        for layer in wrapped:
            assert isinstance(layer, SpectralNormalization)
            assert (layer.power_iterations, layer.persistent) == (iterations, persistent)


@pytest.mark.slow
def test_by_projection_every_kernel_has_norm_one_after_a_step():
    for network in discriminators("projection"):
        network.compile(keras.optimizers.SGD(0.01), "mse")
        x = np.random.RandomState(0).normal(size=(8, *network.input_shape[1:])).astype("float32")
        network.fit(x, np.ones((8, 1)), epochs=20, batch_size=8, verbose=0)
        for layer in kernel_layers(network):
            assert isinstance(layer.kernel_constraint, UnitSpectralNorm)
            matrix = layer.kernel.numpy().reshape(-1, layer.kernel.shape[-1])
            # Five iterations from ones do not always reach the norm, and never exceed it.
            assert 1 - 1e-5 < np.linalg.norm(matrix, 2) < 1.2


def test_the_initial_kernels_are_the_same_in_any_way():
    plain, *others = [discriminators(how) for how in SPECTRAL_NORMALIZATIONS]
    for networks in others:
        for network, reference in zip(networks, plain, strict=True):
            kernels = [getattr(layer, "layer", layer).kernel.numpy() for layer in kernel_layers(network)]
            for kernel, expected in zip(kernels, kernel_layers(reference), strict=True):
                np.testing.assert_array_equal(kernel, expected.kernel.numpy())


def test_an_unknown_way_lists_what_there_is():
    complaint = "spectral_normalization='sn': choose one of none, persistent, from_ones, projection"
    with pytest.raises(InputError, match=complaint):
        spectrally_normalized(keras.layers.Dense(1), "sn")
    with pytest.raises(InputError, match=complaint):
        mlp(2, 1, spectral_normalization="sn")
    with pytest.raises(InputError, match=complaint):
        dcgan.discriminator((16, 16, 1), spectral_normalization="sn")
    with pytest.raises(InputError, match=complaint):
        batch_normalization("sn")


@pytest.mark.parametrize("how", SPECTRAL_NORMALIZATIONS)
def test_the_scales_of_batch_norms_are_normalised_too(how):
    network = dcgan.discriminator((16, 16, 1), width=4, batch_norm=True, spectral_normalization=how)
    (norm,) = [layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert isinstance(norm, UnitScaleBatchNormalization) == (how in ("persistent", "from_ones"))
    network.compile(keras.optimizers.SGD(0.1), "mse")
    x = np.random.RandomState(0).normal(size=(8, 16, 16, 1)).astype("float32")
    network.fit(x, np.ones((8, 1)), epochs=3, batch_size=8, verbose=0)
    used = norm.normalized_gamma() if hasattr(norm, "normalized_gamma") else norm.gamma
    # Keras's projection adds 1e-7 to the norm.
    assert (np.linalg.norm(used) == pytest.approx(1, abs=1e-6)) == (how != "none")

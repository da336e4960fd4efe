"""Wrong arguments of the library: one line that names the argument, when it is given rather than in training."""

import math
import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gen.callbacks import StopOnNonFinite
from keras_gen.constraints import UnitSpectralNorm
from keras_gen.errors import InputError, NonFiniteLossError
from keras_gen.models import GAN, RSGAN, VAE, WGAN, WGANGP, ClusteringVAE, WGANDiv
from keras_gen.networks import autoencoder, dcgan, infomax, mlp
from keras_gen.regularizers import SpectralNorm

SHAPE = (8, 8, 1)
NAN, INFINITY = math.nan, math.inf


@pytest.fixture(scope="module")
def gan_networks():
    return mlp(3, 2, widths=(4,)), mlp(2, 1, widths=(4,))


@pytest.fixture(scope="module")
def vae_networks():
    return autoencoder.dense_encoder((2,), 3, (4,)), autoencoder.dense_decoder((2,), 3, (4,), "logits")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: dcgan.generator(SHAPE, latent_dim=0), "latent_dim=0"),
        (lambda: dcgan.generator(SHAPE, width=NAN), "width=nan"),
        (lambda: dcgan.discriminator(SHAPE, width=0), "width=0"),
        (lambda: dcgan.discriminator(SHAPE, kernel_size=1.5), "kernel_size=1.5"),
        (lambda: autoencoder.encoder(SHAPE, latent_dim=-1), "latent_dim=-1"),
        (lambda: autoencoder.decoder(SHAPE, 4, widths=(8, 0)), r"widths\[1\]=0"),
        (lambda: autoencoder.dense_encoder(SHAPE, latent_dim=0), "latent_dim=0"),
        (lambda: autoencoder.dense_decoder(SHAPE, latent_dim=0), "latent_dim=0"),
        (lambda: autoencoder.classifier(4, num_clusters=0), "num_clusters=0"),
        (lambda: infomax.encoder(SHAPE, latent_dim=0, map_widths=(4,)), "latent_dim=0"),
        (lambda: infomax.code_discriminator(latent_dim=0), "latent_dim=0"),
        (lambda: infomax.local_discriminator((4, 4, 2), 4, widths=(0,)), r"widths\[0\]=0"),
        (lambda: mlp(2, output_dim=0), "output_dim=0"),
        (lambda: SpectralNorm(1.0, power_iterations=NAN), "power_iterations=nan"),
        (lambda: UnitSpectralNorm(power_iterations=2.5), "power_iterations=2.5"),
    ],
)
def test_sizes_of_networks_are_whole_numbers_of_at_least_1(make, message):
    with pytest.raises(InputError, match=f"^{message}: must be a whole number of at least 1$"):
        make()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda *networks: WGANDiv(*networks, k=INFINITY), "k=inf: must be a finite number above 0"),
        (lambda *networks: WGANDiv(*networks, k=NAN), "k=nan: must be a finite number above 0"),
        (lambda *networks: WGANDiv(*networks, p=NAN), "p=nan: the Wasserstein divergence needs a finite power above 1"),
        (lambda *networks: WGANDiv(*networks, p=INFINITY), "p=inf: .* a finite power above 1"),
        (
            lambda *networks: WGANGP(*networks, penalty_weight=INFINITY),
            "penalty_weight=inf: must be a finite number above 0",
        ),
        (lambda *networks: WGAN(*networks, clip=NAN), "clip=nan: must be a finite number above 0"),
        (lambda *networks: RSGAN(*networks, seed=NAN), "seed=nan: must be a whole number"),
        (lambda *networks: GAN(*networks, seed="3"), "seed='3': must be a whole number"),
        (
            lambda *networks: GAN(*networks, ema_momentum=NAN),
            "ema_momentum=nan: must be a number of at least 0",
        ),
        (lambda *networks: GAN(*networks, ema_momentum="0.9"), "ema_momentum='0.9': must be a number of at least 0"),
        (lambda *networks: GAN(*networks, generator_steps=1.5), "generator_steps=1.5: must be a whole number"),
        (lambda *networks: GAN(*networks, discriminator_steps=NAN), "discriminator_steps=nan: must be a whole number"),
    ],
)
def test_numbers_of_adversarial_models(gan_networks, make, message):
    with pytest.raises(InputError, match=f"^{message}"):
        make(*gan_networks)


def test_numbers_of_autoencoders(vae_networks):
    with pytest.raises(InputError, match="^beta=nan: must be a finite number of at least 0$"):
        VAE(*vae_networks, beta=NAN)
    classifier = autoencoder.classifier(3, 2, width=4)
    with pytest.raises(InputError, match="^warm_up_steps=nan: must be a whole number of at least 0$"):
        ClusteringVAE(*vae_networks, classifier, warm_up_steps=NAN)
    with pytest.raises(InputError, match="^balance_weight=nan: must be a finite number of at least 0$"):
        ClusteringVAE(*vae_networks, classifier, balance_weight=NAN)


def test_optimizers_by_name(gan_networks, vae_networks):
    model = GAN(*gan_networks)
    model.compile("adam", "adam")
    assert model.generator_optimizer is not model.discriminator_optimizer
    message = "discriminator_optimizer='adamm': give a Keras optimizer or its name, such as 'adam'"
    with pytest.raises(InputError, match=f"^{message}"):
        model.compile("adam", "adamm")
    with pytest.raises(InputError, match="^optimizer=3: give a Keras optimizer or its name"):
        VAE(*vae_networks).compile(3)


def test_an_optimizer_of_another_model(gan_networks, vae_networks):
    optimizer = keras.optimizers.Adam()
    VAE(*vae_networks).compile(optimizer)
    VAE(*vae_networks).compile(optimizer)  # the same weights
    with pytest.raises(InputError, match="^generator_optimizer: this optimizer trains other weights"):
        GAN(*gan_networks).compile(optimizer, "adam")
    with pytest.raises(InputError, match="^generator_optimizer and discriminator_optimizer are one object"):
        GAN(*gan_networks).compile(optimizer, optimizer)


def test_data_of_another_shape_in_a_later_fit():
    model = GAN(mlp(3, 2, widths=(4,)), mlp(2, 1, widths=(4,)))
    model.compile()
    model.fit(rows(2), verbose=0)
    for shape in ((3,), (3,), (2, 2)):
        message = f"images have shape {shape}, the discriminator takes (2,)"
        with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
            model.fit(rows(*shape), verbose=0)
    with pytest.raises(InputError, match="^images have shape"):
        model.fit(np.zeros((4, 3), np.float32), verbose=0)
    model.fit(rows(2), verbose=0)


def test_a_weight_that_is_not_finite():
    model = GAN(mlp(3, 2, widths=(4,)), mlp(2, 1, widths=(4,)))
    model.compile()
    model.discriminator.trainable_variables[0].assign([[NAN] * 4] * 2)
    with pytest.raises(NonFiniteLossError, match="^discriminator_loss is nan at step 1"):
        model.fit(rows(2), verbose=0, callbacks=[StopOnNonFinite()])


def rows(*shape):
    return tf.data.Dataset.from_tensors(np.zeros((4, *shape), np.float32))

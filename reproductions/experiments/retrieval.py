"""Makes codes by Deep InfoMax or by one of the encoders beside it, and measures how they retrieve."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from sklearn.decomposition import PCA

from keras_gen import datasets
from keras_gen.layers import GaussianLikelihood
from keras_gen.models import VAE
from keras_gen.networks import autoencoder
from reproductions import deep_infomax
from reproductions.families import codes, encoders
from reproductions.harness.errors import UsageError


def perform(settings: Any, data_dir: str | None) -> dict:
    """One encoder: what its codes tell of labels, how far they match the prior, and a sheet of neighbours."""
    train, test = (datasets.load(settings.dataset, split, None, data_dir) for split in ("train", "test"))
    encode, gaussian, seconds = encoder_of(settings, train)
    count = settings.evaluation_samples
    return {
        **codes.meaning(encode, train, test, count),
        **(codes.prior_match(gaussian, test, count) if gaussian else codes.moments(_codes(encode, test, count))),
        "seconds_per_step": seconds,
        # As the post looks for neighbours, among the training images; magnified.
        "sheet": codes.neighbors_sheet(encode, test, train, scale=None),
    }


def check(settings: Any, train: datasets.Images) -> None:
    """Checks that a method can make its codes of these images.

    Raises:
        UsageError: PCA cannot give codes of the size that is asked for, or the networks cannot be built.
    """
    if settings.method not in ("pixels", "pca"):
        deep_infomax.build(settings, train.image_shape, 1)
    pixels, images = math.prod(train.image_shape), min(len(train), codes.MAX_REFERENCES)
    largest = min(pixels, images)
    if settings.method == "pca" and settings.latent_dim > largest:
        raise UsageError(
            f"--latent_dim={settings.latent_dim}: PCA of {images:,} images of {pixels:,} values each, {train.name}, "
            f"has at most {largest:,} components; give --latent_dim={largest} or less"
        )


def encoder_of(settings: Any, train: datasets.Images) -> tuple[codes.Encoder, Callable | None, float | None]:
    """What a method encodes with, what gives its Gaussian, if it has one, and the seconds of a training step."""
    seconds: float | None = None
    match settings.method:
        case "pixels":
            return lambda images: images.reshape(len(images), -1), None, None
        case "pca":
            check(settings, train)
            pixels = train.to_array(codes.MAX_REFERENCES)
            pca = PCA(settings.latent_dim, random_state=0)
            pca.fit(pixels.reshape(len(pixels), -1))
            return lambda images: pca.transform(images.reshape(len(images), -1)), None, None
        case "autoencoder":
            encode, seconds = _trained_autoencoder(settings, train)
            return encode, None, seconds
        case "untrained":
            encoder = encoders.encoder(settings, train.image_shape)
        case "vae":
            model = vae(settings, train.image_shape, GaussianLikelihood(trainable_variance=True))
            encoder, seconds = model.encoder, _trained(settings, model, train)
        case "deep_infomax":
            model = deep_infomax.build(settings, train.image_shape, 1)
            encoder, seconds = model.encoder, _trained(settings, model, train)

    def gaussian(images: np.ndarray) -> list:
        return encoder(images, training=False)[-2:]

    return lambda images: gaussian(images)[0], gaussian, seconds


def vae(settings: Any, image_shape: tuple[int, int, int], likelihood: GaussianLikelihood, beta: float = 1.0) -> VAE:
    """A compiled VAE with the encoder of the settings."""
    encoder, decoder = _networks(settings, image_shape)
    model = VAE(encoder, decoder, likelihood, beta=beta, seed=settings.seed)
    model.compile(keras.optimizers.Adam(settings.learning_rate))
    return model


def _networks(settings: Any, image_shape: tuple[int, int, int]) -> tuple[keras.Model, keras.Model]:
    encoder = encoders.encoder(settings, image_shape)
    widths = (settings.width, 2 * settings.width)
    return (
        keras.Model(encoder.input, encoder.outputs[-2:], name="encoder"),
        autoencoder.decoder(image_shape, settings.latent_dim, widths, seed=settings.seed),
    )


def _trained(settings: Any, model: keras.Model, train: datasets.Images) -> float:
    batches = datasets.batches(train, settings.batch_size, settings.seed)
    return encoders.train(model, batches, settings.steps)


def _trained_autoencoder(settings: Any, train: datasets.Images) -> tuple[codes.Encoder, float]:
    """The encoder's mean and the decoder, trained by the squared error alone."""
    encoder, decoder = _networks(settings, train.image_shape)
    mean = keras.Model(encoder.input, encoder.outputs[0])
    model = keras.Model(mean.input, decoder(mean.output))
    model.compile(keras.optimizers.Adam(settings.learning_rate), "mse", jit_compile=False)
    batches = datasets.batches(train, settings.batch_size, settings.seed).map(lambda images: (images, images))
    seconds = encoders.train(model, batches, settings.steps)
    return lambda images: mean(images, training=False), seconds


def _codes(encode: codes.Encoder, test: datasets.Images, count: int) -> np.ndarray:
    return codes.in_parts(encode, test.to_array(count))[0]

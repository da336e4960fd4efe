"""Encoders and discriminators of a size for tests."""

import keras
import numpy as np

from keras_gen.models import DecoderFreeVAE, DeepInfoMax
from keras_gen.networks import infomax

IMAGE_SHAPE = (8, 8, 1)
MAP_SHAPE = (4, 4, 4)
LATENT_DIM = 3


def encoder(batch_norm=False, seed=0):
    """Feature maps of 4x4, codes of three numbers."""
    return infomax.encoder(IMAGE_SHAPE, LATENT_DIM, (4,), (5,), batch_norm, synchronized=True, seed=seed)


def image_discriminator(widths=(8, 8), seed=0):
    return infomax.image_discriminator(IMAGE_SHAPE, LATENT_DIM, (4,), widths, seed)


def code_discriminator(widths=(8, 8), seed=0):
    return infomax.code_discriminator(LATENT_DIM, widths, seed)


def local_discriminator(widths=(8, 8), seed=0):
    return infomax.local_discriminator(MAP_SHAPE, LATENT_DIM, widths, seed)


def prior_discriminator(widths=(8, 8), seed=0):
    return infomax.prior_discriminator(LATENT_DIM, widths, seed)


def deep_infomax(seed=0, batch_norm=False, **arguments):
    """With the discriminators that `global_pairs` and the weights ask for."""
    of_codes = arguments.get("global_pairs") == "code_code"
    global_discriminator = code_discriminator(seed=seed) if of_codes else image_discriminator(seed=seed)
    discriminators = {
        "global_discriminator": global_discriminator,
        "local_discriminator": local_discriminator(seed=seed),
    }
    weights = {"global_discriminator": "alpha", "local_discriminator": "beta"}
    networks = {name: one if arguments.get(weights[name], 1) else None for name, one in discriminators.items()}
    return DeepInfoMax(encoder(batch_norm, seed), **networks | arguments, seed=seed)


def decoder_free_vae(seed=0, batch_norm=False, **arguments):
    return DecoderFreeVAE(encoder(batch_norm, seed), image_discriminator(seed=seed), **arguments, seed=seed)


def encoder_of_noise():
    """Feature maps that depend on the image, and codes of pure noise, N(0, I), that stay so."""
    network = encoder()
    for name in ("mean", "log_variance"):
        layer = network.get_layer(name)
        layer.set_weights([np.zeros_like(weight) for weight in layer.get_weights()])
    network.trainable = False
    return network


def partners(noise):
    """Whose code each row is paired with by the noise: the next of a circle in the order of the noise."""
    circle = np.argsort(noise, kind="stable")
    found = np.empty_like(circle)
    found[circle] = np.roll(circle, -1)
    return found


def compiled(model, optimizer=None):
    model.compile(optimizer or keras.optimizers.SGD(0.05, momentum=0.9))
    return model


def state(model):
    """Every variable of a compiled model and of its optimiser."""
    return [variable.numpy() for variable in (*model.variables, *model.optimizer.variables)]

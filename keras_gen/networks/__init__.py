"""Networks: factories of plain `keras.Model`s."""

from keras_gen.networks import autoencoder, dcgan, infomax
from keras_gen.networks.lenet import lenet
from keras_gen.networks.mlp import mlp

__all__ = ["autoencoder", "dcgan", "infomax", "lenet", "mlp"]

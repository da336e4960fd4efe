"""Networks: factories of plain `keras.Model`s."""

from keras_gen.networks import dcgan
from keras_gen.networks.lenet import lenet
from keras_gen.networks.mlp import mlp

__all__ = ["dcgan", "lenet", "mlp"]

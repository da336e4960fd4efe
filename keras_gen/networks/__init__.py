"""Networks: functions that build plain `keras.Model`s, and flows."""

from keras_gen.networks import autoencoder, dcgan, f_vae, infomax
from keras_gen.networks.conditional_flow import conditional_flow
from keras_gen.networks.coupling import coupling_network, prior_network
from keras_gen.networks.glow import glow
from keras_gen.networks.lenet import lenet
from keras_gen.networks.mlp import mlp

squeezing = f_vae  # its name in version 0.1.0, which code of that time may use

__all__ = [
    "autoencoder",
    "conditional_flow",
    "coupling_network",
    "dcgan",
    "f_vae",
    "glow",
    "infomax",
    "lenet",
    "mlp",
    "prior_network",
]

"""Generative models for Keras: eight posts of 2018 as losses, networks and models that `fit` trains."""

# isort: off
import keras_gen.start_up  # noqa: F401 (imports TensorFlow quietly, before anything else does)

# isort: on
from keras_gen import (
    callbacks,
    constraints,
    datasets,
    layers,
    losses,
    metrics,
    models,
    networks,
    optimizers,
    regularizers,
    utils,
    zoo,
)
from keras_gen.errors import InputError, NonFiniteLossError

__all__ = [
    "InputError",
    "NonFiniteLossError",
    "callbacks",
    "constraints",
    "datasets",
    "layers",
    "losses",
    "metrics",
    "models",
    "networks",
    "optimizers",
    "regularizers",
    "utils",
    "zoo",
]
__version__ = "0.1.0"

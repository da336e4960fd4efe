"""What `save`, `load_model` and `export` need beside Keras: states of random layers, a function to serve, formats."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from keras_gen.checks import check_choice
from keras_gen.errors import InputError

SEED = "seed_state_"  # begins the name of a state of a random layer in a file
# Keras imports no package for the classes in a file. Where one is missing it prints all of the file's configuration,
# which therefore ends in what to do.
LOADING = {"to load this": "import keras_gen before keras.models.load_model"}
FORMATS = ("tf_saved_model", "onnx", "litert")
# What `call` is the same as: the first of these endpoints that a model has.
CALLED = ("decode", "encode", "predict")


def check_keras_file(filepath: str | os.PathLike) -> None:
    """Checks the name of the file that a model is saved to.

    Raises:
        InputError: It is one of HDF5.
    """
    if str(filepath).endswith((".h5", ".hdf5")):
        raise InputError(f"{filepath}: models with networks inside do not fit in HDF5; give a name that ends in .keras")


def check_export(
    model: keras.Model,
    filepath: str | os.PathLike,
    format: str,
    input_signature: Any,
    endpoints: Sequence[str] | None,
    more: Mapping[str, Any],
) -> None:
    """Checks the arguments of `export`, `more` of which are for a SavedModel.

    Raises:
        InputError: There is no such format or endpoint, or a signature is given, or what another format has no use for,
            or there is a file in the place of the folder.
    """
    if os.path.isfile(filepath):
        raise InputError(f"{os.fspath(filepath)} is a file; give a folder to export to")
    check_choice("format", format, FORMATS)
    if isinstance(endpoints, str) or (endpoints is not None and not endpoints):
        raise InputError(f"endpoints={endpoints!r}: give a list of names, or leave it out for all")
    unknown = [name for name in endpoints or () if name not in model.endpoints()]
    if unknown and format == "tf_saved_model":  # other formats do not have all of them
        raise InputError(f"endpoints: {unknown[0]} is none of this model; choose from {', '.join(model.endpoints())}")
    if more and format != "tf_saved_model":
        raise InputError(f"{', '.join(more)}: only for format='tf_saved_model'; leave it out")
    if input_signature is not None:
        raise InputError(f"input_signature: each of {', '.join(model.endpoints())} has its own; leave it out")


def served(endpoints: dict[str, tuple[Callable[..., Any], list[tf.TensorSpec]]]) -> dict[str, Any]:
    """The endpoints and, under the name that is called where none is given, the one that `call` is the same as."""
    called = [name for name in CALLED if name in endpoints]
    return {**endpoints, "serve": endpoints[called[0]]} if called else endpoints


def save_seeds(model: keras.Model, store: dict[str, Any]) -> None:
    """Puts the states of a model's random layers, which Keras does not save, beside its own variables."""
    for i, state in enumerate(_seeds(model)):
        store[f"{SEED}{i}"] = state


def without_seeds(store: dict[str, Any]) -> dict[str, Any]:
    """What Keras saved."""
    return {name: store[name] for name in store.keys() if not name.startswith(SEED)}  # noqa: SIM118 (a store of Keras)


def load_seeds(model: keras.Model, store: dict[str, Any]) -> None:
    """Brings the states of a model's random layers back, if the file has them."""
    for i, state in enumerate(_seeds(model)):
        if f"{SEED}{i}" in store.keys():  # noqa: SIM118
            state.assign(store[f"{SEED}{i}"])


def _seeds(model: keras.Model) -> list[keras.Variable]:
    weights = {id(weight) for weight in model.weights}
    return [variable for variable in model.variables if id(variable) not in weights]

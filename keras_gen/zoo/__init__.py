"""Trained models that come with the package: `keras_gen.zoo.load("faces_wgan_div")`.

A model is two files: `NAME.json`, its card with what it was trained on, how, and what was measured of it, and
`NAME.npz` with its weights in float16. `python -m reproductions.zoo` makes both from a finished run.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import keras
import numpy as np

import keras_gen.models  # noqa: F401 (registers the classes that cards name)
from keras_gen.errors import InputError

FOLDER = Path(__file__).parent
ENTRIES = {"data", "licence", "script", "flags", "steps", "command", "left_out", "same", "sha256", "model"}

__all__ = ["card", "load", "names"]


def names() -> list[str]:
    """The names of the models.

    >>> "faces_wgan_div" in keras_gen.zoo.names()
    True
    """
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def card(name: str) -> dict[str, Any]:
    """What is known of a model.

    Returns:
        `data`, its `licence`, the `flags` of the run, `steps`, the `command` that trains it again, what was measured of
        the run (`evaluations`, `measure`), the `verdicts` on the claims of its post, `left_out` (the networks whose
        trained weights are not in the file, to keep it small), `sha256` of the weights and `model`, the configuration
        by which Keras builds it.

    Raises:
        InputError: There is no such model, or its card is damaged.
    """
    path = FOLDER / f"{name}.json"
    if not path.exists():
        raise InputError(f"{name}: there is no such model; choose from {', '.join(names())}")
    try:
        found = json.loads(path.read_bytes())
    except ValueError as error:
        raise InputError(f"{path} is damaged; install the package again") from error
    if not isinstance(found, dict) or not found.keys() >= ENTRIES:
        raise InputError(f"{path} is damaged; install the package again")
    return found


def load(name: str) -> keras.Model:
    """The compiled model, trained.

    Its weights were rounded to float16. A network that the card says was left out has initial weights.

    >>> model = keras_gen.zoo.load("faces_wgan_div")
    >>> model.sample(2, seed=7).shape
    TensorShape([2, 64, 64, 3])

    Raises:
        InputError: There is no such model, or a file of it is damaged.
    """
    of_model, path = card(name), FOLDER / f"{name}.npz"
    if not path.exists():
        raise InputError(f"{path} is missing; install the package again")
    if hashlib.sha256(path.read_bytes()).hexdigest() != of_model["sha256"]:
        raise InputError(f"{path} is damaged; install the package again")
    try:
        model = keras.saving.deserialize_keras_object(of_model["model"])
        model_parts = parts(model)
    except Exception as error:  # whatever Keras fails with at a configuration that is none
        raise InputError(f"{FOLDER / name}.json is damaged; install the package again") from error
    with np.load(path, allow_pickle=False) as arrays:
        for part, variables in model_parts.items():
            if part not in of_model["left_out"]:
                for i, variable in enumerate(variables):
                    variable.assign(arrays[_stored(of_model, part, i)].astype(variable.dtype))
    model.step.assign(of_model["steps"])  # with which some draw otherwise than before their warm-up
    return model


def parts(model: keras.Model) -> dict[str, list[keras.Variable]]:
    """The weights of each network or layer of a model, and under `model` its own, its count of steps aside."""
    found = {layer.name: list(layer.weights) for layer in model.layers}
    known = {id(variable) for variables in found.values() for variable in variables}
    own = [variable for variable in model.weights if id(variable) not in known and variable is not model.step]
    return {**found, "model": own}


def _stored(of_model: dict[str, Any], part: str, number: int) -> str:
    """The name of an array in the file: of parts that are the same, one is kept."""
    return f"{of_model['same'].get(part, part)}/{number}"

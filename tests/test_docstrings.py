"""Examples in docstrings: every public model that can be built has one, and all of them run."""

import doctest
import importlib
import pkgutil

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gen

MODULES = [module.name for module in pkgutil.walk_packages(keras_gen.__path__, "keras_gen.")]
NAMES = {"keras": keras, "keras_gen": keras_gen, "np": np, "tf": tf}


def examples(name: str) -> list[doctest.DocTest]:
    found = doctest.DocTestFinder(exclude_empty=True).find(importlib.import_module(name), extraglobs=NAMES)
    return [test for test in found if test.examples]


@pytest.mark.parametrize("test", [test for name in MODULES for test in examples(name)], ids=lambda test: test.name)
def test_an_example_gives_what_it_shows(test):
    report: list[str] = []
    doctest.DocTestRunner(verbose=False).run(test, out=report.append)
    assert not report, "".join(report)


def test_every_model_has_an_example():
    registered = [
        model
        for model in map(keras_gen.models.__dict__.get, keras_gen.models.__all__)
        if keras.saving.get_registered_name(model) != model.__name__
    ]
    assert registered and [model.__name__ for model in registered if ">>>" not in model.__doc__] == []

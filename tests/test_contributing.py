"""The models that CONTRIBUTING has one write: they train, and are all that a run needs."""

import re
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from helpers.small_gans import adam, compiled, data, vector_networks
from keras_gen.networks import mlp
from reproductions import deep_infomax, wgan_div

TEXT = Path(__file__).parents[1].joinpath("CONTRIBUTING.md").read_text(encoding="utf-8")


def written(name):
    """The class of that name, from the block of code that defines it."""
    (code,) = [block for block in re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL) if f"class {name}(" in block]
    namespace = {"__name__": f"contributing.{name}"}
    exec(compile(code, "CONTRIBUTING.md", "exec"), namespace)
    return namespace[name]


@pytest.fixture(autouse=True)
def registry():
    """Classes that are registered here are forgotten after the test."""
    with keras.saving.custom_object_scope({}):
        before = dict(keras.saving.get_custom_objects())
        yield
        keras.saving.get_custom_objects().clear()
        keras.saving.get_custom_objects().update(before)


def test_a_gan(tmp_path):
    model = compiled(written("LSGAN")(*vector_networks()))
    model.train_step(tf.constant(data(8, (2,))))
    assert int(model.step.numpy()) == 1
    wgan_div.REPRODUCTION.check_model(model)
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "model.keras").sample(3, 0), model.sample(3, 0))


def test_a_model_of_another_kind(tmp_path):
    model = written("Autoencoder")(mlp(2, 1, (8,), "tanh", name="encoder"), mlp(1, 2, (8,), "tanh", name="decoder"))
    model.compile(adam())
    x = tf.constant(data(8, (2,)))
    loss = model.train_step(x)["loss"]
    assert float(loss) > model.evaluate(x, verbose=0)
    deep_infomax.REPRODUCTION.check_model(model)  # which draws its own pictures
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    expected = float(np.square(loaded.reconstruct(x) - x).sum(axis=1).mean())
    assert loaded.evaluate(x, verbose=0) == pytest.approx(expected, rel=1e-5)

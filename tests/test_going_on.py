"""README's way of going on: a model is loaded, is given the batches that come next, and ends as if never stopped."""

import re
from pathlib import Path

import keras
import numpy as np
import pytest

import keras_gen

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
(EXAMPLE,) = [code for code in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if "initial_epoch" in code]
STEPS = 3  # per epoch, of 500 in the example


def model():
    generator = keras.Sequential([keras.Input((4,)), keras.layers.Dense(64), keras.layers.Reshape((8, 8, 1))])
    critic = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(1)])
    for layer, seed in ((generator.layers[0], 1), (critic.layers[1], 2)):
        kernel = np.random.default_rng(seed).normal(size=layer.kernel.shape) / 10
        layer.set_weights([kernel, np.zeros(layer.bias.shape)])
    made = keras_gen.models.WGANDiv(generator, critic, seed=0)
    made.compile(keras.optimizers.Adam(1e-3), keras.optimizers.Adam(1e-3))
    return made


@pytest.mark.parametrize(
    "shifted",
    [pytest.param(False, id="as shown"), pytest.param(True, id="with the first batches again", marks=pytest.mark.slow)],
)
def test_the_example_of_the_readme_ends_as_if_it_had_never_stopped(shifted, monkeypatch, tmp_path):
    images = keras_gen.datasets.load("digits")
    batches = keras_gen.datasets.batches(images, batch_size=64, seed=0)
    straight = model()
    straight.fit(batches, steps_per_epoch=STEPS, epochs=2, shuffle=False, verbose=0)
    stopped = model()
    stopped.fit(batches, steps_per_epoch=STEPS, epochs=1, shuffle=False, verbose=0)
    monkeypatch.chdir(tmp_path)
    stopped.save("model.keras")
    code = EXAMPLE.replace("500", str(STEPS)).replace("epochs=32", "epochs=2, verbose=0")
    if shifted:
        code = code.replace("first_step=step", "first_step=0")
    found = {"images": images}
    exec(compile(code, "README.md", "exec"), found)
    assert int(found["model"].step.numpy()) == 2 * STEPS
    pairs = zip(straight.get_weights(), found["model"].get_weights(), strict=True)
    assert all(np.allclose(one, other, rtol=0, atol=1e-6) for one, other in pairs) != shifted

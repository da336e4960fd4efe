"""A run that is interrupted and continued is the run that was not, bit for bit.

`programs/interrupted_run.py` trains a WGAN-div with batch norm, two discriminator steps and a moving average, under
TensorFlow's deterministic operations.
"""

import numpy as np
import pytest

from helpers.processes import run


@pytest.fixture(scope="module")
def states(tmp_path_factory):
    folder = tmp_path_factory.mktemp("interrupted_run")
    run("interrupted_run.py", "straight", folder)
    run("interrupted_run.py", "continued", folder)
    return {path.stem: dict(np.load(path)) for path in folder.glob("*.npz")}


def assert_equal(one, other):
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


@pytest.mark.parametrize("way", ["loaded", "weights_loaded"])
def test_everything_comes_back(states, way):
    """Also the step, the optimisers' iterations and momenta, and samples from the moving average."""
    assert_equal(states[way], states["interrupted"])


@pytest.mark.parametrize("way", ["loaded", "weights_loaded"])
def test_continued_is_straight(states, way):
    assert_equal(states[f"{way}_and_continued"], states["straight"])


def test_the_steps_were_counted(states):
    # The first variable of the model is its step, that of an optimiser its iterations.
    for name, steps in (("untrained", 0), ("interrupted", 10), ("loaded", 10), ("straight", 20)):
        counts = states[name]
        assert counts["model/0"] == counts["generator_optimizer/0"] == steps
        assert counts["discriminator_optimizer/0"] == 2 * steps


def test_the_steps_did_something(states):
    for name, before in states["interrupted"].items():
        learning_rate = name.endswith("_optimizer/1")
        assert learning_rate or not np.array_equal(before, states["straight"][name]), name


def test_two_processes_start_and_sample_alike(states):
    assert_equal(states["untrained"], states["untrained_again"])

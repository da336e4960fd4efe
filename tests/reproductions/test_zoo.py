"""How a run becomes one of the models that come with the package."""

import json

import numpy as np
import pytest

from keras_gen import zoo
from reproductions import sample, tables
from reproductions import zoo as putting
from reproductions.harness import launch, trained
from reproductions.harness.errors import UsageError
from reproductions.harness.options import as_flags
from reproductions.harness.run_directory import RunDirectory


@pytest.fixture
def run(smoke_run):
    return RunDirectory(smoke_run[0])


@pytest.fixture
def folder(monkeypatch, tmp_path):
    """A zoo without models."""
    folder = tmp_path / "zoo"
    folder.mkdir()
    monkeypatch.setattr(zoo, "FOLDER", folder)
    monkeypatch.setattr(trained, "ZOO", folder)
    return folder


@pytest.mark.slow
def test_a_run_becomes_a_model(run, folder, tmp_path):
    putting.put(run, "digits", ["discriminator"], folder)
    model, original = zoo.load("digits"), run.load_model()
    expected = original.sample(16, seed=3).numpy()
    # float16 has 11 bits: each weight is off by at most 2^-12 of itself.
    np.testing.assert_allclose(model.sample(16, seed=3), expected, atol=5e-3)
    np.testing.assert_array_equal(model.generator.get_weights()[0], model.average_generator.get_weights()[0])
    assert json.loads((folder / "digits.json").read_text())["steps"] == run.read_results()["steps"]
    card = json.loads((folder / "digits.json").read_text())
    assert card["same"] == {"average_generator": "generator"} or "generator" in card["same"].values()
    assert card["data"] == "digits" and card["left_out"] == ["discriminator"]
    sample.main(["--zoo=digits", "--num_samples=4", f"--output={tmp_path / 'grid.png'}"])
    assert (tmp_path / "grid.png").stat().st_size > 100


def test_what_cannot_become_a_model(run, folder):
    with pytest.raises(UsageError, match="--leave_out=critic: choose from generator, discriminator"):
        putting.put(run, "digits", ["critic"], folder)
    with pytest.raises(SystemExit, match="give a folder and a name of small letters"):
        putting.main([f"--run={run.path}", "--name=Digits"])
    with pytest.raises(SystemExit, match="no finished run"):
        putting.main([f"--run={run.path}/no", "--name=digits"])
    with pytest.raises(SystemExit, match="give one of --saved_model=FOLDER and --zoo=NAME"):
        sample.main(["--zoo=digits", f"--saved_model={run.saved_model}", "--output=grid.png"])


@pytest.mark.parametrize("name", zoo.names())
def test_the_command_of_a_card_makes_its_run(name):
    card = zoo.card(name)
    reproduction = tables.reproduction_of(card["script"])
    cls = reproduction.configuration_class
    command, changes = launch.given(card["command"].split()[3:], cls)
    made = launch.preset(reproduction, None, command.preset).replace(changes)
    made.check_used(changes)
    recorded = cls(**card["flags"])
    idle = {one.name for one in recorded.idle()}
    assert {one.name for one in made.idle()} == idle
    assert {flag: value for flag, value in as_flags(made).items() if flag not in idle} == {
        flag: value for flag, value in as_flags(recorded).items() if flag not in idle
    }


def test_a_command_leaves_out_what_has_no_effect():
    reproduction = tables.reproduction_of("f_vae")
    values = reproduction.presets["laptop"].replace({"model": "glow", "sigma_1": 0.7, "flow_depth": 5})
    assert launch.command_of(reproduction, values) == "python -m reproductions.f_vae --model=glow --flow_depth=5"

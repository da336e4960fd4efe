"""The models that come with the package, and how a run becomes one of them."""

import json
import shutil

import numpy as np
import pytest

import keras_gen
from keras_gen import zoo
from keras_gen.errors import InputError
from reproductions import sample, wgan_div
from reproductions import zoo as putting
from reproductions.harness import launch
from reproductions.harness.errors import UsageError
from reproductions.harness.run_directory import RunDirectory

TOGETHER = 20e6  # bytes


@pytest.mark.parametrize("name", zoo.names())
def test_a_model_draws_what_its_card_says(name):
    model, card = zoo.load(name), zoo.card(name)
    samples = model.sample(64, seed=0).numpy()
    # The same weights in float32: rounding alone differs between machines.
    assert samples.mean() == pytest.approx(card["drawn"]["mean"], abs=1e-4)
    assert samples.std() == pytest.approx(card["drawn"]["deviation"], abs=1e-4)
    assert model.compiled
    assert card["evaluations"] and card["command"].startswith("python -m reproductions.") and card["licence"]


def test_all_models_together_are_small():
    assert sum(path.stat().st_size for path in zoo.FOLDER.iterdir() if path.is_file()) < TOGETHER


@pytest.fixture
def copied(monkeypatch, tmp_path):
    """A zoo that a test may damage."""
    folder = tmp_path / "zoo"
    shutil.copytree(zoo.FOLDER, folder)
    monkeypatch.setattr(zoo, "FOLDER", folder)
    return folder


def test_what_is_not_there_or_damaged_is_one_line(copied):
    with pytest.raises(InputError, match="no_such_model: there is no such model; choose from"):
        zoo.load("no_such_model")
    weights = copied / "faces_wgan_div.npz"
    content = weights.read_bytes()
    for damaged in (content[:-1], content[:1000] + b"x" + content[1001:]):
        weights.write_bytes(damaged)
        with pytest.raises(InputError, match="npz is damaged; install the package again"):
            zoo.load("faces_wgan_div")
    weights.unlink()
    with pytest.raises(InputError, match="npz is damaged; install the package again"):
        zoo.load("faces_wgan_div")
    (copied / "faces_wgan_div.json").write_text("{")
    with pytest.raises(InputError, match="json is damaged; install the package again"):
        zoo.load("faces_wgan_div")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A finished run."""
    folder = tmp_path_factory.mktemp("zoo") / "run"
    launch.launch(wgan_div.REPRODUCTION, ["--preset=smoke", "--steps=10", f"--output_dir={folder}"])
    return RunDirectory(folder)


@pytest.mark.slow
def test_a_run_becomes_a_model(run, copied, tmp_path):
    putting.put(run, "digits", ["discriminator"], copied)
    model, trained = zoo.load("digits"), run.load_model()
    expected = trained.sample(16, seed=3).numpy()
    # float16 has 11 bits: each weight is off by at most 2^-12 of itself.
    np.testing.assert_allclose(model.sample(16, seed=3), expected, atol=5e-3)
    np.testing.assert_array_equal(model.generator.get_weights()[0], model.average_generator.get_weights()[0])
    card = json.loads((copied / "digits.json").read_text())
    assert card["same"] == {"average_generator": "generator"} or "generator" in card["same"].values()
    assert card["data"] == "digits" and card["steps"] == 10 and card["left_out"] == ["discriminator"]
    sample.main(["--zoo=digits", "--num_samples=4", f"--output={tmp_path / 'grid.png'}"])
    assert (tmp_path / "grid.png").stat().st_size > 100


def test_what_cannot_become_a_model(run, copied):
    with pytest.raises(UsageError, match="--leave_out=critic: choose from generator, discriminator"):
        putting.put(run, "digits", ["critic"], copied)
    with pytest.raises(SystemExit, match="give a folder and a name of small letters"):
        putting.main([f"--run={run.path}", "--name=Digits"])
    with pytest.raises(SystemExit, match="no finished run"):
        putting.main([f"--run={run.path}/no", "--name=digits"])
    with pytest.raises(SystemExit, match="give --saved_model=FOLDER or --zoo=NAME"):
        sample.main(["--zoo=digits", f"--saved_model={run.saved_model}", "--output=grid.png"])


def test_the_package_offers_it():
    assert keras_gen.zoo is zoo

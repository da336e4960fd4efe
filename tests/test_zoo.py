"""The models that come with the package."""

import shutil

import pytest

import keras_gen
from keras_gen import zoo
from keras_gen.errors import InputError
from reproductions.pages import SCRIPTS
from reproductions.zoo import fingerprint

TOGETHER = 20e6  # bytes


@pytest.mark.parametrize("name", zoo.names())
def test_a_model_gives_what_its_card_says(name):
    model, card = zoo.load(name), zoo.card(name)
    # The same weights in float32: rounding alone differs between machines.
    assert fingerprint(model) == pytest.approx(card["drawn"], abs=1e-4)
    assert model.compiled and int(model.step) == card["steps"]
    assert card["evaluations"] and card["command"].startswith("python -m reproductions.") and card["licence"]


def test_every_post_has_a_model():
    assert {zoo.card(name)["script"] for name in zoo.names()} == set(SCRIPTS)


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


def test_the_package_offers_it():
    assert keras_gen.zoo is zoo

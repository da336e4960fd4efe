"""The models that come with the package."""

import importlib
import json
import os
import shutil

import pytest

import keras_gen
from helpers.quick import slow_unless
from keras_gen import datasets, zoo
from keras_gen.errors import InputError
from keras_gen.models.endpoints import types_of
from keras_gen.models.flow_model import FlowModel
from reproductions.pages import SCRIPTS
from reproductions.zoo import fingerprint

TOGETHER = 20e6  # bytes
# A folder with the data sets that do not come with the package, and with celeba_10000, if there is one.
DATA = os.environ.get("KERAS_GEN_DATA")
# Measures of images, by features of a network that is trained anew on each machine, vary with its weights.
ON_FEATURES = ("frechet_distance", "kernel_distance", "within_class_distance")
# Measures that the cards of models from before them lack.
NEWER = ("effective_rank", "excess_kurtosis", "least_bits_per_dimension")


@pytest.mark.parametrize("name", zoo.names())
def test_a_model_gives_what_its_card_says(name):
    model, card = zoo.load(name), zoo.card(name)
    # The same weights in float32: rounding alone differs between machines.
    assert fingerprint(model) == pytest.approx(card["drawn"], abs=1e-4)
    assert model.compiled and int(model.step) == card["steps"]
    assert card["evaluations"] and card["command"].startswith("python -m reproductions.") and card["licence"]


@pytest.mark.traced
@pytest.mark.parametrize("name", slow_unless(("digits_clustering", "digits_vae_mutual_information"), zoo.names()))
def test_what_its_card_says_of_it_is_measured_again(name):
    card = zoo.card(name)
    reproduction = importlib.import_module(f"reproductions.{card['script']}").REPRODUCTION
    configuration = reproduction.configuration_class(**card["flags"])
    if card["data"].endswith("mnist_5k"):
        dataset = card["data"]
    elif DATA is None:
        pytest.skip(f"{card['data']} does not come with the package; KERAS_GEN_DATA names a folder that has it")
    else:
        dataset = card["data"].replace("folder:", f"folder:{DATA}/")
    images = [datasets.load(dataset, split, configuration.image_size, DATA) for split in ("train", "test")]
    measure, _ = reproduction.measure(configuration, *images)
    last = card["evaluations"][-1]
    for term, found in measure(zoo.load(name)).items():
        if term in NEWER and term not in last:
            continue
        if term in ON_FEATURES:
            assert found == pytest.approx(last[term], rel=0.25, abs=0.005), term
        elif not term.endswith(("_std", "_deviation")):  # what is measured of the measure
            assert found == pytest.approx(last[term], rel=0.02, abs=0.02), term  # the run's weights are not rounded


@pytest.mark.slow
@pytest.mark.parametrize("format", ["onnx", "litert"])
@pytest.mark.parametrize("name", zoo.names())
def test_all_of_its_endpoints_are_exported(name, format, tmp_path):
    """On images that it drew itself, if it draws; the endpoints of untrained models are in tests/portable."""
    model = zoo.load(name)
    try:
        model.export(tmp_path / "folder", format=format)
    except InputError as error:
        if "needs" not in str(error):
            raise
        pytest.skip(str(error))
    endpoints = json.loads((tmp_path / "folder" / "signature.json").read_text())["endpoints"]
    drawing = {endpoint for endpoint, of in types_of(model).items() if of.draws}
    assert endpoints.keys() == model.endpoints().keys() - drawing
    # Trained flows make rounding larger, Glow's on the way to codes fifty times; the distance of a code from itself is
    # the square root of rounding.
    usual = 2e-4 if isinstance(model, FlowModel) else 1e-5
    for endpoint, of in endpoints.items():
        assert 0 <= of["largest_difference"] < {"neighbors": 1e-3}.get(endpoint, usual), endpoint


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
    with pytest.raises(InputError, match="npz is missing; install the package again"):
        zoo.load("faces_wgan_div")
    weights.write_bytes(content)
    card = zoo.card("faces_wgan_div")
    for damaged in ("{", "{}", "[]", json.dumps(card | {"model": {"class_name": "GAN"}})):
        (copied / "faces_wgan_div.json").write_text(damaged)
        with pytest.raises(InputError, match="json is damaged; install the package again"):
            zoo.load("faces_wgan_div")


def test_the_package_offers_it():
    assert keras_gen.zoo is zoo

"""Packages export what their files define, without lists."""

import re
import sys
from pathlib import Path

import pytest

import keras_gen
from keras_gen.exports import classes_of, modules_of


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package with one public and one private file, imported."""
    folder = tmp_path / "some_package"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "new_model.py").write_text(
        "from collections import OrderedDict\n"
        "class Base: ...\n"
        "class New(Base): ...\n"
        "class _Private(Base): ...\n"
        "class Other: ...\n"
        "def function(): ...\n"
    )
    (folder / "_hidden.py").write_text("class Hidden: ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield __import__("some_package")
    for name in [name for name in sys.modules if name.startswith("some_package")]:
        del sys.modules[name]


def test_a_new_file_is_found(package):
    assert list(modules_of("some_package")) == ["new_model"]
    found = classes_of("some_package")
    assert set(found) == {"Base", "New", "Other"}
    assert found["New"] is package.new_model.New
    assert set(classes_of("some_package", base=package.new_model.Base)) == {"Base", "New"}


def test_type_checkers_see_what_is_exported():
    source = Path(keras_gen.models.__file__).read_text(encoding="utf-8")
    seen = re.findall(r"^    from keras_gen\.models\.\w+ import (\w+) as \1$", source, re.M)
    assert sorted(seen) == keras_gen.models.__all__


def test_the_names_that_users_have():
    models = "ClusteringVAE DecoderFreeVAE DeepInfoMax FGAN FVAE FlowModel GAN GenerativeModel Glow GradientPenalized"
    models = {*models.split(), "RSGAN", "ReproducibleModel", "VAE", "WGAN", "WGANDiv", "WGANGP"}
    assert models <= set(keras_gen.models.__all__)
    losses = "AdversarialLoss FDivergence GradientPenalty NonSaturating OneSidedPenalty PowerPenalty Relativistic"
    modules = "adversarial f_divergences gradient_penalties gradient_sampling mutual_information"
    assert {*losses.split(), "TwoSidedPenalty", "Wasserstein", *modules.split()} <= set(keras_gen.losses.__all__)
    for package in (keras_gen.models, keras_gen.losses):
        assert all(hasattr(package, name) for name in package.__all__)

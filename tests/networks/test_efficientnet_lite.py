"""EfficientNet-Lite0 against NumPy."""

import numpy as np
import pytest

from keras_gen.metrics.imagenet import set_weights
from keras_gen.networks.efficientnet_lite import efficientnet_lite0

# The paper's table 1, block by block: kernel, stride, expansion, channels.
BLOCKS = [
    *[(3, 1, 1, 16)],
    *[(3, 2, 6, 24), (3, 1, 6, 24)],
    *[(5, 2, 6, 40), (5, 1, 6, 40)],
    *[(3, 2, 6, 80), (3, 1, 6, 80), (3, 1, 6, 80)],
    *[(5, 1, 6, 112), (5, 1, 6, 112), (5, 1, 6, 112)],
    *[(5, 2, 6, 192), (5, 1, 6, 192), (5, 1, 6, 192), (5, 1, 6, 192)],
    *[(3, 1, 6, 320)],
]


def patches(x, size, stride):
    """[n, out, out, size, size, channels] of images padded as TensorFlow does: the odd pixel below and to the right."""
    out = -(-x.shape[1] // stride)
    padding = max((out - 1) * stride + size - x.shape[1], 0)
    before, after = padding // 2, padding - padding // 2
    x = np.pad(x, ((0, 0), (before, after), (before, after), (0, 0)))
    rows = np.arange(out)[:, None] * stride + np.arange(size)
    return x[:, rows[:, None, :, None], rows[None, :, None, :]]


def expected_features(weights, x):
    """In float64, from weights by PyTorch's names and in its layout."""

    def convolved(x, name, stride, norm, activated=True):
        kernel = weights[f"{name}.weight"].astype(np.float64)
        windows = patches(x, kernel.shape[-1], stride)
        if kernel.shape[1] == 1 and x.shape[-1] > 1 and kernel.shape[0] == x.shape[-1]:
            y = np.einsum("nhwijc,cij->nhwc", windows, kernel[:, 0], optimize=True)
        else:
            y = np.einsum("nhwijc,ocij->nhwo", windows, kernel, optimize=True)
        scale, shift, mean, variance = (
            weights[f"{norm}.{part}"].astype(np.float64) for part in ("weight", "bias", "running_mean", "running_var")
        )
        y = (y - mean) / np.sqrt(variance + 1e-3) * scale + shift
        return np.clip(y, 0, 6) if activated else y

    x = convolved(x.astype(np.float64), "_conv_stem", 2, "_bn0")
    for i, (_, stride, expansion, channels) in enumerate(BLOCKS):
        block, y = f"_blocks.{i}", x
        if expansion > 1:
            y = convolved(y, f"{block}._expand_conv", 1, f"{block}._bn0")
        y = convolved(y, f"{block}._depthwise_conv", stride, f"{block}._bn1")
        y = convolved(y, f"{block}._project_conv", 1, f"{block}._bn2", activated=False)
        x = y + x if stride == 1 and x.shape[-1] == channels else y
    return convolved(x, "_conv_head", 1, "_bn1").mean(axis=(1, 2))


def torch_weights(seed=0):
    """Random weights of the right shapes; batch norms that keep the activations of order one."""
    random = np.random.RandomState(seed)
    weights = {}

    def add(name, norm, shape):
        out, fan_in = shape[0], np.prod(shape[1:])
        weights[f"{name}.weight"] = random.normal(scale=fan_in**-0.5, size=shape)
        weights[f"{norm}.weight"] = random.uniform(0.5, 1.5, out)
        weights[f"{norm}.bias"] = random.normal(size=out)
        weights[f"{norm}.running_mean"] = random.normal(scale=0.1, size=out)
        weights[f"{norm}.running_var"] = random.uniform(0.01, 1.0, out)

    add("_conv_stem", "_bn0", (32, 3, 3, 3))
    before = 32
    for i, (kernel, _, expansion, channels) in enumerate(BLOCKS):
        block, wide = f"_blocks.{i}", before * expansion
        if expansion > 1:
            add(f"{block}._expand_conv", f"{block}._bn0", (wide, before, 1, 1))
        add(f"{block}._depthwise_conv", f"{block}._bn1", (wide, 1, kernel, kernel))
        add(f"{block}._project_conv", f"{block}._bn2", (channels, wide, 1, 1))
        before = channels
    add("_conv_head", "_bn1", (1280, 320, 1, 1))
    return {name: values.astype("float32") for name, values in weights.items()}


@pytest.mark.parametrize("side", [32, 47])  # odd maps are padded alike on both sides, even ones are not
def test_against_numpy(side):
    network, weights = efficientnet_lite0(), torch_weights()
    set_weights(network, weights)
    images = np.random.RandomState(1).uniform(-1, 1, (2, side, side, 3)).astype("float32")
    expected = expected_features(weights, images)
    assert expected.std() > 0.1
    # float32 through some fifty layers whose batch norms divide by deviations down to 0.1.
    np.testing.assert_allclose(network(images), expected, rtol=0, atol=2e-3)


def test_size():
    # 4,652,008 trained weights are published; 1,281,000 of them make logits. Batch norms keep 2 x 21,008 moments.
    assert efficientnet_lite0().count_params() == 4_652_008 - 1_281_000 + 42_016

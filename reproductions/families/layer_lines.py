"""The layers of built networks in words: a line for each layer with a kernel and what follows it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


def lines(network: keras.Model) -> Iterator[str]:
    """A line for each layer with a kernel and what follows it, and for each change of shape before one."""
    from keras import layers

    from keras_gen.layers import SpectralNormalization, flows

    kernels, alone = (layers.Conv2D, layers.Conv2DTranspose, layers.Dense), (flows.Squeeze, flows.Unsqueeze)
    parts: list[str] = []
    for layer in network.layers[1:]:
        inner = layer.layer if isinstance(layer, SpectralNormalization) else layer
        if isinstance(inner, kernels + alone) and parts:
            yield ", ".join(parts)
            parts = []
        if isinstance(inner, kernels):
            parts = [_kernel(inner), *_constraint(layer)]
        elif isinstance(inner, alone):
            yield "squeeze" if isinstance(inner, flows.Squeeze) else "unsqueeze"
        elif not _is_linear(inner):
            parts.append(_other(inner))
    if parts:
        yield ", ".join(parts)


def shortened(found: Iterable[str]) -> Iterator[str]:
    """The same lines, where one or two that come again and again are one."""
    rows = list(found)
    while rows:
        times, period = max((_repetitions(rows, period), -period) for period in (1, 2))
        period = -period if times > 1 else 1
        block = "; then ".join(rows[:period])
        yield f"{times} x ({block})" if times > 1 else block
        rows = rows[period * times :]


def _repetitions(rows: list[str], period: int) -> int:
    times = 1
    while rows[period * times : period * (times + 1)] == rows[:period]:
        times += 1
    return times


def batch_norms(*networks: keras.Model) -> str:
    """What all batch norms of the networks have in common, or each kind."""
    from keras import layers

    found = {
        f"momentum {layer.momentum:g}, epsilon {layer.epsilon:g}"
        for network in networks
        for layer in network.layers
        if isinstance(layer, layers.BatchNormalization)
    }
    return "; ".join(sorted(found))


def optimizer(optimizer: keras.Optimizer) -> str:
    """An optimiser of constant rate."""
    o = optimizer
    rate = float(o.learning_rate.value)
    return f"{type(o).__name__}, rate {rate:.3g}, β₁ {o.beta_1:g}, β₂ {o.beta_2:g}, ε {o.epsilon:g}"


def _kernel(layer: keras.Layer) -> str:
    from keras import initializers, layers

    match layer:
        case layers.Dense():
            kind = f"dense {layer.units}"
        case _:
            transposed = "transposed " if isinstance(layer, layers.Conv2DTranspose) else ""
            (stride,) = set(layer.strides)
            strides = f", stride {stride}" if stride != 1 else ""
            kind = f"{transposed}conv {'x'.join(map(str, layer.kernel_size))}{strides}, {layer.filters}"
    match layer.kernel_initializer:
        case initializers.GlorotUniform():
            initial = "Glorot"
        case initializers.Zeros():
            initial = "zeros"
        case initializers.RandomNormal(stddev=deviation):
            initial = f"N(0, {deviation:g}²)"
        case _:
            raise AssertionError(f"layer {layer.name} has another initializer")
    activation = layer.activation.__name__
    words = {"linear": "", "relu": ", ReLU"}
    return f"{kind}, {initial}, {'bias' if layer.use_bias else 'no bias'}{words[activation]}"


def _constraint(layer: keras.Layer) -> list[str]:
    from keras_gen.layers import SpectralNormalization

    if isinstance(layer, SpectralNormalization):
        return [
            "W/σ(W) with u kept" if layer.persistent else f"W/σ(W) by {layer.power_iterations} iterations from ones"
        ]
    return [] if layer.kernel_constraint is None else ["W/σ(W) after each step"]


def _is_linear(layer: keras.Layer) -> bool:
    from keras import layers

    return isinstance(layer, layers.Activation) and layer.activation.__name__ == "linear"


def _other(layer: keras.Layer) -> str:
    from keras import layers

    from keras_gen.layers import UnitScaleBatchNormalization

    match layer:
        case UnitScaleBatchNormalization():
            return "batch norm with γ/‖γ‖"
        case layers.BatchNormalization():
            return "batch norm" if layer.gamma_constraint is None else "batch norm, γ/‖γ‖ after each step"
        case layers.LeakyReLU():
            return f"leaky {layer.negative_slope:g}"
        case layers.ReLU():
            return "ReLU"
        case layers.Activation():
            return layer.activation.__name__
        case layers.Reshape():
            return f"to {'x'.join(map(str, layer.target_shape))}"
        case layers.Flatten():
            return "flattened"
        case layers.GlobalAveragePooling2D():
            return "averaged over the map"
        case layers.Add():
            return "added to what came in"
    raise AssertionError(f"layer {layer.name} has no description")

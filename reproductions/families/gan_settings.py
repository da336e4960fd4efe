"""The settings of an image GAN, as its built networks and optimisers have them, beside those of the author's script."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from reproductions.families import gans
from reproductions.reporting import markdown

if TYPE_CHECKING:
    import keras

    from keras_gen.models import AdversarialModel

SAME = "the same"
# From the name of a setting to what it is; `critic` and `generator` hold a line for each layer.
Settings = Mapping[str, str | tuple[str, ...]]


def table(
    author: Settings,
    configuration: gans.Configuration,
    build: Callable[[Any, tuple[int, int, int], int], AdversarialModel],
) -> str:
    """A row per setting and per layer: the author's, and what differs in ours.

    Args:
        author: His settings.
        configuration: Ours, whose networks are built.
        build: The script's.
    """
    return rendered(author, settings(configuration, build))


def rendered(author: Settings, ours: Settings) -> str:
    """Both as a table."""
    return markdown.table(("", "the author's script", "the `paper` preset"), compared(author, ours))


def compared(author: Settings, ours: Settings) -> list[tuple[str, str, str]]:
    """Name, his and ours of every setting, a layer each; of ours, what differs."""
    return [
        (name, his or "none", _differing(his, our))
        for setting in author
        for name, his, our in _lines(setting, author[setting], ours[setting])
    ]


def _lines(setting: str, his: str | tuple[str, ...], ours: str | tuple[str, ...]) -> Iterator[tuple[str, str, str]]:
    if isinstance(his, str) or isinstance(ours, str):
        yield setting, str(his), str(ours)
    else:
        for i, (one, other) in enumerate(zip_longest(his, ours, fillvalue=""), 1):
            yield f"{setting} {i}", one, other


def _differing(his: str, ours: str) -> str:
    """The parts of a line of ours that differ from his."""
    parts, others = ours.split(", "), his.split(", ")
    if len(parts) != len(others):
        return ours or "none"
    return ", ".join(part for part, other in zip(parts, others, strict=True) if part != other) or SAME


def settings(
    configuration: gans.Configuration,
    build: Callable[[Any, tuple[int, int, int], int], AdversarialModel],
) -> dict[str, str | tuple[str, ...]]:
    """Ours, read from the networks that are built for the configuration, and from their optimisers."""
    c = configuration
    assert c.image_size is not None
    image_shape = (c.image_size, c.image_size, 3)
    # Optimisers, update counts and the loss are those of any width.
    model = build(c.replace({"width": 1}), image_shape, 1)
    generator, discriminator = gans.networks(c, image_shape, 1)
    return {
        "critic": tuple(_layers(discriminator)),
        "generator": tuple(_layers(generator)),
        "batch norm": _batch_norms(generator, discriminator),
        "latents": f"{generator.input_shape[1]}, N(0, I)",
        "loss": _loss(model),
        "updates in a step": f"critic {model.discriminator_steps}, generator {model.generator_steps}",
        "critic's optimiser": _optimizer(model.discriminator_optimizer),
        "generator's optimiser": _optimizer(model.generator_optimizer),
        "average of the generator": "none" if model.ema_momentum is None else f"{model.ema_momentum:g}",
        "batch": f"{c.batch_size}",
        "steps": f"{c.steps:,}",
        "images": f"{c.dataset}, {c.image_size} pixels",
    }


def _loss(model: AdversarialModel) -> str:
    from keras_gen import models
    from keras_gen.losses.adversarial import Wasserstein

    points = {"real_and_fake": "real and fake images", "interpolate_real_fake": "interpolates"}
    match model:
        case models.WGANDiv():
            return f"(11), k = {model.k:g}, p = {model.p:g}, slopes at {points[str(model.sampling)]}"
        case models.WGANGP():
            equation = "(20)" if model.one_sided else "(19)"
            return f"{equation}, λ = {model.penalty_weight:g}, slopes at {points[str(model.sampling)]}"
        case models.RSGAN(h="log_sigmoid"):
            return f"(7) and (9), pairs by {model.pairs}"
        case models.GAN() if isinstance(model.adversarial_loss, Wasserstein):
            return "(18)"
        case models.FGAN():
            saturation = "not saturating" if model.non_saturating else "saturating"
            divergence = model.divergence.name
            return f"(16), {saturation}" if divergence == "sgan" else f"(14), {divergence}, {saturation}"
    raise AssertionError(f"{type(model).__name__} has no description")


def _layers(network: keras.Model) -> Iterator[str]:
    """A line for each layer with a kernel and what follows it, and for each change of shape before one."""
    from keras import layers

    from keras_gen.layers import SpectralNormalization, UnitScaleBatchNormalization

    parts: list[str] = []
    for layer in network.layers[1:]:
        inner = layer.layer if isinstance(layer, SpectralNormalization) else layer
        if isinstance(inner, layers.Conv2D | layers.Conv2DTranspose | layers.Dense):
            if parts:
                yield ", ".join(parts)
            parts = [_kernel(inner)]
            if isinstance(layer, SpectralNormalization):
                iterations = layer.power_iterations
                parts.append(
                    "W/σ(W) with u kept" if layer.persistent else f"W/σ(W) by {iterations} iterations from ones"
                )
            elif inner.kernel_constraint is not None:
                parts.append("W/σ(W) after each step")
            continue
        match inner:
            case UnitScaleBatchNormalization():
                parts.append("batch norm with γ/‖γ‖")
            case layers.BatchNormalization():
                parts.append("batch norm" if inner.gamma_constraint is None else "batch norm, γ/‖γ‖ after each step")
            case layers.LeakyReLU():
                parts.append(f"leaky {inner.negative_slope:g}")
            case layers.ReLU():
                parts.append("ReLU")
            case layers.Activation():
                parts.append(inner.activation.__name__)
            case layers.Reshape():
                parts.append(f"to {'x'.join(map(str, inner.target_shape))}")
            case layers.Flatten():
                parts.append("flattened")
            case layers.GlobalAveragePooling2D():
                parts.append("averaged over the map")
            case _:
                raise AssertionError(f"layer {inner.name} has no description")
    yield ", ".join(parts)


def _kernel(layer: keras.Layer) -> str:
    from keras import initializers, layers

    match layer:
        case layers.Dense():
            kind = f"dense {layer.units}"
        case _:
            transposed = "transposed " if isinstance(layer, layers.Conv2DTranspose) else ""
            (stride,) = set(layer.strides)
            kind = f"{transposed}conv {'x'.join(map(str, layer.kernel_size))}, stride {stride}, {layer.filters}"
    match layer.kernel_initializer:
        case initializers.GlorotUniform():
            initial = "Glorot"
        case initializers.RandomNormal(stddev=deviation):
            initial = f"N(0, {deviation:g}²)"
        case _:
            raise AssertionError(f"layer {layer.name} has another initializer")
    return f"{kind}, {initial}, {'bias' if layer.use_bias else 'no bias'}"


def _batch_norms(*networks: keras.Model) -> str:
    from keras import layers

    found = {
        f"momentum {layer.momentum:g}, epsilon {layer.epsilon:g}"
        for network in networks
        for layer in network.layers
        if isinstance(layer, layers.BatchNormalization)
    }
    return "; ".join(sorted(found))


def _optimizer(optimizer: keras.Optimizer) -> str:
    o = optimizer
    rate = float(o.learning_rate.value)
    return f"{type(o).__name__}, rate {rate:.3g}, β₁ {o.beta_1:g}, β₂ {o.beta_2:g}, ε {o.epsilon:g}"

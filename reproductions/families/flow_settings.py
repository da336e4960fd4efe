"""The settings of f-VAE, Glow and VAE, as the built models have them, beside those of the author's scripts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from reproductions.families import layer_lines, vaes
from reproductions.families.settings_table import Settings, rendered

if TYPE_CHECKING:
    from keras_gen.layers.flows import FlowLayer
    from keras_gen.models import FVAE, VAE, Glow

Build = Callable[[Any, tuple[int, int, int], int], "FVAE | Glow | VAE"]


def table(author: Settings, configuration: vaes.Configuration, build: Build, preset: str) -> str:
    """A row per setting, per layer and per level: the author's, and what differs in ours.

    Args:
        author: His settings.
        configuration: Ours, whose model is built.
        build: The script's.
        preset: The name of ours.
    """
    return rendered(author, settings(configuration, build), preset)


def settings(configuration: vaes.Configuration, build: Build) -> dict[str, str | tuple[str, ...]]:
    """Ours, read from the model that is built for the configuration, and from its optimiser."""
    from keras_gen.models import FVAE, VAE, Glow

    c = configuration
    assert c.image_size is not None
    model = build(c, (c.image_size, c.image_size, 3), 1)
    found: dict[str, str | tuple[str, ...]] = {
        "optimiser": layer_lines.optimizer(model.optimizer),
        "batch": f"{c.batch_size}",
        "steps": f"{c.steps:,}",
        "images": f"{c.dataset}, {c.image_size} pixels, [-1, 1]",
    }
    if isinstance(model, FVAE | VAE):
        networks = model.encoder, model.decoder
        found["encoder"], found["decoder"] = (
            tuple(layer_lines.shortened(layer_lines.lines(network))) for network in networks
        )
        found["batch norm"] = layer_lines.batch_norms(*networks)
    if isinstance(model, FVAE | Glow):
        found["flow"] = tuple(_levels(model.flow))
        found["noise on the images"] = _noise(model)
    match model:
        case FVAE():
            found["loss"] = "(18) with d log σ₂"
            beginnings = " and ".join(f"{sigma:g}" for sigma in model.initial_sigmas)
            found["σ₁ and σ₂"] = f"{beginnings} at first, {'trained' if model.trainable_sigmas else 'constant'}"
        case Glow():
            found["loss"] = "-log q(x)"
        case VAE():
            found["loss"] = "-ELBO, its KL divergence in closed form"
            found["what the encoder gives"] = "mean and log σ²"
            likelihood: Any = model.likelihood_layer
            trained = "trained" if likelihood.trainable_variance else "constant"
            found["variance of the likelihood"] = f"{likelihood.variance:g}, {trained}"
    return found


def _levels(flow: FlowLayer) -> Iterator[str]:
    """Lines for each level of Glow's flow: squeeze, steps, and what becomes of the channels after them."""
    from keras_gen.layers import flows

    assert isinstance(flow, flows.MultiScale)
    for level in flow.levels:
        assert isinstance(level, flows.Chain)
        *layers, last = level.layers
        if isinstance(layers[0], flows.Squeeze):
            yield "squeeze"
            layers = layers[1:]
        words = [_words(layer) for layer in layers]
        yield from layer_lines.shortened(", ".join(words[i : i + 3]) for i in range(0, len(words), 3))
        yield f"half set aside, {_words(last)}" if isinstance(last, flows.AffineCoupling) else _words(last)


def _words(layer: FlowLayer) -> str:
    from keras_gen.layers import flows

    match layer:
        case flows.ActNorm():
            return f"act norm from {'the first batch' if layer.from_data else 'the identity'}"
        case flows.Permutation():
            return "random permutation"
        case flows.InvertibleConvolution():
            return "1x1 convolution"
        case flows.AdditiveCoupling():
            return f"additive coupling by {_network(layer)}"
        case flows.AffineCoupling():
            scale = {"sigmoid": "σ(r + 2)"}.get(layer.scale.name, "exp(2 tanh(r/2))")
            return f"scale {scale}, shift and r by {_network(layer)}"
    raise AssertionError(f"layer {layer.name} has no description")


def _network(layer: Any) -> str:
    return " - ".join(layer_lines.lines(layer.network))


def _noise(model: FVAE | Glow) -> str:
    if model.input_noise == "none":
        return "none"
    values = model.noise_scale * 127.5
    return f"{model.input_noise}, {values:.2g} of a value's width"

"""The settings of an image GAN, as its built networks and optimisers have them, beside those of the author's script."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from reproductions.families import gans, layer_lines
from reproductions.families.settings_table import Settings, rendered

if TYPE_CHECKING:
    from keras_gen.models import AdversarialModel


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
        "critic": tuple(layer_lines.lines(discriminator)),
        "generator": tuple(layer_lines.lines(generator)),
        "batch norm": layer_lines.batch_norms(generator, discriminator),
        "latents": f"{generator.input_shape[1]}, N(0, I)",
        "loss": _loss(model),
        "updates in a step": f"critic {model.discriminator_steps}, generator {model.generator_steps}",
        "critic's optimiser": layer_lines.optimizer(model.discriminator_optimizer),
        "generator's optimiser": layer_lines.optimizer(model.generator_optimizer),
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

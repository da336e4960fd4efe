"""WGAN-div: the Wasserstein divergence as a GAN's loss (post of 2018-11-07).

The model is `keras_gen/models/wgan_div.py`, the page `reproductions/wgan_div.md`.

    python -m reproductions.wgan_div --output_dir=runs/wgan_div
    python -m reproductions.wgan_div --study=sampling
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from reproductions.families import authors_gans, gan_settings, gans, samples
from reproductions.harness.launch import launch
from reproductions.harness.options import option
from reproductions.harness.reproduction import Reproduction
from reproductions.reporting import run_report
from reproductions.studies import comparison, power, sampling

if TYPE_CHECKING:
    from keras_gen.models import GenerativeModel

# Options that not every choice of another uses.
of_wgan_div = partial(option, only={"model": ("wgan_div",)})
of_wgan_gp = partial(option, only={"model": ("wgan_gp",)})
of_wgan = partial(option, only={"model": ("wgan",)})
of_slopes = partial(option, only={"model": ("wgan_div", "wgan_gp")})


@dataclass(frozen=True, kw_only=True)
class Configuration(gans.Configuration):
    """WGAN-div, and what it is compared with."""

    model: Literal["wgan_div", "wgan_gp", "wgan", "gan"] = option(
        "wgan_div", "WGAN-div, or a model to compare it with."
    )
    k: float = of_wgan_div(2.0, "WGAN-div: weight of the gradient term.", above=0)
    p: float = of_wgan_div(6.0, "WGAN-div: power of the gradient's norm.", above=1)
    sampling: (
        Literal[
            "interpolate_real_fake",
            "interpolate_within",
            "interpolate_pooled",
            "real_and_fake",
            "fake",
            "real",
            "interpolate_within_class",
        ]
        | None
    ) = of_slopes(
        None,
        "WGAN-div, WGAN-GP: where the gradient is measured; the model's own choice by default. Of a conditional model, "
        "interpolate_within_class joins images of one class, interpolate_real_fake images of any.",
    )
    penalty_weight: float = of_wgan_gp(10.0, "WGAN-GP: weight of the gradient penalty.", above=0)
    one_sided: bool = of_wgan_gp(False, "WGAN-GP: penalise only norms above 1.")
    clip: float = of_wgan(0.01, "WGAN: bound of the critic's weights.", above=0)


# The author's networks for 128 pixels: the critic's last map is averaged.
NETWORKS = {"architecture": "authors_128", "pooling": "average"}

PRESETS = {
    "smoke": Configuration(**gans.SMOKE),
    # The critic learns faster than the generator, so that one update per step is enough for it. Small batches make more
    # of the time, the decay takes away their noise. Without labels or batch norm fewer digits are whole.
    "laptop": Configuration(
        num_classes=10,
        latent_dim=16,
        batch_norm=True,
        steps=12_000,
        decay_steps=12_000,
        discriminator_learning_rate=1e-3,
        evaluate_every=2_000,
    ),
    "photos_32": Configuration(**gans.PHOTOS_32 | NETWORKS),
    "photos_64": Configuration(**gans.PHOTOS_64 | NETWORKS),
    # The author's own: 128 pixels, 20,000 iterations.
    "paper": Configuration(**gans.PAPER | NETWORKS | {"image_size": 128, "latent_dim": 128, "steps": 20_000}),
}


def build(configuration: Configuration, image_shape: tuple[int, int, int], num_replicas: int) -> GenerativeModel:
    """The compiled model for images of that shape."""
    from keras_gen.models import GAN, WGAN, WGANGP, WGANDiv

    c = configuration
    networks, arguments = gans.networks(c, image_shape, num_replicas), gans.arguments(c)
    sampling: dict[str, Any] = {} if c.sampling is None else {"sampling": c.sampling}
    model: GenerativeModel
    match c.model:
        case "wgan_div":
            model = WGANDiv(*networks, c.k, c.p, **sampling, **arguments)
        case "wgan_gp":
            model = WGANGP(*networks, c.penalty_weight, c.one_sided, **sampling, **arguments)
        case "wgan":
            model = WGAN(*networks, c.clip, **arguments)
        case "gan":
            model = GAN(*networks, **arguments)
    return gans.compiled(model, c)


REPRODUCTION = Reproduction(
    name="wgan_div",
    minutes=10,
    summary="WGAN-div: a Wasserstein divergence needs no Lipschitz constraint",
    presets=PRESETS,
    build=build,
    measure=samples.sample_quality,
    compared=samples.image_counts,
    report=run_report.write,
    studies={
        **comparison.STUDIES,
        "sampling": sampling.STUDY,
        "power": power.STUDY,
    },
    settings={
        "wgan_div_celeba": lambda: gan_settings.table(authors_gans.WGAN_DIV, PRESETS["paper"], build),
    },
)

if __name__ == "__main__":
    launch(REPRODUCTION)

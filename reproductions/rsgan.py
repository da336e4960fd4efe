"""RSGAN: a discriminator that judges pairs (post of 2018-10-22).

The model is `keras_gen/models/rsgan.py`, the page `reproductions/rsgan.md`.

    python -m reproductions.rsgan --output_dir=runs/rsgan
    python -m reproductions.rsgan --study=convergence
    python -m reproductions.rsgan --study=modes
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

from reproductions.families import authors_gans, gan_settings, gans, samples
from reproductions.harness.launch import launch
from reproductions.harness.options import option
from reproductions.harness.reproduction import Reproduction
from reproductions.reporting import run_report
from reproductions.studies import modes, rsgan_convergence, rsgan_stability

if TYPE_CHECKING:
    from keras_gen.models import GenerativeModel

# Options that not every choice of another uses.
of_rsgan = partial(option, only={"model": ("rsgan",)})


@dataclass(frozen=True, kw_only=True)
class Configuration(gans.Configuration):
    """RSGAN, and what it is compared with."""

    model: Literal["rsgan", "gan"] = option("rsgan", "RSGAN, or the standard GAN.")
    h: Literal["log_sigmoid", "linear", "log_one_minus_sigmoid"] = of_rsgan(
        "log_sigmoid", "RSGAN: what the generator minimises of a pair's difference."
    )
    pairs: Literal["position", "all", "average"] = of_rsgan(
        "position", "RSGAN: what is compared; average: the relativistic average GAN."
    )
    real_scores: Literal["fresh", "running_mean"] = of_rsgan(
        "fresh", "RSGAN: what the generator compares with, scores of fresh real images or their running mean."
    )


PRESETS = {
    "smoke": Configuration(**gans.SMOKE),
    "laptop": Configuration(),
    "photos_32": Configuration(**gans.PHOTOS_32, generator_steps=2, spectral_normalization="from_ones"),
    "photos_64": Configuration(**gans.PHOTOS_64, generator_steps=2, spectral_normalization="from_ones"),
    # The author's own: spectral normalisation and batch norm in the discriminator, two steps of the generator for one.
    "paper": Configuration(**gans.PAPER, generator_steps=2, spectral_normalization="from_ones"),
}


def build(configuration: Configuration, image_shape: tuple[int, int, int], num_replicas: int) -> GenerativeModel:
    """The compiled model for images of that shape."""
    from keras_gen.models import GAN, RSGAN

    c = configuration
    networks, arguments = gans.networks(c, image_shape, num_replicas), gans.arguments(c)
    model = (
        GAN(*networks, **arguments) if c.model == "gan" else RSGAN(*networks, c.h, c.pairs, c.real_scores, **arguments)
    )
    return gans.compiled(model, c)


REPRODUCTION = Reproduction(
    name="rsgan",
    minutes=3,
    summary="RSGAN: a discriminator that tells which of two images is real",
    presets=PRESETS,
    build=build,
    measure=samples.sample_quality,
    compared=samples.image_counts,
    report=run_report.write,
    studies={
        **rsgan_convergence.STUDIES,
        "stability": rsgan_stability.STUDY,
        **modes.STUDIES,
    },
    settings={
        "rsgan_sn_celeba": lambda: gan_settings.table(authors_gans.RSGAN, PRESETS["paper"], build),
    },
)

if __name__ == "__main__":
    launch(REPRODUCTION)

"""f-GAN: a GAN for every f-divergence (post of 2018-09-29).

The model is `keras_gen/models/f_gan.py`, the page `reproductions/f_gan.md`.

    python -m reproductions.f_gan --output_dir=runs/f_gan --divergence=kl
    python -m reproductions.f_gan --study=gaussian_table
    python -m reproductions.f_gan --study=images
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from reproductions.families import authors_gans, gan_settings, gans, samples
from reproductions.harness.launch import launch
from reproductions.harness.options import option
from reproductions.harness.reproduction import Reproduction
from reproductions.reporting import run_report
from reproductions.studies import gaussian_table, images

if TYPE_CHECKING:
    from keras_gen.models import FGAN


@dataclass(frozen=True, kw_only=True)
class Configuration(gans.Configuration):
    """f-GAN."""

    divergence: Literal[
        "total_variation", "kl", "reverse_kl", "pearson", "neyman", "hellinger", "jeffreys", "js", "sgan"
    ] = option("sgan", "Which f-divergence the discriminator estimates.")
    order: Literal["real_fake", "fake_real"] = option("real_fake", "D_f(p||q), equation 14, or D_f(q||p), equation 15.")
    non_saturating: bool = option(False, "Give the generator the loss that does not saturate.")


PRESETS = {
    "smoke": Configuration(**gans.SMOKE),
    "laptop": Configuration(),
    "photos_32": Configuration(**gans.PHOTOS_32),
    "photos_64": Configuration(**gans.PHOTOS_64),
    # The post has no experiment: the networks, rates and updates are those of the author's script for the standard GAN.
    "paper": Configuration(**gans.PAPER, generator_steps=2),
}


def build(configuration: Configuration, image_shape: tuple[int, int, int], num_replicas: int) -> FGAN:
    """The compiled model for images of that shape."""
    from keras_gen.models import FGAN

    c = configuration
    networks = gans.networks(c, image_shape, num_replicas)
    model = FGAN(*networks, c.divergence, c.order, c.non_saturating, **gans.arguments(c))
    return gans.compiled(model, c)


REPRODUCTION = Reproduction(
    name="f_gan",
    minutes=3,
    summary="f-GAN: one GAN for every f-divergence",
    presets=PRESETS,
    build=build,
    measure=samples.sample_quality,
    compared=samples.image_counts,
    report=run_report.write,
    studies={
        "gaussian_table": gaussian_table.STUDY,
        **images.STUDIES,
    },
    settings={
        "dcgan_celeba": lambda: gan_settings.table(authors_gans.DCGAN, PRESETS["paper"], build),
    },
)

if __name__ == "__main__":
    launch(REPRODUCTION)

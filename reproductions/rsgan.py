"""RSGAN: a discriminator that judges pairs (post of 2018-10-22).

The model is `keras_gen/models/rsgan.py`, the page `reproductions/rsgan.md`.

    python -m reproductions.rsgan --output_dir=runs/rsgan
    python -m reproductions.rsgan --study=convergence --seeds=0
    python -m reproductions.rsgan --study=modes --seeds=0,1,2
"""

from types import SimpleNamespace

from absl import flags

from keras_gen.losses.relativistic import PAIRS, H
from keras_gen.models import GAN, RSGAN
from reproductions.experiments import modes
from reproductions.harness import gans, measures, plots
from reproductions.harness.launch import launch
from reproductions.harness.reproduction import Reproduction
from reproductions.harness.study import Study

OWN = {"model": "rsgan", "h": "log_sigmoid", "pairs": "position"}

PRESETS = {
    "smoke": gans.SMOKE | OWN,
    "laptop": gans.LAPTOP
    | OWN
    | {
        "steps": 4_000,
        "discriminator_learning_rate": 5e-4,
        "generator_learning_rate": 5e-4,
    },
    # The author's own: spectral normalisation and batch norm in the discriminator, two steps of the generator for one.
    "paper": gans.PAPER | OWN | {"steps": 100_000, "generator_steps": 2, "spectral_normalization": "from_ones"},
}


def define_flags() -> None:
    """Defines the flags of this script; a preset fills in those that are not given."""
    flags.DEFINE_enum("model", None, ["rsgan", "gan"], "RSGAN, or the standard GAN.")
    flags.DEFINE_enum("h", None, list(H), "RSGAN: what the generator minimises of a pair's difference.")
    flags.DEFINE_enum("pairs", None, PAIRS, "RSGAN: what is compared; average: the relativistic average GAN.")
    gans.define_flags()


def build(configuration: SimpleNamespace, image_shape: tuple[int, int, int], num_replicas: int) -> GAN:
    """The compiled model for images of that shape."""
    c = configuration
    networks, arguments = gans.networks(c, image_shape, num_replicas), gans.arguments(c)
    model = GAN(*networks, **arguments) if c.model == "gan" else RSGAN(*networks, c.h, c.pairs, **arguments)
    return gans.compiled(model, c)


MODELS = {
    "SGAN": {"model": "gan"},
    "SNGAN": {"model": "gan", "spectral_normalization": "persistent"},
    "RSGAN": {"model": "rsgan"},
    "RSGAN with SN": {"model": "rsgan", "spectral_normalization": "persistent"},
    "RaSGAN": {"model": "rsgan", "pairs": "average"},
}

STUDIES = {
    "convergence": Study(
        question="RSGAN beside SGAN, SNGAN and RaSGAN, with one and with two steps of the generator for one of T",
        variants={
            f"{title}, 1:{generator_steps}": variant | {"generator_steps": generator_steps}
            for generator_steps in (1, 2)
            for title, variant in MODELS.items()
        },
        plot=plots.curves,
        timed=True,
    ),
    "modes": modes.STUDY,
}

REPRODUCTION = Reproduction(
    name="rsgan",
    summary="RSGAN: a discriminator that tells which of two images is real (3 minutes)",
    presets=PRESETS,
    define_flags=define_flags,
    build=build,
    measure=measures.sample_quality,
    studies=STUDIES,
)

if __name__ == "__main__":
    launch(REPRODUCTION)

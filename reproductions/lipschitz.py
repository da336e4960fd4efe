"""Lipschitz constraints: critics whose slope is bounded by spectral norms or by penalties (post of 2018-10-07).

The layer is `keras_gen/layers/spectral_normalization.py`, the page `reproductions/lipschitz.md`.

    python -m reproductions.lipschitz --output_dir=runs/lipschitz
    python -m reproductions.lipschitz --study=critics --seeds=0
    python -m reproductions.lipschitz --study=generalization --seeds=0
"""

from types import SimpleNamespace

from absl import flags

from keras_gen.errors import InputError
from keras_gen.models import GAN, WGAN, WGANGP
from reproductions.experiments import generalization
from reproductions.harness import gans, measures, plots
from reproductions.harness.flags import define_positive
from reproductions.harness.launch import launch
from reproductions.harness.reproduction import Reproduction
from reproductions.harness.study import Study

OWN = {"critic": "spectral_normalization", "penalty_weight": 10.0, "clip": 0.01}

# How `spectral_normalization` normalises: the laptop presets as the paper does, the paper preset as the author's code.
PRESETS = {
    "smoke": gans.SMOKE | OWN | {"spectral_normalization": "persistent"},
    "laptop": gans.LAPTOP
    | OWN
    | {
        "spectral_normalization": "persistent",
        "steps": 4_000,
        "discriminator_learning_rate": 2e-3,
        "generator_learning_rate": 5e-4,
    },
    # The author's own: five steps of the critic for one of the generator.
    "paper": gans.PAPER | OWN | {"spectral_normalization": "from_ones", "steps": 100_000, "discriminator_steps": 5},
}


def define_flags() -> None:
    """Defines the flags of this script; a preset fills in those that are not given."""
    flags.DEFINE_enum(
        "critic",
        None,
        ["spectral_normalization", "gradient_penalty", "one_sided_penalty", "clipping"],
        "What bounds the critic's slope.",
    )
    define_positive("penalty_weight", "Gradient penalties: their weight.")
    define_positive("clip", "Clipping: bound of the critic's weights.")
    gans.define_flags()


def build(configuration: SimpleNamespace, image_shape: tuple[int, int, int], num_replicas: int) -> GAN:
    """The compiled model for images of that shape."""
    c = configuration
    if (c.critic, c.spectral_normalization) == ("spectral_normalization", "none"):
        raise InputError("--spectral_normalization=none: nothing bounds the critic; choose how, or another --critic")
    if c.critic != "spectral_normalization":
        c = SimpleNamespace(**vars(c) | {"spectral_normalization": "none"})
    networks, arguments = gans.networks(c, image_shape, num_replicas), gans.arguments(c)
    match c.critic:
        case "spectral_normalization":
            model = GAN(*networks, adversarial_loss="wasserstein", **arguments)
        case "clipping":
            model = WGAN(*networks, c.clip, **arguments)
        case _:
            model = WGANGP(*networks, c.penalty_weight, c.critic == "one_sided_penalty", **arguments)
    return gans.compiled(model, c)


STUDIES = {
    "critics": Study(
        question="What bounds the critic of a WGAN: spectral normalisation, gradient penalties, clipping, projection",
        variants={
            "SN, u kept": {"critic": "spectral_normalization", "spectral_normalization": "persistent"},
            "SN, five iterations from ones": {
                "critic": "spectral_normalization",
                "spectral_normalization": "from_ones",
            },
            "SN by projection after the step": {
                "critic": "spectral_normalization",
                "spectral_normalization": "projection",
            },
            "gradient penalty": {"critic": "gradient_penalty"},
            "one-sided gradient penalty": {"critic": "one_sided_penalty"},
            "clipping": {"critic": "clipping"},
            "SN, u kept, equal rates": {
                "critic": "spectral_normalization",
                "spectral_normalization": "persistent",
                "discriminator_learning_rate": 5e-4,
            },
            "gradient penalty, equal rates": {"critic": "gradient_penalty", "discriminator_learning_rate": 5e-4},
            # The author's ratio.
            "SN, u kept, 5:1": {
                "critic": "spectral_normalization",
                "spectral_normalization": "persistent",
                "discriminator_steps": 5,
            },
            "gradient penalty, 5:1": {"critic": "gradient_penalty", "discriminator_steps": 5},
        },
        plot=plots.curves,
        timed=True,
    ),
    "generalization": generalization.STUDY,
}

REPRODUCTION = Reproduction(
    name="lipschitz",
    summary="Lipschitz constraints: spectral norms instead of gradient penalties (3 minutes)",
    presets=PRESETS,
    define_flags=define_flags,
    build=build,
    measure=measures.sample_quality,
    studies=STUDIES,
)

if __name__ == "__main__":
    launch(REPRODUCTION)

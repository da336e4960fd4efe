"""Lipschitz constraints: critics whose slope is bounded by spectral norms or by penalties (post of 2018-10-07).

The layer is `keras_gen/layers/spectral_normalization.py`, the page `reproductions/lipschitz.md`.

    python -m reproductions.lipschitz --output_dir=runs/lipschitz
    python -m reproductions.lipschitz --study=critics
    python -m reproductions.lipschitz --study=generalization
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

from reproductions.families import authors_gans, gan_settings, gans, samples
from reproductions.harness.errors import UsageError
from reproductions.harness.launch import launch
from reproductions.harness.options import option
from reproductions.harness.reproduction import Reproduction
from reproductions.reporting import run_report
from reproductions.studies import conditioning, critics, generalization, step_time

if TYPE_CHECKING:
    from keras_gen.models import GenerativeModel

# Options that not every choice of another uses.
of_penalties = partial(option, only={"critic": ("gradient_penalty", "one_sided_penalty", "r1")})
of_clipping = partial(option, only={"critic": ("clipping",)})
# Critics that go with every loss; the others' papers have WGAN's.
ANY_LOSS = ("spectral_normalization", "r1")


@dataclass(frozen=True, kw_only=True)
class Configuration(gans.Configuration):
    """What bounds the critic."""

    critic: Literal[
        "spectral_normalization", "gradient_penalty", "one_sided_penalty", "clipping", "divergence", "r1"
    ] = option(
        "spectral_normalization",
        "What bounds the critic's slope; divergence: WGAN-div's gradient term; r1: a penalty at real images.",
    )
    loss: Literal["wasserstein", "logistic", "hinge", "least_squares"] = option(
        "wasserstein", "Spectral normalisation and r1: WGAN's loss, the standard GAN's, the hinge loss, or LSGAN's."
    )
    sampling: Literal["interpolate_real_fake", "interpolate_within_class"] = option(
        "interpolate_real_fake",
        "Gradient penalties of a conditional model: between a real and a fake image of any classes, or of one class.",
    )
    penalty_weight: float = of_penalties(10.0, "Gradient penalties: their weight; of r1 its gamma.", above=0)
    clip: float = of_clipping(0.01, "Clipping: bound of the critic's weights.", above=0)


# How `spectral_normalization` normalises: the smaller presets as the paper does, the paper preset as the author's code.
PRESETS = {
    "smoke": Configuration(**gans.SMOKE, spectral_normalization="persistent"),
    "laptop": Configuration(discriminator_learning_rate=2e-3, spectral_normalization="persistent"),
    "photos_32": Configuration(**gans.PHOTOS_32, spectral_normalization="from_ones", discriminator_steps=5),
    "photos_64": Configuration(**gans.PHOTOS_64, spectral_normalization="from_ones", discriminator_steps=5),
    # The author's own: five steps of the critic for one of the generator.
    "paper": Configuration(**gans.PAPER, spectral_normalization="from_ones", discriminator_steps=5),
}
# The paper preset with the critic of the author's other script.
WITH_PENALTY = PRESETS["paper"].replace({"critic": "gradient_penalty", "spectral_normalization": "none"})


def build(configuration: Configuration, image_shape: tuple[int, int, int], num_replicas: int) -> GenerativeModel:
    """The compiled model for images of that shape.

    Raises:
        UsageError: Nothing bounds the critic, or a loss or sampling is given that it does not have.
    """
    from keras_gen.losses import R1Penalty
    from keras_gen.models import GAN, WGAN, WGANGP, WGANDiv

    c = configuration
    if (c.critic, c.spectral_normalization) == ("spectral_normalization", "none"):
        raise UsageError("--spectral_normalization=none: nothing bounds the critic; choose how, or another --critic")
    if c.loss != "wasserstein" and c.critic not in ANY_LOSS:
        raise UsageError(f"--loss={c.loss}: --critic={c.critic} has WGAN's loss; leave --loss out")
    if c.critic != "spectral_normalization":
        c = c.replace({"spectral_normalization": "none"})
    if c.sampling != "interpolate_real_fake" and c.critic not in ("gradient_penalty", "one_sided_penalty"):
        raise UsageError(f"--sampling={c.sampling}: --critic={c.critic} has no such penalty; leave --sampling out")
    networks, arguments = gans.networks(c, image_shape, num_replicas), gans.arguments(c)
    loss = "non_saturating" if c.loss == "logistic" else c.loss
    model: GenerativeModel
    match c.critic:
        case "spectral_normalization":
            model = GAN(*networks, adversarial_loss=loss, **arguments)
        case "r1":
            model = GAN(*networks, loss, R1Penalty(c.penalty_weight), **arguments)
        case "clipping":
            model = WGAN(*networks, c.clip, **arguments)
        case "divergence":
            model = WGANDiv(*networks, **arguments)
        case _:
            model = WGANGP(*networks, c.penalty_weight, c.critic == "one_sided_penalty", c.sampling, **arguments)
    return gans.compiled(model, c)


REPRODUCTION = Reproduction(
    name="lipschitz",
    minutes=3,
    summary="Lipschitz constraints: spectral norms instead of gradient penalties",
    presets=PRESETS,
    build=build,
    measure=samples.sample_quality,
    compared=samples.image_counts,
    report=run_report.write,
    studies={
        **critics.STUDIES,
        "step_time": step_time.study(PRESETS),
        "generalization": generalization.STUDY,
        **conditioning.STUDIES,
    },
    settings={
        "wgan_sn_celeba": lambda: gan_settings.table(authors_gans.WGAN_SN, PRESETS["paper"], build),
        "wgan_gp_celeba": lambda: gan_settings.table(authors_gans.WGAN_GP, WITH_PENALTY, build),
    },
)

if __name__ == "__main__":
    launch(REPRODUCTION)

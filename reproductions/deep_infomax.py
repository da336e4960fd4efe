"""Deep InfoMax: codes that retrieve by meaning, without reconstruction (post of 2018-10-02).

The model is `keras_gen/models/deep_infomax.py`, the page `reproductions/deep_infomax.md`.

    python -m reproductions.deep_infomax --output_dir=runs/deep_infomax
    python -m reproductions.deep_infomax --study=retrieval_photos
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from reproductions.families import codes, encoders
from reproductions.harness.errors import UsageError
from reproductions.harness.launch import launch
from reproductions.harness.options import option
from reproductions.harness.reproduction import Reproduction
from reproductions.reporting import run_report
from reproductions.studies import retrieval

if TYPE_CHECKING:
    from keras_gen.models import DeepInfoMax


@dataclass(frozen=True, kw_only=True)
class Configuration(encoders.Configuration):
    """Deep InfoMax."""

    alpha: float = option(0.5, "Weight of the global information.", at_least=0)
    beta: float = option(1.5, "Weight of the local information.", at_least=0)
    gamma: float = option(0.001, "Weight of the prior.", at_least=0)
    global_pairs: Literal["image_code", "code_code"] = option(
        "image_code", "What the global discriminator sees beside a code.", only={"alpha": None}
    )
    kl_reduction: Literal["sum", "mean"] = option(
        "sum", "What is done with the dimensions of the prior's KL.", only={"prior": ("kl",), "gamma": None}
    )
    divergence: Literal["js", "hellinger"] = option("js", "Which divergence measures the information.")
    prior: Literal["kl", "adversarial"] = option(
        "kl", "What brings codes to N(0, I): the post's KL, or an adversary.", only={"gamma": None}
    )


PRESETS = {
    "smoke": Configuration(**encoders.SMOKE),
    "laptop": Configuration(),
    # The author's own: codes in the place of images, and the KL averaged over the dimensions.
    "paper": Configuration(**encoders.PAPER, gamma=0.01, global_pairs="code_code", kl_reduction="mean"),
}


def build(configuration: Configuration, image_shape: tuple[int, int, int], num_replicas: int) -> DeepInfoMax:
    """The compiled model for images of that shape.

    Raises:
        UsageError: No information is maximised, or the images cannot be halved that often.
    """
    import keras

    from keras_gen.models import DeepInfoMax
    from keras_gen.networks import infomax

    c = configuration
    if not c.alpha and not c.beta:
        raise UsageError("--alpha=0, --beta=0: there is no information to maximise; give one of them a weight above 0")
    encoder = encoders.encoder(c, image_shape, num_replicas)
    widths = encoders.discriminator_widths(c)
    if c.global_pairs == "image_code":
        global_discriminator = encoders.image_discriminator(c, image_shape)
    else:
        global_discriminator = infomax.code_discriminator(c.latent_dim, widths, c.seed)
    map_shape = tuple(encoder.outputs[0].shape[1:])
    model = DeepInfoMax(
        encoder,
        global_discriminator if c.alpha else None,
        infomax.local_discriminator(map_shape, c.latent_dim, widths, c.seed) if c.beta else None,
        c.alpha,
        c.beta,
        c.gamma,
        c.global_pairs,
        c.kl_reduction if c.prior == "kl" else "sum",
        c.divergence,
        infomax.prior_discriminator(c.latent_dim, widths, c.seed) if c.prior == "adversarial" and c.gamma else None,
        seed=c.seed,
    )
    model.compile(keras.optimizers.Adam(c.learning_rate))
    return model


REPRODUCTION = Reproduction(
    name="deep_infomax",
    minutes=4,
    summary="Deep InfoMax: codes that retrieve by meaning, without reconstruction",
    presets=PRESETS,
    build=build,
    measure=codes.measure,
    sheet=codes.sheet,
    report=run_report.write,
    studies={
        "retrieval_photos": retrieval.of_photos(PRESETS),
        "retrieval": retrieval.of_small_images(PRESETS),
    },
)

if __name__ == "__main__":
    launch(REPRODUCTION)

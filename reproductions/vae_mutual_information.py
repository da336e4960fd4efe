"""VAE = prior + mutual information: the VAE's loss without a decoder (post of 2018-10-10).

The model is `keras_gen/models/vae_mutual_information.py`, the page `reproductions/vae_mutual_information.md`.

    python -m reproductions.vae_mutual_information --output_dir=runs/vae_mutual_information
    python -m reproductions.vae_mutual_information --study=identity
    python -m reproductions.vae_mutual_information --study=estimators
    python -m reproductions.vae_mutual_information --study=curves
    python -m reproductions.vae_mutual_information --study=curves_photos
    python -m reproductions.vae_mutual_information --study=encoder_only
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
from reproductions.studies import encoder_curves, encoder_only, estimators, identity

if TYPE_CHECKING:
    from keras_gen.models import DecoderFreeVAE


@dataclass(frozen=True, kw_only=True)
class Configuration(encoders.Configuration):
    """A VAE without a decoder."""

    estimator: Literal["jensen_shannon", "nwj", "donsker_varadhan", "info_nce"] = option(
        "info_nce", "What estimates the information."
    )
    num_shuffles: int = option(31, "Codes of other images that each image is paired with.", at_least=1)
    information_weight: float = option(
        10.0, "Weight of the information beside the prior term; 1 in equation (3).", above=0
    )


PRESETS = {
    "smoke": Configuration(**encoders.SMOKE, num_shuffles=7),
    "laptop": Configuration(),
    # The post has no experiment: the sizes are those of the author's Deep InfoMax.
    "paper": Configuration(**encoders.PAPER),
}


def build(configuration: Configuration, image_shape: tuple[int, int, int], num_replicas: int) -> DecoderFreeVAE:
    """The compiled model for images of that shape.

    Raises:
        UsageError: A batch has too few other images for the shuffles.
        keras_gen.InputError: As in `DecoderFreeVAE`.
    """
    import keras

    from keras_gen.models import DecoderFreeVAE

    c = configuration
    if c.num_shuffles >= c.batch_size:
        raise UsageError(
            f"--num_shuffles={c.num_shuffles}: must be below --batch_size={c.batch_size}; "
            f"give {c.batch_size - 1} or fewer"
        )
    model = DecoderFreeVAE(
        encoders.encoder(c, image_shape, num_replicas),
        encoders.image_discriminator(c, image_shape),
        c.estimator,
        c.num_shuffles,
        c.information_weight,
        seed=c.seed,
    )
    model.compile(keras.optimizers.Adam(c.learning_rate))
    return model


REPRODUCTION = Reproduction(
    name="vae_mutual_information",
    minutes=5,
    summary="VAE = prior + mutual information: its loss without a decoder",
    presets=PRESETS,
    build=build,
    measure=codes.measure,
    sheet=codes.sheet,
    report=run_report.write,
    studies={
        "identity": identity.STUDY,
        "estimators": estimators.STUDY,
        "encoder_only": encoder_only.study(PRESETS),
        "curves": encoder_curves.study(PRESETS, "fashion_mnist", "on Fashion-MNIST", ("V2.1", "V2.2"), 4),
        "curves_photos": encoder_curves.study(PRESETS, "cifar10", "on CIFAR-10", ("V2.3", "V2.4"), 6),
    },
)

if __name__ == "__main__":
    launch(REPRODUCTION)

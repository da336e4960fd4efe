"""VAE = prior + mutual information: the VAE's loss without a decoder (post of 2018-10-10).

The model is `keras_gen/models/vae_mutual_information.py`, the page `reproductions/vae_mutual_information.md`.

    python -m reproductions.vae_mutual_information --output_dir=runs/vae_mutual_information
    python -m reproductions.vae_mutual_information --study=identity --seeds=0,1,2
    python -m reproductions.vae_mutual_information --study=estimators --seeds=0
    python -m reproductions.vae_mutual_information --study=encoder_only --seeds=0
"""

from types import SimpleNamespace

import keras
from absl import flags

from keras_gen.errors import InputError
from keras_gen.losses import mutual_information
from keras_gen.models import DecoderFreeVAE
from reproductions.experiments import encoder_only, estimators, identity
from reproductions.harness import codes, encoders
from reproductions.harness.flags import define_integer, define_positive
from reproductions.harness.launch import launch
from reproductions.harness.reproduction import Reproduction

OWN = {"estimator": "info_nce", "num_shuffles": 31, "information_weight": 10.0}

PRESETS = {
    "smoke": encoders.SMOKE | OWN | {"num_shuffles": 7},
    "laptop": encoders.LAPTOP | OWN | {"steps": 4_000},
    # The post has no experiment: the sizes are those of the author's Deep InfoMax.
    "paper": encoders.PAPER | OWN,
}


def define_flags() -> None:
    """Defines the flags of this script; a preset fills in those that are not given."""
    flags.DEFINE_enum("estimator", None, mutual_information.names(), "What estimates the information.")
    define_integer("num_shuffles", "Codes of other images that each image is paired with.")
    define_positive("information_weight", "Weight of the information beside the prior term; 1 in equation (3).")
    encoders.define_flags()


def build(configuration: SimpleNamespace, image_shape: tuple[int, int, int], num_replicas: int) -> DecoderFreeVAE:
    """The compiled model for images of that shape.

    Raises:
        InputError: A batch has too few other images for the shuffles, or as in `DecoderFreeVAE`.
    """
    c = configuration
    if c.num_shuffles >= c.batch_size:
        raise InputError(f"--num_shuffles={c.num_shuffles}: must be below --batch_size={c.batch_size}")
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


STUDIES = {
    "identity": identity.STUDY,
    "estimators": estimators.STUDY,
    "encoder_only": encoder_only.study(build, PRESETS),
}

REPRODUCTION = Reproduction(
    name="vae_mutual_information",
    summary="VAE = prior + mutual information: its loss without a decoder (5 minutes)",
    presets=PRESETS,
    define_flags=define_flags,
    build=build,
    measure=codes.measure,
    sheet=codes.sheet,
    studies=STUDIES,
)

if __name__ == "__main__":
    launch(REPRODUCTION)

"""Deep InfoMax: codes that retrieve by meaning, without reconstruction (post of 2018-10-02).

The model is `keras_gen/models/deep_infomax.py`, the page `reproductions/deep_infomax.md`.

    python -m reproductions.deep_infomax --output_dir=runs/deep_infomax
    python -m reproductions.deep_infomax --study=retrieval --seeds=0
"""

from types import SimpleNamespace

import keras
from absl import flags

from keras_gen.models import DeepInfoMax
from keras_gen.models.deep_infomax import GLOBAL_PAIRS, KL_REDUCTIONS
from keras_gen.networks import infomax
from reproductions.experiments import retrieval
from reproductions.harness import codes, encoders
from reproductions.harness.launch import launch
from reproductions.harness.reproduction import Reproduction

OWN = {"alpha": 0.5, "beta": 1.5, "gamma": 0.001, "global_pairs": "image_code", "kl_reduction": "sum"}

PRESETS = {
    "smoke": encoders.SMOKE | OWN,
    "laptop": encoders.LAPTOP | OWN | {"steps": 4_000},
    # The author's own: codes in the place of images, and the KL averaged over the dimensions.
    "paper": encoders.PAPER | OWN | {"gamma": 0.01, "global_pairs": "code_code", "kl_reduction": "mean"},
}


def define_flags() -> None:
    """Defines the flags of this script; a preset fills in those that are not given."""
    flags.DEFINE_float("alpha", None, "Weight of the global information.", lower_bound=0)
    flags.DEFINE_float("beta", None, "Weight of the local information.", lower_bound=0)
    flags.DEFINE_float("gamma", None, "Weight of the prior.", lower_bound=0)
    flags.DEFINE_enum("global_pairs", None, GLOBAL_PAIRS, "What the global discriminator sees beside a code.")
    flags.DEFINE_enum("kl_reduction", None, KL_REDUCTIONS, "What is done with the dimensions of the prior's KL.")
    encoders.define_flags()


def build(configuration: SimpleNamespace, image_shape: tuple[int, int, int], num_replicas: int) -> DeepInfoMax:
    """The compiled model for images of that shape."""
    c = configuration
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
        c.kl_reduction,
        seed=c.seed,
    )
    model.compile(keras.optimizers.Adam(c.learning_rate))
    return model


STUDIES = {"retrieval": retrieval.study(build, PRESETS)}

REPRODUCTION = Reproduction(
    name="deep_infomax",
    summary="Deep InfoMax: codes that retrieve by meaning, without reconstruction (4 minutes)",
    presets=PRESETS,
    define_flags=define_flags,
    build=build,
    measure=codes.measure,
    sheet=codes.sheet,
    studies=STUDIES,
)

if __name__ == "__main__":
    launch(REPRODUCTION)

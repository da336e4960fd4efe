"""WGAN-div: the Wasserstein divergence as a GAN's loss (post of 2018-11-07).

The model is `keras_gen/models/wgan_div.py`, the page `reproductions/wgan_div.md`.

    python -m reproductions.wgan_div --output_dir=runs/wgan_div
    python -m reproductions.wgan_div --study=sampling --steps=4000 --seeds=0
"""

from types import SimpleNamespace

from absl import flags

from keras_gen.losses.gradient_sampling import SAMPLINGS
from keras_gen.models import GAN, WGAN, WGANGP, GenerativeModel, WGANDiv
from reproductions.harness import gans, measures, plots
from reproductions.harness.flags import define_positive
from reproductions.harness.launch import launch
from reproductions.harness.reproduction import Reproduction
from reproductions.harness.study import Study

MODELS = ("wgan_div", "wgan_gp", "wgan", "gan")
OWN_SAMPLING = {"wgan_div": "real_and_fake", "wgan_gp": "interpolate_real_fake"}

WGAN_DIV = {
    "model": "wgan_div",
    "k": 2.0,
    "p": 6.0,
    "sampling": None,  # the model's own
    "penalty_weight": 10.0,
    "one_sided": False,
    "clip": 0.01,
}

PRESETS = {
    "smoke": gans.SMOKE | WGAN_DIV,
    "laptop": gans.LAPTOP
    | WGAN_DIV
    | {
        "steps": 8_000,
        # The critic learns faster than the generator, so that one update a step is enough for it.
        "discriminator_learning_rate": 2e-3,
        "generator_learning_rate": 5e-4,
    },
    # The author's own: 128 pixels, 20,000 iterations, batch norm in the critic too, its last map averaged.
    "paper": gans.PAPER | WGAN_DIV | {"image_size": 128, "latent_dim": 128, "steps": 20_000, "pooling": "average"},
}


def define_flags() -> None:
    """Defines the flags of this script; a preset fills in those that are not given."""
    flags.DEFINE_enum("model", None, MODELS, "WGAN-div, or a model to compare it with.")
    define_positive("k", "WGAN-div: weight of the gradient term.")
    define_positive("p", "WGAN-div: power of the gradient's norm, above 1.")
    flags.DEFINE_enum("sampling", None, SAMPLINGS, "WGAN-div, WGAN-GP: where the gradient is measured.")
    define_positive("penalty_weight", "WGAN-GP: weight of the gradient penalty.")
    flags.DEFINE_boolean("one_sided", None, "WGAN-GP: penalise only norms above 1.")
    define_positive("clip", "WGAN: bound of the critic's weights.")
    gans.define_flags()


def build(configuration: SimpleNamespace, image_shape: tuple[int, int, int], num_replicas: int) -> GenerativeModel:
    """The compiled model for images of that shape."""
    c = configuration
    networks, arguments = gans.networks(c, image_shape, num_replicas), gans.arguments(c)
    sampling = {} if c.sampling is None else {"sampling": c.sampling}
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


STUDIES = {
    "comparison": Study(
        question="WGAN-div beside WGAN-GP, WGAN with clipping and SGAN: same networks, steps and data",
        variants={
            f"{title}{rates}": flags | rate_flags
            for rates, rate_flags in (("", {}), (", equal rates", {"discriminator_learning_rate": 5e-4}))
            for title, flags in (
                ("WGAN-div", {"model": "wgan_div"}),
                ("WGAN-GP", {"model": "wgan_gp"}),
                ("WGAN-GP one-sided", {"model": "wgan_gp", "one_sided": True}),
                ("WGAN clipping", {"model": "wgan"}),
                ("SGAN", {"model": "gan"}),
            )
        },
        plot=plots.curves,
        timed=True,
    ),
    "sampling": Study(
        question="Where the gradient is measured: the six r(x), under WGAN-div and under WGAN-GP",
        variants={
            f"{title}: {sampling}": {"model": model, "sampling": None if sampling == OWN_SAMPLING[model] else sampling}
            for title, model in (("WGAN-div", "wgan_div"), ("WGAN-GP", "wgan_gp"))
            for sampling in SAMPLINGS
        },
        plot=plots.dots,
    ),
    "power": Study(
        question="Weight k and power p of WGAN-div around (2, 6)",
        variants={
            f"k = {k:g}, p = {p:g}": {"k": k, "p": p}
            for k, p in ((2.0, 2.0), (2.0, 4.0), (2.0, 6.0), (2.0, 8.0), (0.5, 6.0), (8.0, 6.0))
        },
        plot=plots.dots,
    ),
}

REPRODUCTION = Reproduction(
    name="wgan_div",
    summary="WGAN-div: a Wasserstein divergence needs no Lipschitz constraint (5 minutes)",
    presets=PRESETS,
    define_flags=define_flags,
    build=build,
    measure=measures.sample_quality,
    studies=STUDIES,
)

if __name__ == "__main__":
    launch(REPRODUCTION)

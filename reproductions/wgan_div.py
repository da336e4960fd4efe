"""WGAN-div: the Wasserstein divergence as a GAN's loss (post of 2018-11-07).

The model is `keras_gen/models/wgan_div.py`, the page `reproductions/wgan_div.md`.

    python -m reproductions.wgan_div --output_dir=runs/wgan_div
    python -m reproductions.wgan_div --study=sampling --steps=4000 --seeds=0
"""

from types import SimpleNamespace

import keras
from absl import flags

from keras_gen.losses.gradient_sampling import SAMPLINGS
from keras_gen.models import GAN, WGAN, WGANGP, GenerativeModel, WGANDiv
from keras_gen.networks import dcgan
from reproductions.harness import measures, plots
from reproductions.harness.flags import define_integer, define_positive
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
    "discriminator_steps": 1,
    "generator_steps": 1,
    "latent_dim": 128,
    "ema_momentum": 0.0,
}

PRESETS = {
    "smoke": WGAN_DIV
    | {
        "dataset": "digits",
        "batch_size": 16,
        "steps": 20,
        "discriminator_learning_rate": 2e-4,
        "generator_learning_rate": 2e-4,
        "width": 8,
        "batch_norm": False,
        "pooling": "flatten",
        "log_every": 5,
        "sample_every": 10,
        "evaluate_every": 10,
        "checkpoint_every": 10,
        "evaluation_samples": 100,
    },
    "laptop": WGAN_DIV
    | {
        "batch_size": 64,
        "steps": 8_000,
        # The critic learns faster than the generator, so that one update a step is enough for it.
        "discriminator_learning_rate": 2e-3,
        "generator_learning_rate": 5e-4,
        "width": 32,
        "batch_norm": False,
        "pooling": "flatten",
        "log_every": 100,
        "sample_every": 500,
        "evaluate_every": 500,
        "checkpoint_every": 500,
        "evaluation_samples": 2_000,
    },
    # The author's own: 128 pixels, 20,000 iterations, batch norm in the critic too, its last map averaged.
    "paper": WGAN_DIV
    | {
        "dataset": "folder:celeba_hq",
        "image_size": 128,
        "batch_size": 64,
        "steps": 20_000,
        "discriminator_learning_rate": 2e-4,
        "generator_learning_rate": 2e-4,
        "width": 64,
        "batch_norm": True,
        "pooling": "average",
        "log_every": 100,
        "sample_every": 1_000,
        "evaluate_every": 1_000,
        "checkpoint_every": 1_000,
        "evaluation_samples": 10_000,
    },
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
    define_integer("discriminator_steps", "Updates of the discriminator in a step.")
    define_integer("generator_steps", "Updates of the generator in a step.")
    define_integer("latent_dim", "Dimension of the latents.")
    flags.DEFINE_float(
        "ema_momentum", None, "Momentum of the generator's moving average; 0: none.", lower_bound=0, upper_bound=0.9999
    )
    define_positive("discriminator_learning_rate", "Adam's learning rate for the discriminator.")
    define_positive("generator_learning_rate", "Adam's learning rate for the generator.")
    define_integer("width", "Channels at half the image's size; they double as the size halves.")
    flags.DEFINE_boolean("batch_norm", None, "Batch norm in the critic; the generator always has it.")
    flags.DEFINE_enum("pooling", None, ["average", "flatten"], "What the critic does with its last map.")


def build(configuration: SimpleNamespace, image_shape: tuple[int, int, int], num_replicas: int) -> GenerativeModel:
    """The compiled model for images of that shape."""
    c = configuration
    networks = {"width": c.width, "synchronized": num_replicas > 1, "seed": c.seed}
    generator = dcgan.generator(image_shape, c.latent_dim, **networks)
    discriminator = dcgan.discriminator(image_shape, batch_norm=c.batch_norm, pooling=c.pooling, **networks)
    common = {
        "discriminator_steps": c.discriminator_steps,
        "generator_steps": c.generator_steps,
        "ema_momentum": c.ema_momentum or None,
        "seed": c.seed,
    }
    sampling = {} if c.sampling is None else {"sampling": c.sampling}
    match c.model:
        case "wgan_div":
            model = WGANDiv(generator, discriminator, c.k, c.p, **sampling, **common)
        case "wgan_gp":
            model = WGANGP(generator, discriminator, c.penalty_weight, c.one_sided, **sampling, **common)
        case "wgan":
            model = WGAN(generator, discriminator, c.clip, **common)
        case "gan":
            model = GAN(generator, discriminator, **common)
    model.compile(
        generator_optimizer=keras.optimizers.Adam(c.generator_learning_rate, beta_1=0.5),
        discriminator_optimizer=keras.optimizers.Adam(c.discriminator_learning_rate, beta_1=0.5),
    )
    return model


def images_per_step(configuration: SimpleNamespace) -> int:
    """Each update of the discriminator takes fresh images."""
    return configuration.batch_size * configuration.discriminator_steps


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
    images_per_step=images_per_step,
    measure=measures.sample_quality,
    studies=STUDIES,
)

if __name__ == "__main__":
    launch(REPRODUCTION)

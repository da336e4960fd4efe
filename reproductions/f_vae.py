"""f-VAEs: a flow as a VAE's posterior (post of 2018-09-21).

The model is `keras_gen/models/f_vae.py`, the page `reproductions/f_vae.md`.

    python -m reproductions.f_vae --output_dir=runs/f_vae
    python -m reproductions.f_vae --study=convergence --seeds=0
"""

from types import SimpleNamespace

import keras
from absl import flags

from keras_gen import layers, networks, optimizers
from keras_gen.models import FVAE, VAE, FlowModel, Glow
from keras_gen.models.flow_model import INPUT_NOISES
from keras_gen.networks import autoencoder, f_vae
from keras_gen.networks.glow import COUPLINGS, MIXINGS
from reproductions.experiments import flow_pictures
from reproductions.harness import densities
from reproductions.harness.flags import define_integer, define_positive
from reproductions.harness.launch import launch
from reproductions.harness.reproduction import Reproduction
from reproductions.harness.study import Study

MODELS = ("f_vae", "glow", "vae")

DEFAULTS = {
    "model": "f_vae",
    "coupling": "additive",
    "mixing": "permutation",
    "act_norm_from_data": False,
    "sigma_1": 1.0,
    "sigma_2": 1.0,
    "input_noise": "uniform",
    "warmup_steps": 0,
    "clip_norm": 0.0,
    "latent_dim": 128,
    "vae_width": 32,
    "vae_variance": 0.1,
    "trainable_variance": True,
}

PRESETS = {
    "smoke": DEFAULTS
    | {
        "dataset": "digits",
        "batch_size": 16,
        "steps": 20,
        "learning_rate": 1e-3,
        "stages": 1,
        "depth": 1,
        "width": 8,
        "flow_levels": 2,
        "flow_depth": 1,
        "flow_width": 8,
        "latent_dim": 8,
        "vae_width": 4,
        "log_every": 5,
        "sample_every": 10,
        "evaluate_every": 10,
        "checkpoint_every": 10,
        "evaluation_samples": 100,
    },
    "laptop": DEFAULTS
    | {
        "dataset": "padded:mnist_5k",
        "image_size": 32,
        "batch_size": 32,
        "steps": 3_000,
        "learning_rate": 1e-3,
        "warmup_steps": 200,
        "clip_norm": 1_000.0,
        # Adam moves log sigma by at most the learning rate a step: from the author's 1 it would take all of the run.
        "sigma_1": 0.05,
        "sigma_2": 0.05,
        "act_norm_from_data": True,
        "stages": 2,
        "depth": 3,
        "width": 64,
        "flow_levels": 3,
        "flow_depth": 4,
        "flow_width": 64,
        "vae_width": 16,
        "log_every": 100,
        "sample_every": 500,
        "evaluate_every": 500,
        "checkpoint_every": 500,
        "evaluation_samples": 2_000,
    },
    # The author's own: 128 pixels, 150 epochs of 1,000 steps. His Glow is --model=glow --image_size=64 --batch_size=64
    # --flow_levels=3 --flow_depth=10 --flow_width=512 --input_noise=uniform.
    "paper": DEFAULTS
    | {
        "dataset": "folder:celeba_hq",
        "image_size": 128,
        "batch_size": 32,
        "steps": 150_000,
        "learning_rate": 1e-4,
        "input_noise": "none",
        "stages": 3,
        "depth": 12,
        "width": 256,
        "flow_levels": 4,
        "flow_depth": 12,
        "flow_width": 256,
        "latent_dim": 512,
        "vae_width": 64,
        "vae_variance": 1.0,
        "trainable_variance": False,
        "log_every": 100,
        "sample_every": 1_000,
        "evaluate_every": 10_000,
        "checkpoint_every": 1_000,
        "evaluation_samples": 10_000,
    },
}


def define_flags() -> None:
    """Defines the flags of this script; a preset fills in those that are not given."""
    flags.DEFINE_enum("model", None, MODELS, "f-VAE, or a model to compare it with.")
    define_positive("learning_rate", "Adam's learning rate.")
    define_integer("warmup_steps", "Steps in which the learning rate rises from 0; 0: none.", lower_bound=0)
    flags.DEFINE_float("clip_norm", None, "Flows: largest norm of a gradient; 0: any.", lower_bound=0)
    flags.DEFINE_enum("input_noise", None, INPUT_NOISES, "Flows: noise added to the images, of the width of one value.")
    define_integer("stages", "f-VAE: squeezes of encoder and decoder. VAE: how often they halve the size.")
    define_integer("depth", "f-VAE: residual steps after each squeeze.")
    define_integer("width", "f-VAE: channels inside a residual step.")
    define_integer("flow_levels", "Flows: scales.")
    define_integer("flow_depth", "Flows: steps a scale.")
    define_integer("flow_width", "Flows: channels inside a coupling's network.")
    flags.DEFINE_enum("coupling", None, COUPLINGS, "Flows: kind of the couplings.")
    flags.DEFINE_enum("mixing", None, MIXINGS, "Flows: what mixes the channels.")
    flags.DEFINE_boolean("act_norm_from_data", None, "Flows: let the first batch decide where act norm begins.")
    define_positive("sigma_1", "f-VAE: standard deviation of the noise on the codes, at first.")
    define_positive("sigma_2", "f-VAE: standard deviation of q(x|z), at first.")
    define_integer("latent_dim", "VAE: dimension of the latents.")
    define_integer("vae_width", "VAE: channels at half the image's size; they double as the size halves.")
    define_positive("vae_variance", "VAE: variance of q(x|z), or where it begins.")
    flags.DEFINE_boolean("trainable_variance", None, "VAE: train the variance.")


def build(configuration: SimpleNamespace, image_shape: tuple[int, int, int], num_replicas: int) -> FlowModel | VAE:
    """The compiled model for images of that shape."""
    c = configuration
    of_flows = {"input_noise": c.input_noise, "clip_norm": c.clip_norm or None, "seed": c.seed}
    kind = {"coupling": c.coupling, "mixing": c.mixing, "act_norm_from_data": c.act_norm_from_data}
    match c.model:
        case "f_vae":
            sizes = {"stages": c.stages, "depth": c.depth, "width": c.width, "seed": c.seed}
            parts = [
                make(image_shape, synchronized=num_replicas > 1, **sizes) for make in (f_vae.encoder, f_vae.decoder)
            ]
            depths = [c.flow_depth] * c.flow_levels
            code_shape = parts[0].output_shape[1:]
            flow = networks.glow(code_shape, depths, c.flow_width, squeeze_first=False, seed=c.seed, **kind)
            model = FVAE(*parts, flow, c.sigma_1, c.sigma_2, **of_flows)
        case "glow":
            model = Glow(image_shape, c.flow_levels, c.flow_depth, c.flow_width, **kind, **of_flows)
        case "vae":
            widths = [c.vae_width * 2**i for i in range(c.stages)]
            parts = [
                make(image_shape, c.latent_dim, widths, seed=c.seed)
                for make in (autoencoder.encoder, autoencoder.decoder)
            ]
            likelihood = layers.GaussianLikelihood(c.vae_variance, c.trainable_variance)
            model = VAE(*parts, likelihood, seed=c.seed)
    model.compile(optimizers.Adam(_learning_rate(c)))
    return model


def _learning_rate(configuration: SimpleNamespace) -> float | keras.optimizers.schedules.LearningRateSchedule:
    rate, steps = configuration.learning_rate, configuration.warmup_steps
    return keras.optimizers.schedules.PolynomialDecay(rate / steps, steps, rate) if steps else rate


GLOW = {"model": "glow", "flow_depth": 6}
VAE_OF_THE_AUTHOR = {"model": "vae", "vae_variance": 1.0, "trainable_variance": False}
# Widths at which Glow has as many parameters as the f-VAE of the laptop preset, and the VAE not fewer, by channels.
SAME_SIZE = {1: {"flow_width": 112, "vae_width": 16}, 3: {"flow_width": 152, "vae_width": 28}}


def _convergence(dataset: str, channels: int, deeper: bool = False) -> Study:
    glow = GLOW | {"flow_width": SAME_SIZE[channels]["flow_width"]}
    variants = {
        "f-VAE": {},
        "Glow": glow,
        **({"Glow, twice as deep": glow | {"flow_depth": 12}} if deeper else {}),
        "VAE": {"model": "vae", "vae_width": SAME_SIZE[channels]["vae_width"]},
    }
    return Study(
        question=f"f-VAE, Glow of the same size and VAE, with the same steps and learning rate, on {dataset}",
        variants={title: variant | {"dataset": dataset} for title, variant in variants.items()},
        plot=densities.density_curves,
        table=densities.density_table,
        timed=True,
    )


STUDIES = {
    "convergence": _convergence("padded:mnist_5k", channels=1, deeper=True),
    "convergence_fashion": _convergence("padded:fashion_mnist", channels=1),
    "convergence_photos": _convergence("photo_patches", channels=3),
    "sharpness": Study(
        question="Sharpness and reconstruction of f-VAE, and of VAEs with a trained variance and with the author's",
        variants={"f-VAE": {}, "VAE": {"model": "vae"}, "VAE, variance 1": VAE_OF_THE_AUTHOR},
        plot=densities.density_curves,
        table=densities.density_table,
    ),
    "temperature": flow_pictures.TEMPERATURE,
    "interpolation": flow_pictures.INTERPOLATION,
}

REPRODUCTION = Reproduction(
    name="f_vae",
    summary="f-VAEs: a flow as a VAE's posterior, sharp and small (10 minutes)",
    presets=PRESETS,
    define_flags=define_flags,
    build=build,
    measure=densities.densities,
    studies=STUDIES,
)

if __name__ == "__main__":
    launch(REPRODUCTION)

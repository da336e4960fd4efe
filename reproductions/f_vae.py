"""f-VAEs: a flow as a VAE's posterior (post of 2018-09-21).

The model is `keras_gen/models/f_vae.py`, the page `reproductions/f_vae.md`.

    python -m reproductions.f_vae --output_dir=runs/f_vae
    python -m reproductions.f_vae --study=convergence
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from reproductions.families import flows, samples
from reproductions.harness import configuration as every_run
from reproductions.harness.launch import launch
from reproductions.harness.options import option
from reproductions.harness.reproduction import Reproduction
from reproductions.reporting import run_report
from reproductions.studies import f_vae_convergence, flow_pictures, sharpness, unstudied

if TYPE_CHECKING:
    from keras_gen.models import FVAE, VAE, Glow


@dataclass(frozen=True, kw_only=True)
class Configuration(flows.Configuration):
    """f-VAE, and what it is compared with."""

    model: Literal["f_vae", "glow", "vae"] = option("f_vae", "f-VAE, or a model to compare it with.")
    stages: int = option(2, "f-VAE: squeezes of encoder and decoder. VAE: how often they halve the size.", at_least=1)
    depth: int = option(3, "f-VAE: residual steps after each squeeze.", at_least=1)
    width: int | None = option(64, "f-VAE: channels inside a residual step; none: as many as enter it.", at_least=1)
    sigma_1: float = option(1.0, "f-VAE: standard deviation of the noise on the codes, at first.", above=0)
    sigma_2: float = option(1.0, "f-VAE: standard deviation of q(x|z), at first.", above=0)
    latent_dim: int = option(128, "VAE: dimension of the latents.", at_least=1)
    vae_width: int = option(16, "VAE: channels at half the image's size; they double as the size halves.", at_least=1)
    vae_variance: float = option(0.1, "VAE: variance of q(x|z), or where it begins.", above=0)
    trainable_variance: bool = option(True, "VAE: train the variance.")


PRESETS = {
    "smoke": Configuration(
        **every_run.SMOKE,
        evaluation_samples=100,
        stages=1,
        depth=1,
        width=8,
        flow_levels=2,
        flow_depth=1,
        flow_width=8,
        latent_dim=8,
        vae_width=4,
    ),
    "laptop": Configuration(
        dataset="padded:mnist_5k",
        image_size=32,
        batch_size=32,
        steps=3_000,
        warmup_steps=200,
        clip_norm=1_000.0,
        # Adam moves log sigma by at most the learning rate per step: from the author's 1 it would take all of the run.
        sigma_1=0.05,
        sigma_2=0.05,
        act_norm_from_data=True,
    ),
    # The author's own: 128 pixels, 150 epochs of 1,000 steps. His Glow is --model=glow --image_size=64 --batch_size=64
    # --flow_levels=3 --flow_depth=10 --flow_width=512 --input_noise=uniform.
    "paper": Configuration(
        dataset="folder:celeba_hq",
        image_size=128,
        batch_size=32,
        steps=150_000,
        sample_every=1_000,
        evaluate_every=10_000,
        checkpoint_every=1_000,
        evaluation_samples=10_000,
        learning_rate=1e-4,
        input_noise="none",
        stages=3,
        depth=12,
        width=None,
        flow_levels=4,
        flow_depth=12,
        flow_width=256,
        coupling_initializer="glorot_uniform",
        latent_dim=512,
        vae_width=64,
        vae_variance=1.0,
        trainable_variance=False,
    ),
}


def build(configuration: Configuration, image_shape: tuple[int, int, int], num_replicas: int) -> FVAE | Glow | VAE:
    """The compiled model for images of that shape."""
    from keras_gen import layers, networks, optimizers
    from keras_gen.models import FVAE, VAE, Glow
    from keras_gen.networks import autoencoder, f_vae

    c = configuration
    of_flows: dict[str, Any] = {"input_noise": c.input_noise, "clip_norm": c.clip_norm or None, "seed": c.seed}
    steps = flows.steps(c)
    model: FVAE | Glow | VAE
    match c.model:
        case "f_vae":
            sizes = {"stages": c.stages, "depth": c.depth, "width": c.width, "seed": c.seed}
            encoder, decoder = (
                make(image_shape, synchronized=num_replicas > 1, **sizes) for make in (f_vae.encoder, f_vae.decoder)
            )
            depths, code_shape = [c.flow_depth] * c.flow_levels, encoder.output_shape[1:]
            flow = networks.glow(code_shape, depths, c.flow_width, squeeze_first=False, seed=c.seed, **steps)
            model = FVAE(encoder, decoder, flow, c.sigma_1, c.sigma_2, **of_flows)
        case "glow":
            model = Glow(image_shape, c.flow_levels, c.flow_depth, c.flow_width, **steps, **of_flows)
        case "vae":
            widths = [c.vae_width * 2**i for i in range(c.stages)]
            encoder = autoencoder.encoder(image_shape, c.latent_dim, widths, seed=c.seed)
            decoder = autoencoder.decoder(image_shape, c.latent_dim, widths, seed=c.seed)
            model = VAE(encoder, decoder, layers.GaussianLikelihood(c.vae_variance, c.trainable_variance), seed=c.seed)
    model.compile(optimizers.Adam(flows.learning_rate(c)))
    return model


REPRODUCTION = Reproduction(
    name="f_vae",
    minutes=10,
    summary="f-VAEs: a flow as a VAE's posterior, sharp and small",
    presets=PRESETS,
    build=build,
    measure=flows.measure,
    compared=samples.image_counts,
    report=run_report.write,
    studies={
        "convergence": f_vae_convergence.DIGITS,
        "convergence_fashion": f_vae_convergence.CLOTHES,
        "convergence_photos": f_vae_convergence.PHOTOGRAPHS,
        "sharpness": sharpness.STUDY,
        "temperature": flow_pictures.TEMPERATURE,
        "interpolation": flow_pictures.INTERPOLATION,
    },
    claims=unstudied.F_VAE,
)

if __name__ == "__main__":
    launch(REPRODUCTION)

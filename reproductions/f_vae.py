"""f-VAEs: a flow as a VAE's posterior (post of 2018-09-21).

The model is `keras_gen/models/f_vae.py`, the page `reproductions/f_vae.md`.

    python -m reproductions.f_vae --output_dir=runs/f_vae
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from reproductions.families import authors_flows, flow_settings, flows, samples, vaes
from reproductions.families.flows import of_f_vae
from reproductions.harness.launch import launch
from reproductions.harness.options import option
from reproductions.harness.reproduction import Reproduction
from reproductions.reporting import run_report
from reproductions.studies import f_vae_convergence, f_vae_training, flow_pictures, sharpness

if TYPE_CHECKING:
    from keras_gen.models import FVAE, VAE, Glow


@dataclass(frozen=True, kw_only=True)
class Configuration(vaes.Configuration):
    """f-VAE, and what it is compared with."""

    model: Literal["f_vae", "glow", "vae"] = option("f_vae", "f-VAE, or a model to compare it with.")
    depth: int = of_f_vae(3, "f-VAE: residual steps after each squeeze.", at_least=1)
    width: int | None = of_f_vae(64, "f-VAE: channels inside a residual step; none: as many as enter it.", at_least=1)
    sigma_1: float = of_f_vae(1.0, "f-VAE: standard deviation of the noise on the codes, at first.", above=0)
    sigma_2: float = of_f_vae(1.0, "f-VAE: standard deviation of q(x|z), at first.", above=0)
    sigma_rate: float = of_f_vae(1.0, "f-VAE: learning rate of log sigma, in multiples of the others'.", above=0)


PRESETS = {
    "smoke": Configuration(
        **flows.SMOKE,
        stages=1,
        depth=1,
        width=8,
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
    # The author's own, of 128 pixels.
    "paper": Configuration(
        **flows.PAPER,
        dataset="folder:celeba_hq",
        image_size=128,
        input_noise="none",
        stages=3,
        depth=12,
        width=None,
        flow_levels=4,
        flow_depth=12,
        flow_width=256,
    ),
    # What he compares with, at 64 pixels.
    "paper_glow": Configuration(
        **flows.PAPER | {"batch_size": 64},
        model="glow",
        dataset="folder:img_align_celeba",
        image_size=64,
        flow_levels=3,
        flow_depth=10,
        flow_width=512,
    ),
    "paper_vae": Configuration(
        **flows.PAPER,
        model="vae",
        dataset="folder:img_align_celeba",
        image_size=64,
        stages=5,
        latent_dim=512,
        vae_networks="deep",
        vae_width=32,
        vae_variance=1.0,
        trainable_variance=False,
    ),
}


def build(configuration: Configuration, image_shape: tuple[int, int, int], num_replicas: int) -> FVAE | Glow | VAE:
    """The compiled model for images of that shape.

    Raises UsageError where they cannot be halved as often as the flags ask for, or as in `vaes.vae`.
    """
    from keras_gen.models import FVAE, Glow
    from keras_gen.networks import f_vae

    c = configuration
    of_flows: dict[str, Any] = {"input_noise": c.input_noise, "clip_norm": c.clip_norm or None, "seed": c.seed}
    model: FVAE | Glow | VAE
    match c.model:
        case "f_vae":
            vaes.check_stages(c, image_shape)
            sizes = {"stages": c.stages, "depth": c.depth, "width": c.width}
            how = {"synchronized": num_replicas > 1, "seed": c.seed}
            encoder, decoder = (make(image_shape, **sizes, **how) for make in (f_vae.encoder, f_vae.decoder))
            flow = flows.of_codes(c, encoder.output_shape[1:])
            model = FVAE(encoder, decoder, flow, c.sigma_1, c.sigma_2, sigma_rate=c.sigma_rate, **of_flows)
        case "glow":
            flows.check_levels(c, image_shape, least=1, squeezed=False)
            sizes = {"levels": c.flow_levels, "depth": c.flow_depth, "width": c.flow_width}
            model = Glow(image_shape, **sizes, num_classes=c.num_classes, **flows.steps(c), **of_flows)
        case "vae":
            model = vaes.vae(c, image_shape, num_replicas)
    model.compile(flows.optimizer(c))
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
        **f_vae_training.STUDIES,
        "convergence": f_vae_convergence.DIGITS,
        "convergence_fashion": f_vae_convergence.CLOTHES,
        "convergence_photos": f_vae_convergence.PHOTOGRAPHS,
        "sharpness": sharpness.STUDY,
        **flow_pictures.STUDIES,
    },
    settings={
        "f_vaes": lambda: flow_settings.table(authors_flows.F_VAE, PRESETS["paper"], build, "paper"),
        "glow": lambda: flow_settings.table(authors_flows.GLOW, PRESETS["paper_glow"], build, "paper_glow"),
        "vae_keras_celeba": lambda: flow_settings.table(authors_flows.VAE, PRESETS["paper_vae"], build, "paper_vae"),
    },
)

if __name__ == "__main__":
    launch(REPRODUCTION)

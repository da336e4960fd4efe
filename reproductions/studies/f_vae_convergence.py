"""How fast the f-VAE trains beside a Glow of its size and a VAE, on three data sets, in a few thousand steps."""

from reproductions.harness.claim import Claim
from reproductions.harness.study import Study
from reproductions.reporting import summary
from reproductions.reporting.densities import density_curves, density_table
from reproductions.studies import f_vae_claims

GLOW = {"model": "glow", "flow_depth": 6}
# Widths at which Glow has as many parameters as the f-VAE of the laptop preset, and the VAE not fewer, by channels.
SAME_SIZE = {1: {"flow_width": 112, "vae_width": 16}, 3: {"flow_width": 152, "vae_width": 28}}


SMALLER = f_vae_claims.as_good(
    "F2.2",
    " (5,000 images of MNIST, 3,000 steps)",
    "Glow, twice as deep",
    summary.settled,
    "mean Fréchet distance of the last three evaluations",
)


def _study(dataset: str, channels: int, claims: tuple[Claim, ...], deeper: bool = False) -> Study:
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
        claims=claims,
        table=density_table,
        figure=density_curves,
        timed=True,
    )


DIGITS = _study(
    "padded:mnist_5k",
    1,
    (f_vae_claims.faster("F1.3", " (5,000 images of MNIST, 3,000 steps)"), SMALLER),
    deeper=True,
)
CLOTHES = _study("padded:fashion_mnist", 1, (f_vae_claims.faster("F1.4", " (Fashion-MNIST, 3,000 steps)"),))
PHOTOGRAPHS = _study("photo_patches", 3, (f_vae_claims.faster("F1.5", " (crops of photographs, 1,500 steps)"),))

"""How fast the f-VAE trains beside a Glow of its size and a VAE, on three data sets, in a few thousand steps."""

from reproductions.harness.claim import Above, Below, Claim, difference, ratio
from reproductions.harness.study import Study
from reproductions.reporting import summary
from reproductions.reporting.densities import density_curves, density_table

GLOW = {"model": "glow", "flow_depth": 6}
# Widths at which Glow has as many parameters as the f-VAE of the laptop preset, and the VAE not fewer, by channels.
SAME_SIZE = {1: {"flow_width": 112, "vae_width": 16}, 3: {"flow_width": 152, "vae_width": 28}}


def _faster(key: str, data: str) -> Claim:
    return Claim(
        key=key,
        topic="faster than Glow",
        sentence=f"The f-VAE trains faster than a Glow of its size ({data}).",
        statistic="Fréchet distance averaged over the training (area under its curve), Glow's less the f-VAE's",
        rule=Above(0),
        values=difference("Glow", "f-VAE", summary.area),
    )


SMALLER = Claim(
    key="F2.2",
    topic="as good as a larger Glow",
    sentence="The f-VAE is as good as Glow with a smaller network (5,000 images of MNIST, 3,000 steps).",
    statistic="mean Fréchet distance of the last three evaluations, the f-VAE's over that of a Glow with twice as many "
    "parameters",
    rule=Below(1.05),
    values=ratio("f-VAE", "Glow, twice as deep", summary.settled),
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


DIGITS = _study("padded:mnist_5k", 1, (_faster("F1.3", "5,000 images of MNIST, 3,000 steps"), SMALLER), deeper=True)
CLOTHES = _study("padded:fashion_mnist", 1, (_faster("F1.4", "Fashion-MNIST, 3,000 steps"),))
PHOTOGRAPHS = _study("photo_patches", 3, (_faster("F1.5", "crops of photographs, 1,500 steps"),))

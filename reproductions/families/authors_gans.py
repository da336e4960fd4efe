"""The settings of the author's adversarial scripts (github.com/bojone/gan, folder `keras`), in the words of ours.

Facts read from his scripts, for the tables that set them beside ours; nothing is built from them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reproductions.families.settings_table import Settings

NORMAL, GLOROT = "N(0, 0.02²)", "Glorot"
ADAM = "Adam, rate 0.0002, β₁ 0.5, β₂ 0.999, ε 1e-07"
SN, NORM, UNIT_NORM = ", W/σ(W) by 5 iterations from ones", "batch norm", "batch norm with γ/‖γ‖"


def _critic(normalization: str = "", norm: str = NORM, last: str = "no bias") -> tuple[str, ...]:
    """Of 64 pixels: each convolution has a bias."""
    first, *others = [f"conv 5x5, stride 2, {width}, {GLOROT}, bias{normalization}" for width in (64, 128, 256, 512)]
    *between, before_last = [f"{other}, {norm}, leaky 0.3" for other in others]
    dense = f"dense 1, {GLOROT}, {last}{normalization}"
    return f"{first}, leaky 0.3", *between, f"{before_last}, flattened", dense


def _generator(initial: str, widths: tuple[int, ...]) -> tuple[str, ...]:
    first, *others = widths
    return (
        f"dense {16 * first}, {initial}, bias, batch norm, to 4x4x{first}, ReLU",
        *(f"transposed conv 5x5, stride 2, {width}, {initial}, bias, batch norm, ReLU" for width in others),
        f"transposed conv 5x5, stride 2, 3, {initial}, bias, tanh",
    )


SHARED: Settings = {
    "batch norm": "momentum 0.99, epsilon 0.001",
    "critic's optimiser": ADAM,
    "generator's optimiser": ADAM,
    "average of the generator": "none",
    "batch": "64",
}
OF_64_PIXELS: Settings = {
    "generator": _generator(GLOROT, (512, 256, 128, 64)),
    "latents": "100, N(0, I)",
    **SHARED,
    "steps": "until it is stopped (1,000,000 at most)",
    "images": "CelebA-HQ, the central square, 64 pixels",
}

WGAN_DIV: Settings = {
    "critic": (
        f"conv 5x5, stride 2, 64, {NORMAL}, no bias, leaky 0.2",
        *(f"conv 5x5, stride 2, {width}, {NORMAL}, no bias, batch norm, leaky 0.2" for width in (128, 256, 512)),
        f"conv 5x5, stride 2, 1024, {NORMAL}, no bias, batch norm, leaky 0.2, averaged over the map",
        f"dense 1, {GLOROT}, no bias",
    ),
    "generator": _generator(NORMAL, (1024, 512, 256, 128, 64)),
    "latents": "128, N(0, I)",
    "loss": "(11), k = 2, p = 6, slopes at real and fake images",
    "updates in a step": "critic 1, generator 1",
    **SHARED,
    "steps": "until it is stopped (1,000,000 at most); the post shows 20,000",
    "images": "CelebA-HQ, 128 pixels",
}
RSGAN: Settings = {
    "critic": _critic(SN, UNIT_NORM),
    "loss": "(7) and (9), pairs by position, with log(σ + 1e-9)",
    "updates in a step": "critic 1, generator 2",
    **OF_64_PIXELS,
}
WGAN_SN: Settings = {
    "critic": _critic(SN, UNIT_NORM),
    "loss": "(18)",
    "updates in a step": "critic 5, generator 1",
    **OF_64_PIXELS,
}
WGAN_GP: Settings = {
    "critic": _critic(),
    "loss": "(19), λ = 10, slopes at interpolates, with 1e-9 under the root",
    "updates in a step": "critic 5, generator 1",
    **OF_64_PIXELS,
}
DCGAN: Settings = {
    "critic": _critic(last="bias"),
    "loss": "(16), not saturating, with log(D + 1e-9)",
    "updates in a step": "critic 1, generator 2",
    **OF_64_PIXELS,
}

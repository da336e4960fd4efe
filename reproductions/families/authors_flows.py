"""The settings of the author's scripts of f-VAE, Glow and VAE, in the words of ours.

`f-VAEs.py` and `glow.py` of github.com/bojone/flow, `vae_keras_celeba.py` of github.com/bojone/vae. Facts read from
them, for the tables that set them beside ours; nothing is built from them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reproductions.families.settings_table import Settings

SHARED: Settings = {
    "optimiser": "Adam, rate 0.0001, β₁ 0.9, β₂ 0.999, ε 1e-07",
    "steps": "1,000,000 at most, in epochs of 1,000; the post shows 150 of them",
}
BATCH_NORM = "momentum 0.99, epsilon 0.001"


def _residual_steps(channels: int, times: int = 12) -> str:
    first = f"conv 3x3, {channels}, Glorot, bias, batch norm, ReLU"
    return f"{times} x ({first}; then conv 1x1, {channels}, zeros, bias, added to what came in)"


def _levels(depth: int, width: int, channels: tuple[int, ...], squeezes: bool) -> tuple[str, ...]:
    """Of Glow; `channels` are those that a coupling moves, by level."""
    lines = []
    for i, moved in enumerate(channels):
        if squeezes or i > 0:
            lines.append("squeeze")
        hidden = f"conv 3x3, {width}, Glorot, bias, ReLU - conv 1x1, {width}, Glorot, bias, ReLU"
        coupling = f"additive coupling by {hidden} - conv 3x3, {moved}, zeros, bias"
        lines.append(f"{depth} x (act norm from the identity, random permutation, {coupling})")
        if i + 1 < len(channels):
            lines.append(f"half set aside, scale exp(r), shift and r by conv 3x3, {2 * moved}, zeros, bias")
    return *lines, "act norm from the identity"


F_VAE: Settings = {
    "encoder": tuple(line for channels in (12, 48, 192) for line in ("squeeze", _residual_steps(channels))),
    "decoder": (
        *(line for channels in (192, 48, 12) for line in (_residual_steps(channels), "unsqueeze")),
        "tanh",
    ),
    "batch norm": BATCH_NORM,
    "flow": _levels(12, 256, (96, 192, 384, 768), squeezes=False),
    "σ₁ and σ₂": "1 and 1 at first, trained",
    "loss": "(18) with d log σ₂",
    "noise on the images": "none",
    **SHARED,
    "batch": "32",
    "images": "CelebA-HQ, the central square, 128 pixels, [-1, 1]",
}
GLOW: Settings = {
    "flow": _levels(10, 512, (6, 12, 24), squeezes=True),
    "loss": "-log q(x)",
    "noise on the images": "uniform, 1 of a value's width",
    **SHARED,
    "steps": "1,000,000 at most, at a rate of 1e-05 after a breakdown",
    "batch": "64, until August 2019 32",
    "images": "CelebA, the central square, 64 pixels, [-1/2, 1/2)",
}
VAE: Settings = {
    "encoder": (
        *(f"conv 5x5, stride 2, {width}, Glorot, bias, batch norm, leaky 0.2" for width in (32, 64, 128, 256)),
        "conv 5x5, stride 2, 512, Glorot, bias, batch norm, leaky 0.2, averaged over the map",
        "2 x (dense 512, Glorot, bias)",
    ),
    "decoder": (
        "dense 2048, Glorot, bias, to 2x2x512",
        *(f"transposed conv 5x5, stride 2, {width}, Glorot, bias, batch norm, ReLU" for width in (256, 128, 64, 32)),
        "transposed conv 5x5, stride 2, 3, Glorot, bias, tanh",
    ),
    "batch norm": BATCH_NORM,
    "what the encoder gives": "mean and log σ",
    "variance of the likelihood": "1, constant",
    "loss": "-ELBO, its KL divergence at the z drawn",
    **SHARED,
    "steps": "1,000,000 at most, in epochs of 1,000",
    "batch": "32",
    "images": "CelebA, the central square, 64 pixels, [-1, 1]",
}

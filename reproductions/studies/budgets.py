"""What the studies of image GANs have in common: data, networks' width, steps and measurements.

Photographs are those of the presets `photos_32`, half as wide and high; clothes are Fashion-MNIST, all of it, with the
networks of the laptop presets, half as wide: dozens of runs have to fit on two cores.
"""

from typing import Any

SEEDS = (0, 1, 2)

# A search has the steps of its contest: after half of them, rates were best that broke down or stalled later. At 32
# pixels no curve had levelled off in the time, and no critic had learnt any class; at 16, wider networks make more
# steps.
PHOTOS: dict[str, Any] = {
    "image_size": 16,
    "width": 32,
    "steps": 4_000,
    "sample_every": 2_000,
    "evaluate_every": 500,
    "checkpoint_every": 500,
    "evaluation_samples": 2_000,
}
# Without what wgan_div's laptop preset has for its digits: labels, small batches, few latents, a falling rate and batch
# norm.
USUAL: dict[str, Any] = {
    "num_classes": None,
    "batch_size": 64,
    "latent_dim": 128,
    "decay_steps": 0,
    "batch_norm": False,
}
CLOTHES: dict[str, Any] = {
    **USUAL,
    "dataset": "fashion_mnist",
    "width": 16,
    "steps": 3_000,
    "sample_every": 1_500,
    "evaluate_every": 300,
    "checkpoint_every": 300,
}

# What a run takes on two cores, roughly; with one run on each core, twice that.
MINUTES_PHOTOS = 3
MINUTES_CLOTHES = 3

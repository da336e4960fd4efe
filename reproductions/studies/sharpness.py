"""Are the f-VAE's samples sharp, and what do VAEs of other variances draw?"""

from reproductions.harness.study import Study
from reproductions.reporting.densities import density_curves, density_table
from reproductions.studies import f_vae_claims

STUDY = Study(
    question="Sharpness and reconstruction of f-VAE, and of VAEs with a trained variance and with the author's",
    variants={
        "f-VAE": {},
        "VAE": {"model": "vae"},
        "VAE, variance 1": {"model": "vae", "vae_variance": 1.0, "trainable_variance": False},
    },
    claims=(f_vae_claims.not_blurred("F3.5", " (5,000 images of MNIST, 3,000 steps)"),),
    table=density_table,
    figure=density_curves,
)

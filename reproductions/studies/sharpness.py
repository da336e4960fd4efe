"""Are the f-VAE's samples sharp, and what do VAEs of other variances draw?"""

from reproductions.harness.claim import Above, Claim, ratio
from reproductions.harness.study import Study
from reproductions.reporting.densities import density_curves, density_table

STUDY = Study(
    question="Sharpness and reconstruction of f-VAE, and of VAEs with a trained variance and with the author's",
    variants={
        "f-VAE": {},
        "VAE": {"model": "vae"},
        "VAE, variance 1": {"model": "vae", "vae_variance": 1.0, "trainable_variance": False},
    },
    claims=(
        Claim(
            key="F3.5",
            topic="sharper than a VAE",
            sentence="The f-VAE's samples are not blurred as a VAE's are (5,000 images of MNIST, 3,000 steps).",
            statistic="sharpness of samples after the last step, the f-VAE's over that of the VAE of trained variance",
            rule=Above(1),
            values=ratio("f-VAE", "VAE", lambda run: run["evaluations"][-1]["sharpness"]),
        ),
    ),
    table=density_table,
    figure=density_curves,
)

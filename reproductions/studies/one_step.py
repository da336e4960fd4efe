"""One-step clustering beside a VAE whose codes are clustered afterwards, on few images."""

from reproductions.harness.study import Study
from reproductions.reporting.clustering import clustering_curves, clustering_table
from reproductions.studies.clustering_claims import AUTHORS, AUTHORS_VAE, FIRST_VERSION, better_than_two_steps

STUDY = Study(
    question="One-step clustering beside a VAE whose codes are clustered afterwards",
    variants={
        "one step": AUTHORS,
        "warm start by a Gaussian mixture": {},
        "warm start, first version": FIRST_VERSION,
        "warm start, without (iii)": {"balance_weight": 0.0},
        "VAE of the author's size": AUTHORS_VAE,
        "VAE": {"model": "vae"},
    },
    claims=(better_than_two_steps("C2.3", "5,000 images of MNIST", "one step", "VAE of the author's size"),),
    table=clustering_table,
    figure=clustering_curves,
)

"""What each choice of the laptop preset brings to one-step clustering."""

from reproductions.harness.study import Study
from reproductions.reporting.clustering import clustering_curves, clustering_table
from reproductions.studies.clustering_claims import AUTHORS

STUDY = Study(
    question="From the author's settings to the laptop preset, one choice after another",
    variants={
        "one step": AUTHORS,
        "+ rate 2e-3": AUTHORS | {"learning_rate": 2e-3},
        "+ random means": AUTHORS | {"learning_rate": 2e-3, "initial_means": "normal"},
        "+ half the width": {"initial_means": "normal", "warm_up_steps": 0},
        "+ warm start by k-means": {"initial_means": "k_means"},
        "warm start by a Gaussian mixture": {},
    },
    table=clustering_table,
    figure=clustering_curves,
)

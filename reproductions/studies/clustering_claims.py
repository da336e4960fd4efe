"""What the studies of one-step clustering share: the author's versions, and the claim that one step beats two."""

import math

from reproductions.harness.claim import Above, Claim, of_means
from reproductions.reporting.clustering import PREFIXES, by_clusterer, purity

FIRST_VERSION = {"ratio": "analytic", "reconstruction_weight": 5.0}
LATER_VERSION = {"ratio": "sampled", "reconstruction_weight": 2.5}
# The laptop preset warms up as a VAE and then fits a mixture to its codes; the author's one step does neither.
AUTHORS = {"width": 32, "learning_rate": 1e-3, "initial_means": "zeros", "warm_up_steps": 0}
# A VAE of the same sizes, whose codes are clustered afterwards.
AUTHORS_VAE = {"model": "vae", "width": 32, "learning_rate": 1e-3}


def better_than_two_steps(key: str, data: str, one_step: str, two_steps: str) -> Claim:
    """The claim on one data set, from the titles of the two variants."""
    clusterings = of_means(
        [one_step, *(f"{two_steps} + {clusterer}" for clusterer in PREFIXES)],
        purity,
        lambda means: means[0] - max(means[1:]),
        -math.inf,
    )
    return Claim(
        key=key,
        topic="better than two steps",
        sentence=f"One step clusters better than two ({data}).",
        statistic="purity on the test images after the last step, less that of a VAE's codes clustered by k-means or "
        "by a Gaussian mixture, whichever is better on the mean",
        rule=Above(0),
        values=lambda record: clusterings(by_clusterer(record, two_steps)),
    )

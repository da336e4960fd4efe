"""The author's two versions of one-step clustering on the post's data, beside two steps and deep embedding."""

import math

from reproductions.harness.claim import Above, Claim, paired
from reproductions.harness.study import Study
from reproductions.reporting.clustering import clustering_curves, clustering_table, purity
from reproductions.studies import budgets
from reproductions.studies.clustering_claims import FIRST_VERSION, LATER_VERSION, better_than_two_steps


def _as_good_as_in_the_post(key: str, data: str, version: str, reported: float) -> Claim:
    return Claim(
        key=key,
        topic=f"the post's purity on {data}",
        sentence=f"The {version} reaches a purity of {100 * reported:g} % on {data}, or at most three points less.",
        statistic=f"purity on the test images after the last step, less {reported}",
        rule=Above(-0.03),
        values=lambda record: [found - reported for (found,) in paired(record, [version], purity, -math.inf)],
    )


def _study(data: str, dataset: dict, claims: tuple[Claim, ...]) -> Study:
    variants: dict[str, dict] = {
        "first version": FIRST_VERSION,
        "later version": LATER_VERSION,
        "VAE of the same size": {"model": "vae"},
        # Half of the steps make its codes, half sharpen them.
        "deep embedded clustering": {"model": "dec", "initial_means": "k_means", "warm_up_steps": 15_000},
    }
    return Study(
        question=f"The author's two versions on the whole of {data}, 50 epochs",
        variants={title: variant | dataset for title, variant in variants.items()},
        claims=claims,
        table=clustering_table,
        figure=clustering_curves,
        preset="paper",
        seeds=budgets.SEEDS,
        minutes=35,  # the mean of the first two variants on MNIST
    )


# Both with the paper preset, whose data set is Fashion-MNIST.
MNIST = _study(
    "MNIST",
    {"dataset": "mnist"},
    (
        _as_good_as_in_the_post("C1.1", "MNIST", "first version", 0.845),
        _as_good_as_in_the_post("C1.2", "MNIST", "later version", 0.83),
        better_than_two_steps("C2.1", "MNIST", "later version", "VAE of the same size"),
    ),
)
FASHION_MNIST = _study(
    "Fashion-MNIST",
    {},
    (
        _as_good_as_in_the_post("C1.3", "Fashion-MNIST", "first version", 0.606),
        _as_good_as_in_the_post("C1.4", "Fashion-MNIST", "later version", 0.585),
        better_than_two_steps("C2.2", "Fashion-MNIST", "later version", "VAE of the same size"),
    ),
)

"""Do fresh real images in the generator's step stabilise RSGAN? Ten seeds at learning rates that are too high."""

from __future__ import annotations

import math
from statistics import mean
from typing import TYPE_CHECKING, Any

from reproductions.harness.claim import Above, Claim, difference, ratio
from reproductions.harness.numbers import significant
from reproductions.harness.study import Study
from reproductions.reporting import markdown, summary
from reproductions.reporting.dots import dots
from reproductions.studies import budgets
from reproductions.studies.rsgan_convergence import CLOTHES_SEARCH

if TYPE_CHECKING:
    import numpy as np

FRESH, RUNNING_MEAN = "fresh real images", "a running mean of real scores"
TIMES = 8  # the rates that the search found best for RSGAN on these data; at four times, no run collapsed
RAISED = {flag: TIMES * value for flag, value in CLOTHES_SEARCH.winners()["RSGAN"].items() if flag.endswith("_rate")}
# A run has collapsed if it ends so many times as far from the data as it has been.
COLLAPSED = 3.0


def examine(model: Any, train: Any, test: Any, features: Any, configuration: Any) -> tuple[dict, np.ndarray]:
    """How much the gradient of the trained generator varies; samples."""
    from reproductions.experiments import gradient_variance

    del test, features, configuration
    return gradient_variance.examine(model, train)


def collapsed(run: dict) -> float:
    """1 for a run whose last distance is far above its smallest, else 0."""
    return float(run["evaluations"][-1]["frechet_distance"] > COLLAPSED * summary.best(run))


def variance(run: dict) -> float | None:
    """The generator's gradient variance; None of a collapsed run, whose gradient tells nothing of training."""
    return None if collapsed(run) else run["found"]["gradient_variance"]


def table(record: dict) -> str:
    """One row per variant."""
    rows = []
    for title, runs in summary.by_variant(record).items():
        whole = summary.whole(runs)
        lost = len(runs) - len(whole) + sum(map(collapsed, whole))
        variances = [found for found in map(variance, whole) if found is not None and math.isfinite(found)]
        distances = [summary.settled(run) for run in whole]
        rows.append(
            [
                title,
                f"{lost:.0f} of {len(runs)}",
                markdown.spread(distances) if distances else "none",
                significant(mean(variances)) if variances else "none",
            ]
        )
    columns = ("the generator compares with", "collapsed", "Fréchet distance", "variance of G's gradient")
    about = "the variance of a gradient is that from batch to batch, by its squared length, after the last step"
    title = f"{summary.distance_title(record)}; {summary.conditions(record)}; {about}."
    return f"{title}\n\n{markdown.table(columns, rows)}"


STUDY = Study(
    question="RSGAN with fresh real images in the generator's step, and with a running mean of their scores",
    variants={FRESH: {}, RUNNING_MEAN: {"real_scores": "running_mean"}},
    table=table,
    figure=dots,
    settings=budgets.CLOTHES | RAISED,
    search=CLOTHES_SEARCH.name,
    seeds=tuple(range(10)),
    minutes=budgets.MINUTES_CLOTHES,
    examine=examine,
    claims=(
        Claim(
            key="R4.1",
            topic="stabler with real images in G's step",
            sentence="Real images in the generator's step keep training at raised learning rates from collapsing.",
            statistic="share of runs that collapse at eight times the best rates: with a running mean of real scores "
            "in the place of fresh real images, less RSGAN's",
            rule=Above(0),
            values=difference(RUNNING_MEAN, FRESH, collapsed, 1.0),
        ),
        Claim(
            key="R4.2",
            topic="stabler with real images in G's step",
            sentence="Real images in the generator's step make its gradient vary less.",
            statistic="variance of G's gradient from batch to batch, by its squared length, after the last step: with "
            "a running mean of real scores, over RSGAN's",
            rule=Above(1),
            values=ratio(RUNNING_MEAN, FRESH, variance),
        ),
    ),
)

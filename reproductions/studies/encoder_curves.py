"""What codes tell of labels against what they cost: beta-VAEs beside encoders without a decoder, traced by a weight.

All have the same encoder, batches and steps. A method is a curve of points (prior term, neighbour accuracy), one for
each weight, and curves are compared where both are: at equal prior terms, where no weight is the right one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from reproductions.harness.claim import Above, Claim
from reproductions.harness.configuration import RunConfiguration
from reproductions.harness.study import Study
from reproductions.reporting import figures, markdown, summary
from reproductions.studies import budgets
from reproductions.studies.encoder_only import OPTIONS, check, conditions, perform
from reproductions.studies.settings import extended

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BETA_VAE, INFO_NCE, JENSEN_SHANNON = "beta-VAE", "no decoder, InfoNCE", "no decoder, Jensen-Shannon"
# The smaller beta, the larger the prior term; so with the weight of the information, the larger it is. They are such
# that the curves lie beside each other.
BETAS = (10.0, 3.0, 1.0, 0.3, 0.1)
WEIGHTS = {INFO_NCE: (3.0, 10.0, 30.0, 100.0, 300.0), JENSEN_SHANNON: (10.0, 30.0, 100.0, 300.0)}
# The largest prior term that two curves share is at least so many times the smallest, and each has so many points
# there: over less, a mean would be that of one line between two points.
LEAST_OVERLAP, LEAST_POINTS = 3.0, 2
# A code with less than so many nats has collapsed, and is no point of a curve.
LEAST_COST = 1.0
COST, ACCURACY = "prior_kl", "neighbor_accuracy_5"

METHODS: dict[str, dict[str, Any]] = {
    **{f"{BETA_VAE}, {beta:g}": {"model": "vae", "beta": beta} for beta in BETAS},
    **{
        f"{INFO_NCE}, {weight:g}": {"estimator": "info_nce", "num_shuffles": 255, "information_weight": weight}
        for weight in WEIGHTS[INFO_NCE]
    },
    # Its estimate is a mean over pairs, which more of them make less noisy, no tighter.
    **{
        f"{JENSEN_SHANNON}, {weight:g}": {
            "estimator": "jensen_shannon",
            "num_shuffles": 31,
            "information_weight": weight,
        }
        for weight in WEIGHTS[JENSEN_SHANNON]
    },
}
VARIANTS = {title: {**flags, "batch_size": 256} for title, flags in METHODS.items()}
STEPS = 1_000
COLUMNS = {
    COST: ("prior term, nats", 2),
    ACCURACY: ("neighbour accuracy, k = 5", 3),
    "linear_probe": ("linear probe", 3),
}


def table(record: dict) -> str:
    """One row per variant."""
    rows = [
        [title, *(markdown.spread([run[name] for run in runs], digits) for name, (_, digits) in COLUMNS.items())]
        for title, runs in summary.by_variant(record).items()
    ]
    columns = ("encoder", *(column for column, _ in COLUMNS.values()))
    return f"{conditions(record)}.\n\n{markdown.table(columns, rows)}"


def figure(record: dict) -> Figure:
    """Neighbour accuracy and linear probe against the prior term: a curve for each method and seed."""
    made = figures.of_record(record, conditions(record), 11, 4.5)
    for axes, name in zip(made.subplots(1, 2), (ACCURACY, "linear_probe"), strict=True):
        for i, method in enumerate((BETA_VAE, INFO_NCE, JENSEN_SHANNON)):
            for nth, points in enumerate(curves(record, method, name).values()):
                label_once = {"label": method} if nth == 0 else {}
                axes.plot(*zip(*points, strict=True), marker=".", color=f"C{i}", **label_once)
        figures.plain_logarithm(axes, "x")
        axes.set(xlabel=COLUMNS[COST][0], ylabel=COLUMNS[name][0])
        axes.grid(alpha=0.3, which="both")
        axes.legend()
    return made


def curves(record: dict, method: str, name: str = ACCURACY) -> dict[int, list[tuple[float, float]]]:
    """By seed, the points (prior term, number) of a method, in the order of their prior terms."""
    found: dict[int, list[tuple[float, float]]] = {}
    for run in record["runs"]:
        if run["variant"].startswith(f"{method}, "):
            found.setdefault(run["seed"], []).append((run[COST], run[name]))
    return {seed: sorted(points) for seed, points in found.items()}


def mean_difference(one: Sequence[tuple[float, float]], other: Sequence[tuple[float, float]]) -> float | None:
    """How far a curve lies above another, on average over the logarithm of the prior term where both are.

    Between their points both are straight lines in that logarithm. None for curves that share less than a factor of
    three of the prior term, or of which one has a single point there.
    """
    one, other = ([(math.log(cost), value) for cost, value in curve if cost >= LEAST_COST] for curve in (one, other))
    if not one or not other:
        return None
    first, last = max(one[0][0], other[0][0]), min(one[-1][0], other[-1][0])
    points = min(sum(first <= x <= last for x, _ in curve) for curve in (one, other))
    if last - first < math.log(LEAST_OVERLAP) or points < LEAST_POINTS:
        return None
    # The difference of two curves of straight lines is one; its mean is that of a sum of trapezia.
    places = sorted({first, last, *(x for x, _ in (*one, *other) if first < x < last)})
    heights = [_at(one, x) - _at(other, x) for x in places]
    parts = zip(places, places[1:], heights, heights[1:], strict=False)
    return sum((right - left) * (low + high) / 2 for left, right, low, high in parts) / (last - first)


def _at(curve: Sequence[tuple[float, float]], x: float) -> float:
    for (left, low), (right, high) in zip(curve, curve[1:], strict=False):
        if left <= x <= right:
            return low if left == right else low + (high - low) * (x - left) / (right - left)
    return curve[-1][1]


def above_beta_vae(method: str) -> Callable[[dict], list[float | None]]:
    """What gives a claim's values: for every seed, how far a method's curve lies above the beta-VAE's."""

    def values(record: dict) -> list[float | None]:
        one, other = curves(record, method), curves(record, BETA_VAE)
        return [mean_difference(one[seed], other[seed]) for seed in sorted(one.keys() & other.keys())]

    return values


def _claim(key: str, method: str, on: str) -> Claim:
    estimate = method.rpartition(", ")[2]
    return Claim(
        key=key,
        topic="an encoder alone has a VAE's features",
        sentence=f"Prior and information terms give an encoder alone a VAE's features, here {on} by {estimate} "
        f"({STEPS:,} steps).",
        statistic="neighbour accuracy, k = 5, less the beta-VAE's at equal prior terms, averaged over the range of log "
        f"prior term that both curves share. It must span a factor of {LEAST_OVERLAP:g} and hold {LEAST_POINTS} points "
        f"of each curve, of {LEAST_COST:g} nat or more",
        rule=Above(-0.02),
        values=above_beta_vae(method),
    )


def study(
    presets: Mapping[str, RunConfiguration], dataset: str, on: str, keys: tuple[str, str], minutes: float
) -> Study:
    """The study of the script with these presets, on a data set."""
    return Study(
        question=f"What codes tell of labels against their prior term: beta-VAEs and encoders alone, {on}",
        variants=VARIANTS,
        claims=tuple(_claim(key, method, on) for key, method in zip(keys, (INFO_NCE, JENSEN_SHANNON), strict=True)),
        perform=perform,
        check=check,
        presets=extended(presets, OPTIONS, steps=STEPS),
        # All test images: with 2,000 of them, accuracies may differ by 0.015 through the choice alone.
        settings={"dataset": dataset, "evaluation_samples": 10_000},
        table=table,
        figure=figure,
        seeds=budgets.SEEDS,
        minutes=minutes,
    )

"""Estimators of mutual information on Gaussians whose information is known: the staircase of Poole et al. 2019."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import mean
from typing import TYPE_CHECKING, Literal

from reproductions.harness.options import Options, option
from reproductions.harness.study import Study
from reproductions.reporting import figures, markdown, summary
from reproductions.studies import budgets

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LEVELS = (2, 4, 6, 8, 10)  # nats

Estimator = Literal["jensen_shannon", "nwj", "donsker_varadhan", "info_nce", "barber_agakov"]


@dataclass(frozen=True, kw_only=True)
class Settings(Options):
    """An estimator on its way up the staircase."""

    estimator: Estimator = option("info_nce", "What T is trained with.")
    read_as: Estimator = option("info_nce", "What estimates the information from the trained T.")
    seed: int = option(0, "Seed of everything random.", at_least=0)
    batch_size: int = option(64, "Pairs per step.", at_least=2)
    steps: int = option(4_000, "Steps on each level.", at_least=4)
    widths: tuple[int, ...] = option((256, 256), "Units of the hidden layers.", at_least=1)
    embedding: int = option(32, "Dimension of f(x) and g(z).", at_least=1)
    learning_rate: float = option(5e-4, "Adam's learning rate.", above=0)
    trace_points: int = option(80, "Points of the figure on each level.", at_least=1)


def perform(settings: Settings, data_dir: str | None) -> dict:
    """Climbs the staircase once; what was estimated on each level's last quarter of batches."""
    from reproductions.experiments import estimators

    return estimators.perform(settings, data_dir)


def table(record: dict) -> str:
    """One row per estimator: its mean on each level ± its spread over batches, both averaged over seeds."""
    rows = []
    for title, runs in summary.by_variant(record).items():
        cells = []
        for steps in zip(*(run["levels"] for run in runs), strict=True):
            estimate, deviation = (mean(step[name] for step in steps) for name in ("mean", "standard_deviation"))
            cells.append(f"{estimate:.2f} ± {deviation:.2g}")
        largest = max(level["largest"] for run in runs for level in run["levels"])
        limit = runs[0]["limit"]
        rows.append([title, *cells, f"{largest:.4g}", "" if limit is None else f"{limit:.4g}"])
    columns = ("nats", *(f"I = {information}" for information in LEVELS), "largest of a batch", "limit")
    return f"{_conditions(record)}.\n\n{markdown.table(columns, rows)}"


def _conditions(record: dict) -> str:
    return f"{record['flags']['steps']} steps on each level, {summary.seeds(record)}"


def figure(record: dict) -> Figure:
    """The staircase: each estimator's way up, beside the information and what it cannot exceed.

    A point is the median of a part of a level, since the mean of NWJ's estimates is that of a few outliers.
    """
    runs = summary.by_variant(record)
    columns = math.ceil(len(runs) / 2)
    made = figures.of_record(record, _conditions(record), 4.2 * columns, 7)
    grid = made.subplots(2, columns, sharex=True, sharey=True, squeeze=False)
    steps, points = record["flags"]["steps"], record["flags"]["trace_points"]
    ends = [steps * level for level in range(len(LEVELS) + 1)]
    places = [steps / points * (0.5 + point) for point in range(points * len(LEVELS))]
    for axes, (title, of_estimator) in zip(grid.flat, runs.items(), strict=False):
        axes.stairs(LEVELS, ends, color="black", baseline=None, label="I(x, z)")
        for run in of_estimator:
            label = "estimate (medians)" if run is of_estimator[0] else None
            axes.plot(places, run["trace"], color="C0", linewidth=0.8, label=label)
        if of_estimator[0]["limit"] is not None:
            axes.axhline(of_estimator[0]["limit"], color="C3", linestyle="--", label="its limit")
        axes.set(title=title, xticks=ends, ylim=(-0.5, 13))
        axes.grid(alpha=0.3)
    for axes in list(grid.flat)[len(runs) :]:
        axes.set_axis_off()
    for axes in grid[-1]:
        axes.set_xlabel("steps")
    for axes in grid[:, 0]:
        axes.set_ylabel("nats")
    grid.flat[0].legend(loc="upper left")
    return made


def _variant(estimator: str, read_as: str | None = None, batch_size: int = 64) -> dict:
    return {"estimator": estimator, "read_as": read_as or estimator, "batch_size": batch_size}


STUDY = Study(
    question="Estimates of 2, 4, 6, 8 and 10 nats between Gaussians of 20 dimensions",
    variants={
        "Jensen-Shannon": _variant("jensen_shannon"),
        "Jensen-Shannon, its T read as NWJ": _variant("jensen_shannon", "nwj"),
        "NWJ": _variant("nwj"),
        "Donsker-Varadhan": _variant("donsker_varadhan"),
        "InfoNCE, batch of 64": _variant("info_nce"),
        "InfoNCE, batch of 256": _variant("info_nce", batch_size=256),
        "Barber-Agakov": _variant("barber_agakov"),
    },
    perform=perform,
    seeds=budgets.SEEDS,
    minutes=1.6,
    presets={"smoke": Settings(steps=20, widths=(16,), embedding=4, trace_points=5), "laptop": Settings()},
    table=table,
    figure=figure,
)

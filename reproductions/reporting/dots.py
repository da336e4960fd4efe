"""Where every run settled, for studies of many variants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reproductions.reporting import figures, summary

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def dots(record: dict) -> Figure:
    """Every run's best distance and the mean of its last three, one row per variant."""
    variants = summary.by_variant(record)
    figure = figures.of_record(record, summary.conditions(record), 9, 1.9 + 0.32 * len(variants))
    axes = figure.subplots()
    for row, runs in enumerate(variants.values()):
        settled = [summary.settled(run) for run in summary.whole(runs)]
        best = [summary.best(run) for run in summary.whole(runs)]
        axes.plot(settled, [row] * len(settled), "o", color="C0", label="mean of the last three" if row == 0 else None)
        axes.plot(best, [row] * len(best), "|", color="C1", markersize=14, label="best" if row == 0 else None)
    axes.set_yticks(range(len(variants)), [_row_title(title, runs) for title, runs in variants.items()])
    axes.set_ylim(len(variants) - 0.5, -0.5)
    distances = [summary.settled(run) for run in summary.whole(record["runs"])]
    if max(distances) > 10 * min(distances):
        figures.plain_logarithm(axes, "x")
    elif max(distances) > 2 * min(distances):
        axes.set_xlim(left=0)
    axes.set_xlabel(summary.distance_title(record))
    axes.grid(alpha=0.3, which="both")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def _row_title(variant: str, runs: list[dict]) -> str:
    broken = len(runs) - len(summary.whole(runs))
    if not broken:
        return variant
    return f"{variant} (broke down)" if broken == len(runs) else f"{variant} ({broken} of {len(runs)} broke down)"

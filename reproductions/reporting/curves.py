"""The Fréchet distance on its way, for studies in which it matters how fast it falls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reproductions.reporting import figures, summary

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def curves(record: dict) -> Figure:
    """Distance against steps: one line per variant, the mean over its seeds, and a thin one for each seed."""
    figure = figures.of_record(record, summary.conditions(record), 9, 5)
    axes = figure.subplots()
    axes.set(xlabel="steps", ylabel=summary.distance_title(record).replace(" (", "\n("))
    figures.plain_logarithm(axes, "y")
    for i, (variant, runs) in enumerate(summary.by_variant(record).items()):
        whole = summary.whole(runs)
        if not whole:
            continue
        axes.plot(*summary.mean_curve(whole), marker=".", color=f"C{i}", label=variant)
        for run in whole if len(whole) > 1 else []:
            axes.plot(*summary.curve(run), color=f"C{i}", linewidth=0.8, alpha=0.4)
    axes.grid(alpha=0.3, which="both")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside right center")
    return figure

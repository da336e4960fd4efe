"""The Fréchet distance on its way, for studies in which it matters how fast it falls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reproductions.reporting import figures, summary

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def curves(record: dict) -> Figure:
    """Distance against steps and against seconds, one line per variant: the mean over its seeds."""
    figure = figures.of_record(record, summary.conditions(record), 13, 4.8)
    by_steps, by_seconds = figure.subplots(1, 2, sharey=True)
    for variant, runs in summary.by_variant(record).items():
        if not summary.whole(runs):
            continue
        steps, seconds, distances = summary.mean_curve(summary.whole(runs))
        by_steps.plot(steps, distances, marker=".", label=variant)
        by_seconds.plot(seconds, distances, marker=".", label=variant)
    by_steps.set(xlabel="steps", ylabel=summary.distance_title(record).replace(" (", "\n("), yscale="log")
    by_seconds.set_xlabel("seconds of training")
    figure.legend(*by_steps.get_legend_handles_labels(), loc="outside right center")
    for axes in (by_steps, by_seconds):
        axes.grid(alpha=0.3, which="both")
    return figure

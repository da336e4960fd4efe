"""What every contestant of a search reached at every point of the grid, and where it did best."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from reproductions.reporting import figures, summary

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# More contestants than Matplotlib's cycle has colours differ by their lines.
COLORS, LINES = 10, ("-", "--", ":")


def grid_curves(record: dict, distances: Mapping[str, Mapping[str, float]], in_words: str) -> Figure:
    """One line for each contestant over the points of the grid, with a star where it is lowest.

    Args:
        record: The search's.
        distances: Of each contestant, the distance at each point; infinite where a run broke down, which leaves a gap.
        in_words: What the distance is, such as "distance over the training".
    """
    points = list(max(distances.values(), key=len))  # some have more of them than others, at the end
    figure = figures.of_record(record, summary.conditions_of_distances(record), 9, 5)
    axes = figure.subplots()
    for number, (contestant, of_one) in enumerate(distances.items()):
        heights = [distance if math.isfinite(distance) else math.nan for distance in of_one.values()]
        line, color = LINES[number // COLORS % len(LINES)], f"C{number % COLORS}"
        axes.plot(heights, f"o{line}", color=color, markersize=4, label=contestant)
        lowest = min(of_one.values())
        if math.isfinite(lowest):
            axes.plot(heights.index(lowest), lowest, "*", color=color, markersize=13)
    axes.set_xticks(range(len(points)), points)
    if len(points) > 5:  # each label's end below its mark
        axes.tick_params(axis="x", labelrotation=20)
        for label in axes.get_xticklabels():
            label.set(ha="right", rotation_mode="anchor")
    finite = [distance for of_one in distances.values() for distance in of_one.values() if math.isfinite(distance)]
    if max(finite) > 3 * min(finite):
        figures.plain_logarithm(axes, "y")
    axes.set_ylabel(in_words)
    axes.grid(alpha=0.3, which="both")
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize="small", title="a star: chosen")
    return figure

"""The Fréchet distance on its way, for studies in which it matters how fast it falls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from reproductions.reporting import figures, summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def curves(record: dict, panels: Mapping[str, Sequence[str]] | None = None) -> Figure:
    """Distance against steps: one line per variant, the mean over its seeds, and a thin one for each seed.

    Args:
        record: Of the study.
        panels: The variants of each panel, by its title, which says what follows the first comma of their titles; by
            default one panel has all of them.
    """
    variants = summary.by_variant(record)
    of_panels: Mapping[str, Sequence[str]] = {"": list(variants)} if panels is None else panels
    figure = figures.of_record(record, summary.conditions(record), 9 if len(of_panels) == 1 else 5 * len(of_panels), 5)
    for axes, (title, of_panel) in zip(
        figure.subplots(1, len(of_panels), squeeze=False, sharey=True).flat, of_panels.items(), strict=True
    ):
        axes.set(title=title, xlabel="steps")
        figures.plain_logarithm(axes, "y")
        _draw(axes, {variant: variants[variant] for variant in of_panel if variant in variants})
        axes.grid(alpha=0.3, which="both")
    first = figure.axes[0]
    first.set_ylabel(summary.distance_title(record).replace(" (", "\n("))
    if panels is None:
        figure.legend(*first.get_legend_handles_labels(), loc="outside right center")
    else:
        for axes in figure.axes:
            handles, labels = axes.get_legend_handles_labels()
            axes.legend(handles, [label.partition(", ")[0] for label in labels])
    return figure


def _draw(axes: Axes, variants: Mapping[str, list[dict]]) -> None:
    for i, (variant, runs) in enumerate(variants.items()):
        figures.mean_and_each(axes, [summary.curve(run) for run in summary.whole(runs)], color=f"C{i}", label=variant)

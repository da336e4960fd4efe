"""Plots of recorded studies."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402
from matplotlib.ticker import LogLocator, NullFormatter  # noqa: E402

from reproductions.harness import summary  # noqa: E402


def curves(record: dict, path: Path) -> None:
    """Distance against steps and against seconds, a line a variant: the mean over its seeds."""
    figure, (by_steps, by_seconds) = plt.subplots(1, 2, figsize=(13, 4.8), sharey=True, layout="constrained")
    for variant, runs in summary.by_variant(record).items():
        if not summary.whole(runs):
            continue
        steps, seconds, distances = summary.mean_curve(summary.whole(runs))
        by_steps.plot(steps, distances, marker=".", label=variant)
        by_seconds.plot(seconds, distances, marker=".", label=variant)
    by_steps.set_xlabel("steps")
    by_seconds.set_xlabel("seconds of training")
    by_steps.set_ylabel(summary.distance_title(record).replace(" (", "\n("))
    by_steps.set_yscale("log")
    figure.legend(*by_steps.get_legend_handles_labels(), loc="outside right center")
    for axes in (by_steps, by_seconds):
        axes.grid(alpha=0.3, which="both")
    _save(figure, path, record)


def dots(record: dict, path: Path) -> None:
    """Final and best distance of every run, a row a variant."""
    variants = summary.by_variant(record)
    figure, axes = plt.subplots(figsize=(9, 1.5 + 0.32 * len(variants)), layout="constrained")
    for row, runs in enumerate(variants.values()):
        final = [summary.final(run) for run in summary.whole(runs)]
        best = [summary.best(run) for run in summary.whole(runs)]
        axes.plot(final, [row] * len(final), "o", color="C0", label="final" if row == 0 else None)
        axes.plot(best, [row] * len(best), "|", color="C1", markersize=14, label="best" if row == 0 else None)
    axes.set_yticks(range(len(variants)), [_row_title(title, runs) for title, runs in variants.items()])
    axes.invert_yaxis()
    finals = [summary.final(run) for run in summary.whole(record["runs"])]
    if max(finals) > 10 * min(finals):
        axes.set_xscale("log")
        # Plain numbers, and not at every digit, where they would run into each other.
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
    else:
        axes.set_xlim(left=0)
    axes.set_xlabel(summary.distance_title(record))
    axes.grid(alpha=0.3, which="both")
    axes.legend()
    _save(figure, path, record)


def _row_title(variant: str, runs: list[dict]) -> str:
    return variant if summary.whole(runs) else f"{variant} (broke down)"


def _save(figure, path: Path, record: dict) -> None:
    figure.suptitle(f"{record['question']}\n{summary.conditions(record)}", fontsize=10)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=100)
    plt.close(figure)

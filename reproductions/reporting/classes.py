"""Table and figure of a study of conditional models: class accuracy, distances within classes and over all."""

from __future__ import annotations

from statistics import mean
from typing import TYPE_CHECKING

from reproductions.harness.numbers import significant
from reproductions.reporting import figures, summary
from reproductions.reporting.markdown import spread, table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = ("variant", "class accuracy", "distance within classes", "distance", "distance over the training")
ACCURACY, WITHIN = "class_accuracy", "within_class_distance"


def class_accuracy(run: dict) -> float | None:
    """The class accuracy, mean of the last three evaluations; None without labels. See `metrics.ClassQuality`."""
    return summary.settled(run, ACCURACY) if ACCURACY in run["evaluations"][-1] else None


def within_classes(run: dict) -> float | None:
    """The mean over classes of the Fréchet distance within them, mean of the last three evaluations."""
    return summary.settled(run, WITHIN) if WITHIN in run["evaluations"][-1] else None


def class_table(record: dict) -> str:
    """One row per variant and, if as many were measured, one for real test images."""
    title = f"{summary.distance_title(record)}; {summary.conditions(record)}. Numbers are means of the last three "
    title += "evaluations. Class accuracy is the share of samples that a classifier, a logistic regression on the same "
    title += "features of the real images, puts in the class asked for."
    rows = [_row(variant, runs) for variant, runs in summary.by_variant(record).items()]
    return "\n".join([title, "", table(COLUMNS, [*rows, *_test_images_rows(record)])])


def _row(variant: str, runs: list[dict]) -> list[str]:
    reason = summary.broken(runs)
    if reason:
        return [variant, reason, *[""] * (len(COLUMNS) - 2)]
    shares, distances = ([number(run) for run in runs] for number in (class_accuracy, within_classes))
    return [
        variant,
        "" if None in shares else spread([share for share in shares if share is not None], digits=3),
        "" if None in distances else spread([distance for distance in distances if distance is not None]),
        spread([summary.settled(run) for run in runs]),
        spread([summary.area(run) for run in runs]),
    ]


def _test_images(record: dict) -> dict | None:
    """What was measured of as many test images, with their classes; None if others were."""
    of_classes = [run for run in summary.whole(record["runs"]) if ACCURACY in run["measure"]["test_images"]]
    return summary.real_test_images({"runs": of_classes}) if of_classes else None


def _test_images_rows(record: dict) -> list[list[str]]:
    found = _test_images(record)
    if found is None:
        return []
    title = f"*{found['num_fake']:.0f} test images in the place of samples*"
    return [[title, f"{found[ACCURACY]:.3f}", significant(found[WITHIN]), significant(found["frechet_distance"]), ""]]


def class_dots(record: dict) -> Figure:
    """For each variant a row of dots, one per seed: the class accuracy, and both distances; a bar at their mean.

    A dashed line is at what test images have in the place of samples.
    """
    variants, of_test_images = summary.by_variant(record), _test_images(record)
    figure = figures.of_record(record, summary.conditions_of_distances(record), 13, 2 + 0.32 * len(variants))
    panels = {
        ACCURACY: ("class accuracy", class_accuracy),
        WITHIN: ("Fréchet distance within classes", within_classes),
        "frechet_distance": ("Fréchet distance", summary.settled),
    }
    for axes, (name, (title, number)) in zip(figure.subplots(1, len(panels), sharey=True), panels.items(), strict=True):
        for row, runs in enumerate(variants.values()):
            numbers = [found for run in summary.whole(runs) if (found := number(run)) is not None]
            axes.plot(numbers, [row] * len(numbers), "o", color="C0", label="a seed" if row == 0 else None)
            if numbers:
                axes.plot(mean(numbers), row, "|", color="C1", markersize=14, label="mean" if row == 0 else None)
        axes.set_yticks(range(len(variants)), list(variants))
        axes.set_xlabel(title)
        if of_test_images:
            axes.axvline(of_test_images[name], color="0.5", linestyle="--", label="test images")
        if name != ACCURACY:  # accuracies differ by little: an axis from 0 would hide it
            axes.set_xlim(0, 1.05 * axes.get_xlim()[1])
        axes.grid(alpha=0.3)
    axes.set_ylim(len(variants) - 0.5, -0.5)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure

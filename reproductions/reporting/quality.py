"""The table of a study whose runs are measured by the quality of their samples."""

from statistics import mean

from reproductions.harness.numbers import significant
from reproductions.reporting import summary
from reproductions.reporting.markdown import spread, table

# Numbers are means over the last three evaluations, if they are not said to be others.
COLUMNS = (
    "variant",
    "distance",
    "over the training",
    "best",
    "steps to {level}",
    "kernel distance",
    "precision / recall",
    "density / coverage",
)


def quality_table(record: dict) -> str:
    """One row per variant and, if as many were measured, one for real test images; then how far groups are spread.

    A distance is the mean of the run's last three evaluations; beside it stand its mean over the whole training (the
    area under its curve), the smallest, and the steps until it came near the best variant's.
    """
    timed, level = record["timed"], summary.level(record)
    rows = [_row(variant, runs, level, timed) for variant, runs in summary.by_variant(record).items()]
    title = f"{summary.distance_title(record)}; {summary.conditions(record)}."
    columns = [column.format(level=significant(level)) for column in (*COLUMNS, *(["ms per step"] if timed else []))]
    return "\n".join([title, "", table(columns, [*rows, *_test_images_rows(record)]), *_groups(record)])


def _row(variant: str, runs: list[dict], level: float, timed: bool) -> list[str]:
    reason = summary.broken(runs)
    if reason:
        return [variant, reason, *[""] * (len(COLUMNS) - 2), *([""] if timed else [])]
    row = [
        variant,
        *(spread([statistic(run) for run in runs]) for statistic in (summary.settled, summary.area, summary.best)),
        _steps([summary.steps_to(run, level) for run in runs]),
        spread([summary.settled(run, "kernel_distance") for run in runs]),
        *(
            " / ".join(f"{mean(summary.settled(run, name) for run in runs):.2f}" for name in pair)
            for pair in (("precision", "recall"), ("density", "coverage"))
        ),
    ]
    return [*row, f"{mean(summary.milliseconds_per_step(run) for run in runs):.0f}"] if timed else row


def _steps(found: list[float | None]) -> str:
    """The mean of the seeds' steps; runs that never came so far are counted."""
    reached = [steps for steps in found if steps is not None]
    if not reached:
        return "never"
    return f"{mean(reached):,.0f}" + ("" if len(reached) == len(found) else f" ({len(reached)} of {len(found)})")


def _test_images_rows(record: dict) -> list[list[str]]:
    found = summary.real_test_images(record)
    if found is None:
        return []
    row = [
        f"*{found['num_fake']:.0f} test images in the place of samples*",
        significant(found["frechet_distance"]),
        *[""] * 3,
        significant(found["kernel_distance"]),
        f"{found['precision']:.2f} / {found['recall']:.2f}",
        f"{found['density']:.2f} / {found['coverage']:.2f}",
    ]
    return [[*row, ""] if record["timed"] else row]


def _groups(record: dict) -> list[str]:
    """How far the variants of a group lie apart, for studies that have groups."""
    groups = summary.settled_by_group(record)
    if not groups:
        return []
    rows = [
        [group, significant(min(distances)), significant(max(distances)), significant(max(distances) / min(distances))]
        for group, distances in groups.items()
    ]
    return ["", table(["group", "smallest distance", "largest distance", "ratio"], rows)]

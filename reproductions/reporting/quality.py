"""The table of a study whose runs are measured by the quality of their samples."""

from statistics import mean

from reproductions.harness.image_features import NETWORKS
from reproductions.harness.numbers import significant
from reproductions.reporting import summary
from reproductions.reporting.markdown import spread, table

# Numbers are means over the last three evaluations, if they are not said to be others.
COLUMNS = ("variant", "distance", "over the training", "best", "steps to {level}", "kernel distance")
SHARES = (("precision", "recall"), ("density", "coverage"))
# On ImageNet features blots of the right colours lie closer together than photographs do: their precision and density
# are above those of test images, and their recall is near zero.
SHARES_ON_IMAGENET = (("coverage",),)


def quality_table(record: dict) -> str:
    """One row per variant and, if as many were measured, one for real test images; then how far groups are spread.

    A distance is the mean of the run's last three evaluations; beside it stand its mean over the whole training (the
    area under its curve), the smallest, and the steps until it came near the best variant's.
    """
    timed, level, shares = record["timed"], summary.level(record), _shares(record)
    columns = [*(column.format(level=significant(level)) for column in COLUMNS), *map(" / ".join, shares)]
    rows = [_row(variant, runs, level, shares) for variant, runs in summary.by_variant(record).items()]
    rows += _test_images_rows(record, shares)
    if timed:
        columns.append("ms per step")
        rows = [[*row, time] for row, time in zip(rows, _times(record, len(rows)), strict=True)]
    title = f"{summary.distance_title(record)}; {summary.conditions(record)}."
    return "\n".join([title, "", table(columns, rows), *_groups(record)])


def _shares(record: dict) -> tuple[tuple[str, ...], ...]:
    """The shares that tell good samples from bad ones on the record's features."""
    return SHARES if summary.features_network(record) == NETWORKS["lenet"] else SHARES_ON_IMAGENET


def _row(variant: str, runs: list[dict], level: float, shares: tuple[tuple[str, ...], ...]) -> list[str]:
    reason = summary.broken(runs)
    if reason:
        broken = len(runs) - len(summary.whole(runs))
        of_seeds = f" ({broken} of {len(runs)} seeds broke down)" if len(runs) > 1 else ""
        return [variant, f"{reason}{of_seeds}", *[""] * (len(COLUMNS) - 2 + len(shares))]
    return [
        variant,
        *(spread([statistic(run) for run in runs]) for statistic in (summary.settled, summary.area, summary.best)),
        _steps([summary.steps_to(run, level) for run in runs]),
        spread([summary.settled(run, "kernel_distance") for run in runs]),
        *(" / ".join(f"{mean(summary.settled(run, name) for run in runs):.2f}" for name in pair) for pair in shares),
    ]


def _times(record: dict, count: int) -> list[str]:
    """Of every variant that did not break down the milliseconds per step; blank for the other rows."""
    times = [
        "" if summary.broken(runs) else f"{mean(map(summary.milliseconds_per_step, runs)):.0f}"
        for runs in summary.by_variant(record).values()
    ]
    return times + [""] * (count - len(times))


def _steps(found: list[float | None]) -> str:
    """The mean of the seeds' steps; runs that never came so far are counted."""
    reached = [steps for steps in found if steps is not None]
    if not reached:
        return "never"
    return f"{mean(reached):,.0f}" + ("" if len(reached) == len(found) else f" ({len(reached)} of {len(found)})")


def _test_images_rows(record: dict, shares: tuple[tuple[str, ...], ...]) -> list[list[str]]:
    found = summary.real_test_images(record)
    if found is None:
        return []
    return [
        [
            f"*{found['num_fake']:.0f} test images in the place of samples*",
            significant(found["frechet_distance"]),
            *[""] * 3,
            significant(found["kernel_distance"]),
            *(" / ".join(f"{found[name]:.2f}" for name in pair) for pair in shares),
        ]
    ]


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

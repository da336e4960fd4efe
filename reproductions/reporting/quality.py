"""The table of a study whose runs are measured by the quality of their samples."""

from statistics import mean

from reproductions.reporting import summary
from reproductions.reporting.markdown import spread, table

COLUMNS = ("variant", "final", "best", "kernel distance (final)", "precision / recall", "density / coverage")


def quality_table(record: dict) -> str:
    """One row per variant and, if as many were measured, one for real test images; then how far groups are spread."""
    timed = record["timed"]
    rows = [_row(variant, runs, timed) for variant, runs in summary.by_variant(record).items()]
    title = f"{summary.distance_title(record)}; {summary.conditions(record)}."
    columns = (*COLUMNS, "ms per step") if timed else COLUMNS
    return "\n".join([title, "", table(columns, [*rows, *_test_images_rows(record)]), *_groups(record)])


def _row(variant: str, runs: list[dict], timed: bool) -> list[str]:
    reason = summary.broken(runs)
    if reason:
        return [variant, reason, *[""] * (len(COLUMNS) - 2), *([""] if timed else [])]
    last = [run["evaluations"][-1] for run in runs]
    row = [
        variant,
        spread([summary.final(run) for run in runs]),
        spread([summary.best(run) for run in runs]),
        spread([row["kernel_distance"] for row in last]),
        f"{mean(row['precision'] for row in last):.2f} / {mean(row['recall'] for row in last):.2f}",
        f"{mean(row['density'] for row in last):.2f} / {mean(row['coverage'] for row in last):.2f}",
    ]
    return [*row, f"{mean(summary.milliseconds_per_step(run) for run in runs):.0f}"] if timed else row


def _test_images_rows(record: dict) -> list[list[str]]:
    found = summary.real_test_images(record)
    if found is None:
        return []
    row = [
        f"*{found['num_fake']:.0f} test images in the place of samples*",
        f"{found['frechet_distance']:.3g}",
        "",
        f"{found['kernel_distance']:.3g}",
        f"{found['precision']:.2f} / {found['recall']:.2f}",
        f"{found['density']:.2f} / {found['coverage']:.2f}",
    ]
    return [[*row, ""] if record["timed"] else row]


def _groups(record: dict) -> list[str]:
    """How far the variants of a group lie apart, for studies that have groups."""
    groups = summary.final_by_group(record)
    if not groups:
        return []
    rows = [
        [group, f"{min(distances):.3g}", f"{max(distances):.3g}", f"{max(distances) / min(distances):.3g}"]
        for group, distances in groups.items()
    ]
    return ["", table(["group", "smallest final", "largest final", "ratio"], rows)]

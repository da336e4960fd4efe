"""The note in a run's folder of what it is measured on: evaluations on others cannot stand in one table with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reproductions.harness.errors import UsageError
from reproductions.harness.run_directory import RunDirectory, read_json, write_json

COUNTS = ("num_real", "num_fake")


def check_unchanged(directory: RunDirectory, described: Mapping[str, Any]) -> None:
    """Checks that a run goes on being measured on what its measurements until now were.

    Args:
        directory: The run's folder.
        described: What its results would say about the measure.

    Raises:
        UsageError: It would be measured on other features or numbers of images, or the note is damaged.
    """
    if not _rows(directory):
        return
    then, now = _noted(directory), _identity(described)
    changes = [f"{name}: {then[name]}, now {now.get(name)}" for name in then if then[name] != now.get(name)]
    if changes:
        raise UsageError(
            f"--output_dir={directory.path} holds a run that was measured on something else ({'; '.join(changes)}), "
            "and its measurements could not be compared; give a new --output_dir, or restore what it was measured on"
        )


def note(directory: RunDirectory, described: Mapping[str, Any]) -> None:
    """Notes what a run is measured on, before its first measurement; later if an older version began it."""
    if not _rows(directory) or not directory.measure.exists():
        write_json(directory.measure, described)


def _rows(directory: RunDirectory) -> list[dict]:
    from keras_gen.callbacks import StepTable

    return StepTable(directory.evaluations).rows()


def _noted(directory: RunDirectory) -> dict[str, Any]:
    """What identifies the features and the numbers of images until now, as far as it is known of an older run."""
    remedy = "restore it, or make the run in a new --output_dir"
    path, described, expected = directory.evaluations, {}, f"a table of measurements; {remedy}"
    try:
        counts = _counts(_rows(directory)[-1])
        if directory.measure.exists():
            path, expected = directory.measure, f"a note of what a run is measured on; {remedy}"
            described = read_json(path, expected)
        elif directory.results.exists():
            path, expected = directory.results, f"a run's results; {remedy}"
            described = directory.read_results().get("measure") or {}
        return _identity(described) | counts
    except (AttributeError, TypeError, ValueError, OverflowError) as error:  # a value of another kind
        raise error if isinstance(error, UsageError) else UsageError(f"{path} is not {expected}") from error


def _identity(described: Mapping[str, Any]) -> dict[str, Any]:
    """What tells features and numbers of images from others."""
    identity: dict[str, Any] = {}
    if "features" in described:
        features = described["features"]
        identity["features"] = features and f"{features.get('network')} ({features.get('weights_hash')})"
    return identity | _counts(described.get("test_images") or {})


def _counts(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: int(row[name]) for name in COUNTS if name in row}

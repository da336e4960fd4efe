"""What a study's record holds, and where it comes from."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from reproductions import pages
from reproductions.harness.errors import UsageError
from reproductions.harness.record_fields import check_fields
from reproductions.harness.reproduction import Reproduction
from reproductions.harness.run_directory import RunDirectory, read_json
from reproductions.harness.study import Study, file_name
from reproductions.harness.study_run import examined

RESULTS = pages.FOLDER / "results"
# What a run takes beside its training: TensorFlow's import and the measurements.
START_UP_MINUTES = 0.5
# What can be done where new runs cannot join a record.
OTHER_RECORD = (
    "start another record (give a new --results_dir, and leave out --record), or remove the file and make all of its "
    "seeds again"
)
# What a record keeps of a run of the script.
RECORDED = ("steps", "seconds", "evaluations", "measure", "versions", "finished")
# And this, of a run that another device than its machine's has trained.
IF_THERE = ("trained_on",)


def shipped(script: str, study: str) -> dict | None:
    """The record that comes with the scripts; None where there is none yet."""
    path = shipped_path(script, study)
    return read_record(path) if path.exists() else None


def shipped_path(script: str, name: str) -> Path:
    """Where the record of a study, or of one run that was kept, comes with the scripts."""
    return RESULTS / script / f"{name}.json"


def read_record(path: Path, *expected: str) -> dict:
    """Reads the record of a study.

    Args:
        path: The file.
        *expected: As in `read_json`.

    Raises:
        UsageError: It is damaged, or something else.
    """
    record = read_json(path, *expected)
    with readable(path):
        check_fields(record)
    return record


@contextlib.contextmanager
def readable(path: Path, just_made: bool = False) -> Iterator[None]:
    """Raises what a file of JSON values that are not those expected leads to as one line, which says what went wrong.

    Args:
        path: The file.
        just_made: Whether this process has made what is in the record, so that the study is at fault.

    Raises:
        UsageError: The file cannot be used.
    """
    try:
        yield
    except (UsageError, OSError):
        raise
    except Exception as error:  # a value that is missing, or of another kind, shows wherever it is used
        found = " ".join(f"{type(error).__name__}: {error}".split())
        if just_made:
            raise UsageError(
                f"{path} lacks what the study's table, figure or claims take from it ({found}); choose "
                "those of what the script measures"
            ) from error
        raise UsageError(
            f"{path} is damaged, or of another version ({found}); restore it from a copy, or move it away and make it "
            "again"
        ) from error


def results_of(
    directory: RunDirectory, flags: dict[str, Any], study: str, looked_at: bool, broke_down: bool = False
) -> tuple[dict | None, Path | None]:
    """What is recorded of a run, and its last picture; None of one that has not ended.

    Args:
        directory: The run's folder.
        flags: Its configuration.
        study: The study's name.
        looked_at: Whether the study looks at the trained model.
        broke_down: Whether the run ended with an error: one whose loss became NaN or infinite has left a note, which
            is what is recorded of it.
    """
    if broke_down and directory.breakdown.exists():
        return read_json(directory.breakdown), None
    if not directory.finished(flags):
        return None, None
    results = directory.read_results()
    with readable(directory.results):
        if "results" in results:  # of a function of the study's own
            return {"seconds": results["seconds"], **results["results"]}, directory.newest_sheet
        kept = {key: results[key] for key in (*RECORDED, *(one for one in IF_THERE if one in results))}
    if not looked_at:
        return kept, directory.newest_sheet
    found, picture = examined(directory, study)
    return (kept | read_json(found), picture) if found.exists() else (None, None)


def minutes(study: Study, recorded: dict | None, runs: Sequence[tuple[str, Mapping[str, Any]]]) -> float | None:
    """What runs take on two cores, one after another, by the record's times; None where nothing is known.

    Args:
        study: The study.
        recorded: Its record.
        runs: Variant and flags of each run; time is taken to grow with the steps.
    """
    times: dict[str | None, list[float]] = {}  # None: any variant's
    steps = (recorded or {"flags": {}})["flags"].get("steps")
    for run in recorded["runs"] if recorded else []:
        of_run = run["flags"].get("steps", steps) or 1
        if run.get("seconds") is not None:
            seconds = run["seconds"] / of_run
        elif run.get("seconds_per_step") is not None:
            seconds = run["seconds_per_step"]
        else:
            continue
        for title in (run["variant"], None):
            times.setdefault(title, []).append(seconds)
    total = START_UP_MINUTES * len(runs)
    for title, flags in runs:
        known = times.get(title) or times.get(None)
        if known:
            total += mean(known) * flags.get("steps", 1) / 60
        elif study.minutes is not None:
            total += study.minutes
        else:
            return None
    return total


def agree(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two sets of flags say the same of what both know: an option may be younger than a record."""
    return all(plain(one[name]) == plain(other[name]) for name in one.keys() & other.keys())


def plain(value: Any) -> Any:
    """A value as JSON holds it."""
    return list(value) if isinstance(value, tuple) else value


def image_counts(record: dict) -> set[tuple[int, int]]:
    """How many real images and samples the runs' distances compare: one pair, or more if they differ."""
    rows = [row for run in record["runs"] if "measure" in run for row in run["evaluations"]]
    return {(int(row["num_real"]), int(row["num_fake"])) for row in rows if "num_fake" in row}


def check_features(record: dict, path: Path) -> None:
    """Checks that runs with distances were measured, on the same features and counts: others cannot be compared.

    Args:
        record: The record, with the runs that are to be taken into it.
        path: Its file.

    Raises:
        UsageError: They were not.
    """
    described = [run["measure"] for run in record["runs"] if "measure" in run]
    features = [measure["features"] for measure in described if "features" in measure]
    if None in features:
        raise UsageError(
            f"{path}: one of its runs was not measured, because its data have no labels, and cannot be compared; "
            f"{OTHER_RECORD} in a new --output_dir, with labelled data or --features=imagenet"
        )
    if len({one["weights_hash"] for one in features}) > 1:
        raise UsageError(
            f"{path}: its runs were measured on different features and cannot be compared; "
            f"{OTHER_RECORD} in a new --output_dir"
        )
    counts = image_counts(record)
    if len(counts) > 1:
        raise UsageError(
            f"{path}: its runs were measured on different numbers of images and cannot be compared "
            f"({'; '.join(described_counts(*pair) for pair in sorted(counts))}); {OTHER_RECORD} in a new --output_dir"
        )


def check_counts(record: dict, path: Path, real: int, samples: int) -> None:
    """Checks, before any run is made, that new runs will be measured on as many images as those of the record.

    Args:
        record: The record that they would join.
        path: Its file.
        real: Real images that a new run's distances compare.
        samples: Samples that they compare.

    Raises:
        UsageError: They will not.
    """
    others = image_counts(record) - {(real, samples)}
    if others:
        raise UsageError(
            f"{path}: its runs were measured on {described_counts(*min(others))}, and new ones would be on "
            f"{described_counts(real, samples)}, which cannot be compared with them; {OTHER_RECORD}"
        )


def check_weights(record: dict, path: Path, weights_hash: str) -> None:
    """Checks, before any run is made, that new runs will be measured on the features of a record.

    Args:
        record: The record that they would join.
        path: Its file.
        weights_hash: What identifies the features of new runs.

    Raises:
        UsageError: They will not.
    """
    described = [run["measure"]["features"] for run in record["runs"] if run.get("measure", {}).get("features")]
    other = next((one for one in described if one["weights_hash"] != weights_hash), None)
    if other is not None:
        raise UsageError(
            f"{path}: its runs were measured on features of {other['network']} ({other['weights_hash']}), and new ones "
            f"would be on others ({weights_hash}), which cannot be compared with them; {OTHER_RECORD}"
        )


def described_counts(real: int, samples: int) -> str:
    """The numbers of images that a distance compares, in words."""
    return f"{real:,} real images and {samples:,} samples"


def sheet_name(reproduction: Reproduction, name: str, title: str) -> str:
    """The stem of a variant's picture: its title, after the study's name if another's variant is called so too."""
    flags = [study.variants[title] for study in reproduction.studies.values() if title in study.variants]
    return file_name(title if all(one == flags[0] for one in flags) else f"{name} {title}")

"""The runs of a record that lies where a study will write its own: kept as they are, or continued to more steps."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from reproductions.harness.errors import UsageError
from reproductions.harness.record import agree, check_features, read_record
from reproductions.harness.run_directory import RunDirectory, differences, has_fewer_steps
from reproductions.harness.study import Study

Run = tuple[str, int]


def kept(
    path: Path,
    study: Study,
    flags: Mapping[str, Any],
    plan: Collection[Run],
    directory: Callable[[Run], RunDirectory],
) -> dict[Run, dict]:
    """The record's runs, by variant and seed; none if all of them are to be continued to more steps.

    Args:
        path: The record.
        study: The study.
        flags: What its runs share.
        plan: The runs that are asked for.
        directory: Gives the folder of a run.

    Raises:
        UsageError: It is damaged or of other flags, its runs were not measured alike, or a run of fewer steps would be
            lost.
    """
    record = read_record(path, "a record; remove it, or give another --results_dir")
    runs = {(run["variant"], run["seed"]): run for run in record["runs"] if run["variant"] in study.variants}
    there = record["flags"]
    continued = study.extendable and has_fewer_steps(there, flags)
    same_variants = all(agree(run["flags"], study.variants[title]) for (title, _), run in runs.items())
    if not same_variants or not agree(there | {"steps": flags["steps"]} if continued else there, flags):
        # A flag may be younger than the record.
        differing = differences(flags, {name: there.get(name, value) for name, value in flags.items()})
        which = ", ".join(differing.values()) or "its variants have changed"
        raise UsageError(f"{path} is a record of other flags: {which}; give another --results_dir or --output_dir")
    if not continued:
        check_features({"runs": list(runs.values())}, path)
        return runs
    for title, seed in runs:
        lost = f"{path} is a record of fewer steps, whose runs are continued together"
        if (title, seed) not in plan:
            raise UsageError(f"{lost}; give the seed {seed} of {title!r} too, or another --output_dir")
        if not directory((title, seed)).flags.exists():
            where = directory((title, seed)).path
            raise UsageError(f"{lost}, and {where} is missing; bring it back, or give another --output_dir")
    return {}

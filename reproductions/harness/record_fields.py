"""Whether a study's record has what is taken from it later: all of it is looked at when the record is read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def check_fields(record: Mapping[str, Any]) -> None:
    """Checks the fields that all studies share; what a study measures itself is its table's and its claims' matter.

    Raises:
        ValueError: A field is missing or of another kind; the message says where it is, and what it is.
    """
    _check_steps(_field(record, "flags", dict), "flags")
    seen = set()
    for number, run in enumerate(_field(record, "runs", list)):
        where = f"runs[{number}]"
        if not isinstance(run, dict):
            raise _wrong(where, run)
        _check_run(run, where)
        if (run["variant"], run["seed"]) in seen:
            raise ValueError(f"{where} is another run of {run['variant']!r} with seed {run['seed']}")
        seen.add((run["variant"], run["seed"]))


def _check_run(run: dict[str, Any], where: str) -> None:
    _field(run, "variant", str, where)
    _field(run, "seed", int, where)
    _check_steps(_field(run, "flags", dict, where), f"{where}.flags")
    for name in ("seconds", "seconds_per_step"):
        if run.get(name) is not None and not math.isfinite(_field(run, name, int | float, where)):
            raise _wrong(f"{where}.{name}", run[name])
    if "broke_down" in run:
        _field(run, "broke_down", str, where)
    if "evaluations" in run or "measure" in run:
        for number, row in enumerate(_field(run, "evaluations", list, where)):
            _check_row(row, f"{where}.evaluations[{number}]")
    if "measure" in run:
        features = _field(run, "measure", dict, where).get("features")
        if features is not None:
            _check_features(features, f"{where}.measure.features")


def _check_row(row: Any, where: str) -> None:
    if not isinstance(row, dict):
        raise _wrong(where, row)
    for name in ("num_real", "num_fake") if "num_fake" in row else ():
        if not math.isfinite(_field(row, name, int | float, where)):
            raise _wrong(f"{where}.{name}", row[name])


def _check_features(features: Any, where: str) -> None:
    if not isinstance(features, dict):
        raise _wrong(where, features)
    for name in ("network", "weights_hash"):
        _field(features, name, str, where)


def _check_steps(flags: dict[str, Any], where: str) -> None:
    if "steps" in flags:
        _field(flags, "steps", int, where)


def _field(values: Mapping[str, Any], name: str, kind: Any, where: str = "") -> Any:
    place = f"{where}.{name}".removeprefix(".")
    if name not in values:
        raise ValueError(f"{place} is missing")
    if not isinstance(values[name], kind) or isinstance(values[name], bool):
        raise _wrong(place, values[name])
    return values[name]


def _wrong(where: str, found: Any) -> ValueError:
    shown = repr(found)
    return ValueError(f"{where} is {shown if len(shown) <= 40 else shown[:40] + '...'}")

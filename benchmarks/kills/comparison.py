"""Two finished runs, or studies, and their differences."""

import csv
import hashlib
import io
import json
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import h5py

from benchmarks.kills.job import run_folders

# Columns and entries about times, which differ between any two runs.
TIMES = ("seconds", "finished")


def differences(straight: Path, killed: Path) -> list[str]:
    """The differences between two finished runs, or between the runs and records of two studies; empty if none."""
    runs, others = ({str(run.relative_to(root)): run for run in run_folders(root)} for root in (straight, killed))
    found = [f"{name}: missing" for name in runs.keys() - others.keys()]
    found += [f"{name}: made in addition" for name in others.keys() - runs.keys()]
    for name in sorted(runs.keys() & others.keys()):
        begin = "" if name == "." else f"{name}: "
        found += [begin + line for line in _of_runs(runs[name], others[name])]
    for record in straight.glob("*.json"):
        if record.name not in ("flags.json", "results.json") and not _same_json(record, killed / record.name):
            found.append(f"{record.name}: another record")
    return found + [f"{path.relative_to(killed)}: left over" for path in killed.rglob(".writing-*")]


def _of_runs(straight: Path, killed: Path) -> list[str]:
    found = []
    if weights_hash(straight) != weights_hash(killed):
        found.append("model.keras: other weights")
    for table in ("metrics.csv", "evaluations.csv"):
        expected, rows = rows_of(straight / table), rows_of(killed / table)
        counts = Counter(row["step"] for row in rows)
        found += [f"{table}: step {step} stands there {count} times" for step, count in counts.items() if count > 1]
        found += [f"{table}: no step {row['step']}" for row in expected if row["step"] not in counts]
        found += [f"{table}: another row of step {row['step']}" for row in rows if row not in expected]
    expected, pictures = (
        {path.name: path.read_bytes() for path in run.glob("samples/*")} for run in (straight, killed)
    )
    for name in sorted(expected.keys() | pictures.keys()):
        if expected.get(name) != pictures.get(name):
            found.append(f"samples/{name}: {'another picture' if name in pictures else 'missing'}")
    if not _same_json(straight / "results.json", killed / "results.json"):
        found.append("results.json: other results")
    return found


def hash_of_all(directory: Path) -> str:
    """The hash of a run's weights; of several runs, that of their hashes."""
    hashes = [weights_hash(run) for run in run_folders(directory)]
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()[:12]


def weights_hash(run: Path) -> str:
    """The first twelve hexadecimal digits of the SHA-256 of a run's weights and optimisers, names included."""
    digest = hashlib.sha256()

    def add(name: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Dataset):
            digest.update(name.encode() + item[()].tobytes())

    with (
        zipfile.ZipFile(run / "model.keras") as archive,
        h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as file,
    ):
        file.visititems(add)
    return digest.hexdigest()[:12]


def rows_of(table: Path) -> list[dict]:
    """The rows of a table without their times."""
    if not table.exists():
        return []
    with open(table, newline="") as file:
        return [_without_times(row) for row in csv.DictReader(file)]


def _same_json(one: Path, other: Path) -> bool:
    return other.exists() and _without_times(json.loads(one.read_text())) == _without_times(
        json.loads(other.read_text())
    )


def _without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_times(part) for name, part in value.items() if name not in TIMES}
    return [_without_times(part) for part in value] if isinstance(value, list) else value

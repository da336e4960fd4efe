"""The classes that a stored TFDS data set names: TFDS imports their modules, which runs whatever code is in them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Under these keys `features.json` names classes.
KEYS = {"pythonClassName", "python_class_name", "type"}
OWN = "tensorflow_datasets."


def foreign_class(folder: Path) -> str | None:
    """The first class that a data set's stored features name and that is not TFDS's own; None if there is none."""
    for path in sorted(folder.rglob("features.json")):
        try:
            described = json.loads(path.read_text(encoding="utf-8"))
            for name in _classes(described):
                if not name.startswith(OWN):
                    return name
        except (OSError, ValueError, RecursionError):
            continue  # TFDS, which cannot read it either, says so
    return None


def _classes(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, part in value.items():
            if key in KEYS and isinstance(part, str) and "." in part:
                yield part
            yield from _classes(part)
    elif isinstance(value, list):
        for part in value:
            yield from _classes(part)

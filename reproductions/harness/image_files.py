"""The names of the images that a run trains on, noted in its folder, so that it does not go on with others."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterable
from pathlib import Path

from reproductions.harness.errors import UsageError
from reproductions.harness.run_directory import replacing

# Names that a message shows.
SHOWN = 3


def check_unchanged(note: Path, files: Iterable[str] | None, dataset: str) -> None:
    """Checks that the images of a folder are those that the run began with.

    Args:
        note: The run's note of their names; it need not exist.
        files: Their names now; None for a data set that is no folder.
        dataset: The data set's name, for the message.

    Raises:
        UsageError: Images were added or removed since then, or the note is damaged.
    """
    if files is None or not note.exists():
        return
    try:
        then = gzip.decompress(note.read_bytes())
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise UsageError(f"{note} is damaged; remove it if the images of {dataset} are unchanged") from error
    now = _packed(files)
    if now == then:
        return
    names, names_then = (set(packed.split(b"\0")) - {b""} for packed in (now, then))
    changes = [
        f"{len(changed):,} {what} ({', '.join(map(os.fsdecode, sorted(changed)[:SHOWN]))}"
        f"{', ...' if len(changed) > SHOWN else ''})"
        for what, changed in (("added", names - names_then), ("removed", names_then - names))
        if changed
    ]
    raise UsageError(
        f"--dataset={dataset}: the run in {note.parent} began with {len(names_then):,} images, now there are "
        f"{len(names):,}: {', '.join(changes)}; restore them, or give another --output_dir"
    )


def note_names(note: Path, files: Iterable[str] | None) -> None:
    """Notes the names of the images, unless that is done already."""
    if files is not None and not note.exists():
        with replacing(note) as aside:
            aside.write_bytes(gzip.compress(_packed(files), mtime=0))


def _packed(files: Iterable[str]) -> bytes:
    return b"".join(os.fsencode(name) + b"\0" for name in files)

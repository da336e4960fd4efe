"""What a command may do with bad input, and whether it did."""

import hashlib
import os
import re
import stat
from collections.abc import Sequence
from pathlib import Path

from benchmarks.fuzz.process import Case, Ended

TRACEBACK = "Traceback (most recent call last)"
# A line of the standard error that is no error: warnings, and what libtiff writes there itself, by which Pillow reads
# compressed TIFF files.
WARNING = re.compile(r"WARNING:absl:|warning: |tempfile\.tif: ")
# What a case may always change: the folder that it works in, and that of temporary files, which it must leave empty,
# but for those that Python removes at its exit, which a forked process skips, and an empty folder of TFDS's.
WORK, TEMPORARY = "work", "tmp"
TOLERATED = re.compile(rf"{TEMPORARY}/(__autograph_generated_file.*|tmp\w+tfds)")


def fault(case: Case, ended: Ended, before: dict[str, str], after: dict[str, str]) -> str | None:
    """What is wrong with how a case ended, in a line; None if it worked, or ended with one line and status 1.

    Args:
        case: The case.
        ended: How its process ended.
        before: What its folder held before, from `contents`.
        after: What it held afterwards.
    """
    if not ended.in_time:
        return "it did not end in time"
    if TRACEBACK in ended.complained + ended.printed:
        return f"it printed a traceback: {ended.complained.strip().splitlines()[-1]}"
    if ended.status < 0:
        return f"signal {-ended.status} ended it"
    if ended.status not in (0, 1):
        return f"it ended with status {ended.status}"
    *lines, last = ended.complained.rstrip("\n").split("\n")
    if ended.status == 1 and not last.startswith("error: "):
        return f"status 1 without a line that begins with error: {last!r}"
    others = [line for line in (lines if ended.status else [*lines, last]) if line and not WARNING.match(line)]
    if others:
        return f"it said more than one line: {others[0]!r}"
    if ended.broke:
        return f"it {ended.broke[0]}"
    changed = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
    for path in changed:
        if not _is_within(path, (*case.may_change, WORK)):
            return f"it changed {path}"
    left = [path for path in after if path.startswith(f"{TEMPORARY}/") and not TOLERATED.fullmatch(path)]
    return f"it left {left[0]} behind" if left else None


def contents(folder: Path) -> dict[str, str]:
    """All that lies in a folder, without following links: of each path its kind, and what it holds."""
    found = {}
    for root, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(root, name)
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                held = f"link to {os.readlink(path)}"
            elif stat.S_ISREG(mode):
                held = hashlib.sha256(path.read_bytes()).hexdigest()
            else:
                held = "folder" if stat.S_ISDIR(mode) else "special"
            found[os.path.relpath(path, folder)] = held
    return found


def _is_within(path: str, allowed: Sequence[str]) -> bool:
    return any(path == one or path.startswith(f"{one}/") for one in (*allowed, TEMPORARY))

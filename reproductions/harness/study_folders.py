"""Where the runs of a study and its record lie."""

import re
from pathlib import Path
from typing import Any

from reproductions import pages
from reproductions.harness import command_line, launch
from reproductions.harness.errors import UsageError
from reproductions.harness.record import RESULTS
from reproductions.harness.reproduction import Reproduction
from reproductions.harness.run_directory import check_writable


def usual_folder(reproduction: Reproduction, preset: str | None, base: Any, usual: Any) -> str:
    """The study's folder where none is given: runs of other flags than the record's have one of their own."""
    changed = [flag.removeprefix("--") for flag in command_line.as_arguments(base, usual)]
    return f"runs/{reproduction.name}_studies" + folder_name("".join(f"_{one}" for one in [preset, *changed] if one))


def record_folder(reproduction: Reproduction, command: launch.Command, root: Path) -> Path:
    """The folder of a study's record: that of its runs, another one that was given, or the repository's.

    Raises:
        UsageError: It cannot be written, or two were given.
    """
    if not command.record:
        folder = Path(command.results_dir or root)
        check_writable(folder, "--results_dir" if command.results_dir else "--output_dir")
        return folder
    if command.results_dir:
        raise UsageError("--record and --results_dir say two places for the record; give one of them")
    if not pages.in_checkout():
        raise UsageError("--record writes the records in a checkout of the repository; give --results_dir elsewhere")
    check_writable(RESULTS, "--record")
    return RESULTS / reproduction.name


def folder_name(text: str) -> str:
    """A text without blanks, slashes and quotes."""
    return re.sub(r"[^\w.=,+-]+", "_", text)

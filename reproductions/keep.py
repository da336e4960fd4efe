"""Keeps what a page shows of one run: its results and its last sheet, as `results/SCRIPT/NAME.json` and `NAME.png`.

    python -m reproductions.keep --run=runs/faces --name=faces
    python -m reproductions.tables

The page has a block `<!-- run NAME -->` for the table. Of a folder of images its name is kept, not where it lies.
"""

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reproductions import pages
from reproductions.harness.command_line import parsed
from reproductions.harness.errors import UsageError
from reproductions.harness.failures import guarded
from reproductions.harness.options import Options, option
from reproductions.harness.record import RESULTS
from reproductions.harness.run_directory import RunDirectory, replacing, write_json

USAGE = "python -m reproductions.keep --run=FOLDER --name=NAME"


@dataclass(frozen=True, kw_only=True)
class Command(Options):
    """What to keep."""

    run: str | None = option(None, "The folder of a finished run.")
    name: str | None = option(None, "How the page calls it: small letters, digits and underscores.")


def main(argv: Sequence[str] | None = None) -> None:
    """Does what the command line says."""
    guarded(_main, argv)


def _main(argv: Sequence[str] | None) -> None:
    command = parsed(argv, Command(), USAGE, "Keeps the results and the last sheet of a run for its script's page.")
    keep(*finished_run(command.run, command.name, USAGE))


def finished_run(folder: str | None, name: str | None, usage: str) -> tuple[RunDirectory, str]:
    """A finished run and the name under which it is to be put into this checkout.

    Raises:
        UsageError: One is not given, the name has other signs, this is no checkout, or the run is not finished.
    """
    if folder is None or name is None or not re.fullmatch("[a-z0-9_]+", name):
        raise UsageError(f"give a folder and a name of small letters, digits and underscores: {usage}")
    if not pages.in_checkout():
        raise UsageError("this writes into a checkout of the repository; run it in one")
    directory = RunDirectory(Path(folder).expanduser())
    if not directory.results.exists():
        raise UsageError(f"--run={directory.path}: no finished run; its script's command finishes it")
    return directory, name


def keep(directory: RunDirectory, name: str, root: Path = RESULTS) -> None:
    """Keeps a finished run.

    Raises:
        UsageError: It has no sheet, or is no run of a script, or a study's record has that name.
    """
    if directory.newest_sheet is None:
        raise UsageError(f"--run={directory.path}: it has no sheet; its script's command makes one")
    results = directory.read_results()
    if "reproduction" not in results:
        raise UsageError(f"--run={directory.path}: this is no run of a script; studies keep their own by --record")
    path = root / results["reproduction"] / f"{name}.json"
    if path.exists() and "study" in path.read_text():
        raise UsageError(f"--name={name}: a study's record has this name; give another")
    results["flags"]["dataset"] = without_place(results["flags"]["dataset"])
    write_json(path, results)
    with replacing(path.with_suffix(".png")) as aside:
        shutil.copyfile(directory.newest_sheet, aside)
    print(f"kept {path} and {path.with_suffix('.png').name}; python -m reproductions.tables renews the page")


def without_place(dataset: str) -> str:
    """The name of a data set; of a folder, without the folders that it lies in."""
    return re.sub(r"(folder:).*?([^/]+)/*$", r"\1\2", dataset)


if __name__ == "__main__":
    main()

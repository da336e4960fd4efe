"""Lists the scripts: `python -m reproductions`."""

import importlib

from reproductions.harness.reproduction import Reproduction
from reproductions.pages import SCRIPTS


def reproductions() -> dict[str, Reproduction]:
    """The reproductions by name: every script of this folder that has a page beside it."""
    return {name: importlib.import_module(f"reproductions.{name}").REPRODUCTION for name in SCRIPTS}


def main() -> None:
    """Prints a line a script."""
    print("Scripts; run one with python -m reproductions.NAME --output_dir=runs/NAME\n")
    for name, reproduction in reproductions().items():
        print(f"  {name:24}{reproduction.summary}")
    print(f"  {'sample':24}Draws a picture from the SavedModel of a run")
    print(f"  {'tables':24}Makes the tables on the pages from the recorded results")


if __name__ == "__main__":
    main()

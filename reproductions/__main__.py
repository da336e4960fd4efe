"""Lists the scripts, and runs one: `python -m reproductions`, or `keras-gen` where the package is installed."""

import importlib
import sys
from collections.abc import Sequence

from reproductions.harness import command_line
from reproductions.harness.errors import UsageError
from reproductions.harness.failures import guarded
from reproductions.harness.launch import launch, minutes_of_study
from reproductions.harness.reproduction import Reproduction
from reproductions.pages import SCRIPTS

TOOLS = {
    "export": "Exports a trained model to SavedModel, ONNX or LiteRT",
    "keep": "Keeps the picture of a run for its page",
    "sample": "Draws a picture from the SavedModel of a run",
    "site": "Makes the static site, with a page to play on",
    "tables": "Makes the tables on the pages from the recorded results",
    "zoo": "Puts the model of a run among those that come with the package",
}


def reproductions() -> dict[str, Reproduction]:
    """The reproductions by name: every script of this folder that has a page beside it."""
    return {name: importlib.import_module(f"reproductions.{name}").REPRODUCTION for name in SCRIPTS}


def main(argv: Sequence[str] | None = None) -> None:
    """Runs the script that the first word names, with the flags after it; lists the scripts without one."""
    words = list(sys.argv[1:] if argv is None else argv)
    name = words[0] if words else None
    if name in TOOLS:
        module = "site.__main__" if name == "site" else name  # the site's is a folder
        importlib.import_module(f"reproductions.{module}").main(words[1:])
    elif name in SCRIPTS:
        launch(importlib.import_module(f"reproductions.{name}").REPRODUCTION, words[1:])
    else:
        guarded(_list, words)


def _list(words: list[str]) -> None:
    command_line.answer(words, listing)
    if words:
        raise UsageError(f"{words[0]}: choose one of {', '.join([*SCRIPTS, *TOOLS])}, with its flags after it")
    print(listing())


def listing() -> str:
    """What there is to run."""
    width = command_line.screen_width()
    lines = ["Usage: python -m reproductions NAME [--FLAG=VALUE ...]; NAME --help lists the flags and all presets", ""]
    lines += ["Presets: smoke (a minute), laptop (the default), paper (the author's sizes: hours on a GPU)", ""]
    lines += ["Scripts, with the minutes of laptop on two cores; studies, with claims and minutes:"]
    for name, reproduction in reproductions().items():
        lines += command_line.entry(name, f"{reproduction.summary} ({reproduction.minutes} minutes)", width, indent=26)
        studies = [
            f"{study} ({'; '.join(filter(None, [_keys(found.claims), minutes_of_study(reproduction, study)]))})"
            for study, found in reproduction.studies.items()
        ]
        lines += command_line.entry("", f"studies: {', '.join(studies)}", width, indent=26) if studies else []
    lines += ["", "Tools:"]
    for name, summary in TOOLS.items():
        lines += command_line.entry(name, summary, width, indent=26)
    return "\n".join(lines)


def _keys(claims: Sequence) -> str:
    return ", ".join(claim.key for claim in claims) or "no claim"


if __name__ == "__main__":
    main()

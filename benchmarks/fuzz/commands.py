"""Cases whose command is one of the suite's, with the environment that all of them have."""

import shlex
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from benchmarks.fuzz.process import Case
from reproductions import __main__ as reproductions


def environment(folder: Path) -> dict[str, str]:
    """Every folder that a command may write without being told to lies in the case's own."""
    return {"HOME": str(folder / "home"), "TMPDIR": str(folder / "tmp"), "KERAS_GEN_CACHE": str(folder / "cache")}


def command(
    title: str,
    folder: Path,
    words: Sequence[str],
    may_change: Sequence[str] = (),
    until: str | None = None,
    variables: Mapping[str, str] | None = None,
) -> Case:
    """A case of `python -m reproductions WORDS`.

    Args:
        title: What it does.
        folder: The case's folder.
        words: The command's words.
        may_change: What it may change in the folder.
        until: The case has worked once this is printed.
        variables: More of the environment.
    """
    shown = " ".join(word if len(word) < 200 else f"{word[:200]}..." for word in map(shlex.quote, words))
    return Case(
        title=title,
        command=f"python -m reproductions {shown}".encode(errors="backslashreplace").decode(),
        run=partial(reproductions.main, list(words)),
        folder=folder,
        may_change=("cache", *may_change),
        environment={**environment(folder), **(variables or {})},
        until=until,
    )

"""The words of a command that begins with folders: `COMMAND FOLDER ... [--FLAG=VALUE ...]`."""

from collections.abc import Sequence
from itertools import takewhile

from reproductions.harness import command_line
from reproductions.harness.command_line import Values
from reproductions.harness.errors import UsageError


def split(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """The words before the first flag, and the rest."""
    first = list(takewhile(lambda word: not word.startswith("-"), argv))
    return first, list(argv[len(first) :])


def folders_and_flags(
    argv: Sequence[str], names: Sequence[str], defaults: Values, usage: str, about: str | None
) -> tuple[list[str], Values]:
    """The folders of a command, and its flags.

    Args:
        argv: Its words.
        names: What each of the folders is, for the message of one that is missing.
        defaults: The flags that are not given.
        usage: The command.
        about: What it does.

    Raises:
        UsageError: A folder is missing, or a flag is unknown or cannot be used.
    """
    folders, flags = split(argv)
    given = command_line.parsed(flags, defaults, usage, about or "")
    if len(folders) != len(names):
        raise UsageError(f"give first {' and '.join(names)}: {usage}")
    return folders, given

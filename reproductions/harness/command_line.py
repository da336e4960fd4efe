"""Command lines: the flags of options, what was given of them, and `--help`."""

import dataclasses
import importlib.util
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from absl import flags

from reproductions.harness.errors import UsageError
from reproductions.harness.options import Option, Options, options

Values = TypeVar("Values", bound=Options)

HELP = {"-h", "-help", "--help", "--helpshort", "--helpfull"}
VERSION = {"-version", "--version"}
# Where descriptions begin, and the narrowest and widest screen that help is made for.
INDENT, MIN_WIDTH, MAX_WIDTH = 36, 80, 120


def parse(
    argv: Sequence[str],
    classes: Iterable[type[Options]],
    help_text: Callable[[], str] | None = None,
) -> dict[str, Any]:
    """The values of the flags that a command line gives, by name.

    Args:
        argv: Its words, without the program's.
        classes: Whose options are flags.
        help_text: Makes what `--help` prints. None: only look for the flags of these classes, and leave alone whatever
            else is there.

    Raises:
        UsageError: A flag is unknown or its value cannot be, or a word is no flag.
        SystemExit: Help or the version was asked for, and is printed.
    """
    _check_encoding(argv)
    if help_text is not None:
        answer(argv, help_text)
    values = flags.FlagValues()
    known = [one for cls in classes for one in options(cls)]
    for one in known:
        _define(one, values)
    try:
        rest = values([sys.argv[0], *argv], known_only=help_text is None)[1:]
    except (flags.Error, UnicodeError) as error:
        if isinstance(error.__context__, UsageError):
            raise error.__context__ from None
        complaint = " ".join(str(error).removeprefix("ERROR:: ").split())
        raise UsageError(f"{complaint}; --help lists the flags") from error
    if rest and help_text is not None:
        raise UsageError(f"{' '.join(rest)}: not a flag; flags begin with --, and --help lists them")
    return {one.name: values[one.name].value for one in known if values[one.name].present}


def _check_encoding(argv: Sequence[str]) -> None:
    """Checks that TensorFlow, whose file names are UTF-8, and Python mean the same file by every word.

    Raises:
        UsageError: A word is not UTF-8, or the locale has another encoding.
    """
    encoding = sys.getfilesystemencoding()
    for word in argv:
        shown = word.encode(errors="backslashreplace").decode()
        if not word.isascii() and encoding != "utf-8":
            raise UsageError(f"{shown}: this locale's file names are {encoding}; set LC_ALL=C.UTF-8, or use ASCII")
        if shown != word:
            raise UsageError(f"{shown}: not UTF-8; rename the file or folder")


def parsed(argv: Sequence[str] | None, defaults: Values, usage: str, about: str) -> Values:
    """The options of a command that has one class of them; see `parse`.

    Args:
        argv: The command's words; None for those of this process.
        defaults: The values of what is not given.
        usage: The command, for `--help`.
        about: What it does.
    """
    sections: list[tuple[Options, Mapping[str, Options]]] = [(defaults, {})]
    given = parse(sys.argv[1:] if argv is None else argv, [type(defaults)], lambda: help_page(usage, [about], sections))
    return dataclasses.replace(defaults, **given)


def answer(argv: Sequence[str], help_text: Callable[[], str]) -> None:
    """Prints what `--help` or `--version` asks for, and ends."""
    if HELP.intersection(argv):
        print(help_text())
        sys.exit()
    if VERSION.intersection(argv):
        print(f"keras_gen {version()}")
        sys.exit()


def version() -> str:
    """The version of keras_gen, which is not imported for it: that takes seconds."""
    found = importlib.util.find_spec("keras_gen")
    assert found is not None and found.origin is not None
    text = Path(found.origin).read_text(encoding="utf-8")
    return re.findall(r'__version__ = "(.+)"', text)[0]


class _Parser(flags.ArgumentParser):
    """Reads one value of an option.

    Args:
        one: The option.
        as_given: Whether the value is the text that was given.
    """

    def __init__(self, one: Option, as_given: bool = False):
        super().__init__()
        self.one = one
        self.as_given = as_given

    def parse(self, argument: str) -> Any:
        if re.match(r"--[a-z]", argument):
            raise UsageError(f"--{self.one.name}: give a value before {argument}; --help says which")
        return argument if self.as_given else self.one.parse(argument)


def _define(one: Option, values: flags.FlagValues) -> None:
    if one.kind is bool:
        flags.DEFINE_boolean(one.name, None, one.help, flag_values=values)
    elif one.several and one.kind is str:  # a text may hold commas: the flag is repeated
        parser, as_text = _Parser(one, as_given=True), flags.ArgumentSerializer()
        flags.DEFINE_multi(parser, as_text, one.name, None, one.help, flag_values=values)
    else:
        flags.DEFINE(_Parser(one), one.name, None, one.help, flag_values=values)


def as_arguments(values: Options, defaults: Options, left_out: Collection[Option] = ()) -> list[str]:
    """The flags by which values differ from others of their class, but for some, as a command line takes them."""
    return [
        f"--{one.name}={one.text(getattr(values, one.name))}"
        for one in options(type(values))
        if getattr(values, one.name) != getattr(defaults, one.name) and one not in left_out
    ]


# Help --------------------------------------------------------------------------------------------------------------


def help_page(usage: str, about: Iterable[str], sections: Iterable[tuple[Options, Mapping[str, Options]]]) -> str:
    """What `--help` prints.

    Args:
        usage: How the command is given.
        about: Paragraphs on what it does; lines that begin with a blank are kept as they are.
        sections: Options with their defaults and, where they differ between presets, the presets.
    """
    width = screen_width()
    lines = [f"Usage: {usage}"]
    for paragraph in about:
        lines += ["", *([paragraph] if "\n" in paragraph else textwrap.wrap(paragraph, width))]
    for defaults, presets in sections:
        groups: dict[str, list[Option]] = {}
        for one in options(type(defaults)):
            groups.setdefault(one.group, []).append(one)
        for title, members in groups.items():
            lines += ["", f"{title}:" + (f"  [{' | '.join(presets)}]" if presets else "")]
            for one in members:
                lines += entry(f"--{one.name}  {_shown(one, defaults, presets)}", _description(one), width)
    return "\n".join(lines)


def screen_width() -> int:
    """Columns to print on."""
    return min(max(shutil.get_terminal_size((100, 24)).columns, MIN_WIDTH), MAX_WIDTH)


def entry(term: str, description: str, width: int, indent: int = INDENT) -> list[str]:
    """A term and what it means, beside it if there is room."""
    lines = textwrap.wrap(description, width - indent, break_on_hyphens=False) or [""]
    if len(term) + 4 <= indent:
        return [f"  {term:{indent - 2}}{lines[0]}".rstrip(), *(" " * indent + line for line in lines[1:])]
    terms = textwrap.wrap(term, width - 2, subsequent_indent="    ", break_on_hyphens=False)
    return [*(f"  {line}" for line in terms), *(" " * indent + line for line in lines)]


def _shown(one: Option, defaults: Options, presets: Mapping[str, Options]) -> str:
    """The option's value in each preset, or the one that all share."""
    texts = [one.text(getattr(values, one.name)) for values in presets.values() or [defaults]]
    if not presets and getattr(defaults, one.name) is None:
        return ""
    return texts[0] if len(set(texts)) == 1 else " | ".join(texts)


def _description(one: Option) -> str:
    return f"{one.help} ({', '.join(one.choices)})" if one.choices else one.help

"""Tables in Markdown, and the blocks of a page that are made from records."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import isfinite
from pathlib import Path
from statistics import mean, stdev

from reproductions.harness.numbers import significant

# A block begins with a line such as <!-- table NAME --> or <!-- claims --> and ends with the line <!-- end -->.
BLOCK = re.compile(r"(<!-- (\w+)(?: (\w+))? -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table: a heading and its rows."""
    return "\n".join(cells(row) for row in (columns, ["---"] * len(columns), *rows))


def cells(row: Sequence[str]) -> str:
    """One row of a table."""
    return f"| {' | '.join(row)} |"


def spread(values: Sequence[float], digits: int | None = None) -> str:
    """The mean and, of several values, their standard deviation; with so many decimals, or three significant digits.

    Where a value is not finite there is none.
    """
    if not all(map(isfinite, values)):
        return "undefined"

    def text(value: float, significant_digits: int) -> str:
        return significant(value, significant_digits) if digits is None else f"{value:.{digits}f}"

    return text(mean(values), 3) + (f" ± {text(stdev(values), 2)}" if len(values) > 1 else "")


def renew(page: Path, table_of: Callable[[str], str | None], only_check: bool = False) -> bool:
    """Makes the tables on a page anew, each between a line `<!-- table NAME -->` and a line `<!-- end -->`.

    Args:
        page: The page.
        table_of: Gives the table of that name; None where nothing is recorded yet.
        only_check: Leave the page as it is.

    Returns:
        Whether the page differed.
    """
    return renew_blocks(page, {"table": lambda name, _: table_of(name) or "Not recorded yet."}, only_check)


def renew_blocks(page: Path, makers: Mapping[str, Callable[[str, str], str]], only_check: bool = False) -> bool:
    """Makes the blocks of a page anew; a block of a kind that nobody makes stays as it is.

    Args:
        page: The page.
        makers: By the kind of a block, what makes its content from the block's name (empty where it has none) and its
            present content.
        only_check: Leave the page as it is.

    Returns:
        Whether the page differed.
    """

    def block(match: re.Match) -> str:
        first_line, kind, name, content, last_line = match.groups(default="")
        if kind not in makers:
            return match[0]
        return f"{first_line}\n{makers[kind](name, content.strip())}\n\n{last_line}"

    text = page.read_text()
    renewed = BLOCK.sub(block, text)
    if renewed != text and not only_check:
        from keras_gen.utils.files import replacing

        with replacing(page) as aside:
            aside.write_text(renewed)
    return renewed != text

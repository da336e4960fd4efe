"""Tables in Markdown, and their places on pages."""

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import mean, stdev

from keras_gen.utils.files import replacing

BLOCK = re.compile(r"(<!-- table (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table: a heading and its rows."""
    return "\n".join(cells(row) for row in (columns, ["---"] * len(columns), *rows))


def cells(row: Sequence[str]) -> str:
    """One row of a table."""
    return f"| {' | '.join(row)} |"


def spread(values: Sequence[float], digits: int | None = None) -> str:
    """The mean and, of several values, their standard deviation; with so many decimals, or three significant digits."""
    of_mean, of_deviation = (".3g", ".2g") if digits is None else (f".{digits}f", f".{digits}f")
    return f"{mean(values):{of_mean}}" + (f" ± {stdev(values):{of_deviation}}" if len(values) > 1 else "")


def renew(page: Path, table_of: Callable[[str], str | None], only_check: bool = False) -> bool:
    """Makes the tables on a page anew, each between a line `<!-- table NAME -->` and a line `<!-- end -->`.

    Args:
        page: The page.
        table_of: Gives the table of that name; None where nothing is recorded yet.
        only_check: Leave the page as it is.

    Returns:
        Whether the page differed.
    """

    def block(match: re.Match) -> str:
        return f"{match[1]}\n{table_of(match[2]) or 'Not recorded yet.'}\n\n{match[3]}"

    text = page.read_text()
    renewed = BLOCK.sub(block, text)
    if renewed != text and not only_check:
        with replacing(page) as aside:
            aside.write_text(renewed)
    return renewed != text

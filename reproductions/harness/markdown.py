"""Tables in Markdown."""

from collections.abc import Iterable, Sequence
from statistics import mean, stdev


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

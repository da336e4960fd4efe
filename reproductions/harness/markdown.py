"""Tables in Markdown."""

from collections.abc import Iterable, Sequence
from statistics import mean, stdev


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table: a heading and its rows."""
    return "\n".join(cells(row) for row in (columns, ["---"] * len(columns), *rows))


def cells(row: Sequence[str]) -> str:
    """One row of a table."""
    return f"| {' | '.join(row)} |"


def spread(values: Sequence[float]) -> str:
    """The mean and, of several values, their standard deviation."""
    return f"{mean(values):.3g}" + (f" ± {stdev(values):.2g}" if len(values) > 1 else "")

"""What tests of runs that are trained elsewhere share."""

import csv
import re

import pytest

# Three of the 100 images that smoke presets measure.
FEW_COUNTS = 0.03


def rows_of(path):
    """The numbers of a table, without the seconds."""
    with open(path) as file:
        return [{key: float(value) for key, value in row.items() if key != "seconds"} for row in csv.DictReader(file)]


def same_rows(path, other, tolerance):
    """Checks that two tables have the same rows.

    Shares of counted images are the same up to a few counts: rounding decides between neighbours as far as each other.
    """
    rows, others = rows_of(path), rows_of(other)
    assert [row["step"] for row in rows] == [row["step"] for row in others]
    for row, expected in zip(rows, others, strict=True):
        assert row.keys() == expected.keys()
        for name, value in row.items():
            counted = re.search(r"precision|recall|coverage|density|accuracy|probe", name)
            close = pytest.approx(expected[name], rel=tolerance, abs=FEW_COUNTS if counted else tolerance)
            assert value == close, name


def error_of(function, *args):
    """The line by which a command ends."""
    with pytest.raises(SystemExit) as ended:
        function(*args)
    return str(ended.value)

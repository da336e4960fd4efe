"""Numbers as text, by hand."""

import math

import pytest

from reproductions.harness.numbers import significant


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0.012345, 3, "0.0123"),
        (1.5, 3, "1.5"),
        (999.4, 3, "999"),
        (999.6, 3, "1,000"),
        (1234.5, 2, "1,200"),
        (312.0, 2, "310"),
        (1234.5, 4, "1,234"),
        (1234.56, 6, "1,234.56"),
        (-1094.0, 3, "-1,090"),
        (1.234e6, 3, "1,230,000"),
        (9.996e8, 3, "1e+09"),
        (5e15, 3, "5e+15"),
        (1.234e-5, 3, "1.23e-05"),
        (0.0, 3, "0"),
        (-0.000635, 3, "-0.000635"),
        (math.inf, 3, "inf"),
        (math.nan, 3, "nan"),
    ],
)
def test_significant_digits(value, digits, text):
    assert significant(value, digits) == text

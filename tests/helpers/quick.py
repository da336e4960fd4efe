"""Which cases of a test are in the quick suite: `pytest -m slow` runs the others."""

from collections.abc import Collection, Iterable

import pytest


def slow_unless(quick: Collection, cases: Iterable) -> list:
    """The cases as parameters of a test, a tuple being several; those that are not quick are marked as slow."""
    return [
        pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=() if case in quick else pytest.mark.slow)
        for case in cases
    ]

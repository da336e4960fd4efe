import pytest


@pytest.fixture
def eager_steps():
    """Not here, as in tests/reproductions: runs have the graphs that users' runs have."""

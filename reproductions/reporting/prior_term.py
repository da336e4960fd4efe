"""What records say of how codes match the prior N(0, I): the parts of the prior term, and the mean discrepancy."""

from collections.abc import Sequence
from statistics import mean

# The information that n images can show is at most log n, so that the rest of the prior term is no more than a bound.
BOUND = "KL(p(z) ‖ q(z)), at most"
DISCREPANCY = "squared MMD to N(0, I) (of true draws)"

# Records that were made before the bound was called one.
EARLIER_NAMES = {"marginal_kl_upper_bound": "marginal_kl"}


def numbers(runs: Sequence[dict], name: str) -> list[float]:
    """A number of every run by its present name; none if a run lacks it."""
    values: list[float] = []
    for run in runs:
        value = run.get(name, run.get(EARLIER_NAMES.get(name, name)))
        if value is None:
            return []
        values.append(value)
    return values


def cell(runs: Sequence[dict], name: str, digits: int) -> str:
    """The mean over the runs; empty where they lack it."""
    values = numbers(runs, name)
    return f"{mean(values):.{digits}f}" if values else ""


def discrepancy_cell(runs: Sequence[dict]) -> str:
    """The discrepancy of the codes, and its spread about 0 for as many true draws; empty where the runs lack them."""
    found, deviations = (numbers(runs, name) for name in ("discrepancy", "discrepancy_deviation"))
    return f"{mean(found):.2g} (0 ± {mean(deviations):.2g})" if found and deviations else ""

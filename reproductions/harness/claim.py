"""Claims: what a post says, as a statistic over a study's record and a rule, to be fixed before the runs.

A verdict rests on seeds. Each seed gives one number, paired between the variants that share it, and Student's t gives
the 95 % interval of their mean. The claim holds where this interval lies inside the rule's region, fails where it lies
outside, and is undecided in between; fewer than three seeds leave it undecided, whatever they show.

Ratios are averaged in logarithms. The largest or smallest of several variants is taken of their means over the seeds,
with the jackknife's number for each seed: taken of single runs, it would count noise as a difference between variants.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import geometric_mean, mean, stdev
from typing import Literal, Protocol

from reproductions.harness.numbers import significant

MIN_SEEDS = 3
CONFIDENCE = 0.95


class Rule(Protocol):
    """The region in which a statistic bears its claim out; its text reads after "holds if"."""

    def inside(self, low: float, high: float) -> bool:
        """Whether all of the interval from `low` to `high` lies in the region."""

    def outside(self, low: float, high: float) -> bool:
        """Whether none of it does."""


@dataclass(frozen=True)
class Above:
    """Above a bound."""

    bound: float

    def inside(self, low: float, high: float) -> bool:  # noqa: D102
        return low > self.bound

    def outside(self, low: float, high: float) -> bool:  # noqa: D102
        return high <= self.bound

    def __str__(self) -> str:
        return f"above {self.bound:g}"


@dataclass(frozen=True)
class Below:
    """Below a bound."""

    bound: float

    def inside(self, low: float, high: float) -> bool:  # noqa: D102
        return high < self.bound

    def outside(self, low: float, high: float) -> bool:  # noqa: D102
        return low >= self.bound

    def __str__(self) -> str:
        return f"below {self.bound:g}"


@dataclass(frozen=True)
class Between:
    """Between two bounds, or equal to one of them."""

    least: float
    largest: float

    def inside(self, low: float, high: float) -> bool:  # noqa: D102
        return self.least <= low and high <= self.largest

    def outside(self, low: float, high: float) -> bool:  # noqa: D102
        return high < self.least or low > self.largest

    def __str__(self) -> str:
        return f"between {self.least:g} and {self.largest:g}"


Outcome = Literal["holds", "fails", "undecided", "not run yet"]


@dataclass(frozen=True)
class Verdict:
    """What a record says about a claim.

    Attributes:
        outcome: Whether the claim holds, fails or is undecided, or that no run was recorded.
        value: The statistic's mean over the seeds, of ratios the geometric one; None where a seed has no number.
        interval: Its 95 % interval; None for fewer than three seeds, or where a seed has no number.
        num_seeds: The seeds that the record has for it.
        num_broken: How many of them have a run that broke down.
        num_apart: How many have runs that cannot be compared.
    """

    outcome: Outcome
    value: float | None = None
    interval: tuple[float, float] | None = None
    num_seeds: int = 0
    num_broken: int = 0
    num_apart: int = 0

    def __str__(self) -> str:
        if not self.num_seeds:
            return self.outcome
        seeds = "one seed" if self.num_seeds == 1 else f"{self.num_seeds} seeds"
        for count, what in ((self.num_broken, "a run broke down"), (self.num_apart, "the runs cannot be compared")):
            if count:
                of = "" if self.num_seeds == 1 else f"{count} of "
                return f"{self.outcome}: {what} ({of}{seeds})"
        assert self.value is not None
        value = significant(self.value)
        if self.interval is None:
            return f"{self.outcome}: {value} ({seeds})"
        low, high = map(significant, self.interval)
        return f"{self.outcome}: {value} (95 % interval {low} to {high}, {seeds})"


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A claim of a post.

    Attributes:
        key: Its short name, such as "W1"; the parts of one claim are "C1.1", "C1.2" and so on.
        topic: What it is about in a few words, for the table in the README.
        sentence: What the post claims, in one sentence of our own.
        statistic: In words, what is computed for each seed, with its unit.
        rule: Where the statistic bears the claim out. Fixed before the runs; `docs/studies.md` names the records
            that are older than their rules.
        least: The least value that the statistic can take: 0 for an error or a distance. Neither the estimate nor
            its interval lies lower.
        values: From the record of a study to one number per seed, as `Ratios` where these are ratios; an infinite or
            undefined one stands for a run that broke down, and None for runs that all reached their end and cannot be
            compared. None in its place where no study looks at the claim yet.
    """

    key: str
    topic: str
    sentence: str
    statistic: str
    rule: Rule
    values: Callable[[dict], Sequence[float | None]] | None = None
    least: float = -math.inf

    def verdict(self, record: dict | None) -> Verdict:
        """What a record of the claim's study says; None where there is no record.

        A run that broke down never makes its claim hold, not even by taking the competitor out of the way: the claim
        fails if every seed by itself, those that broke down included, lies outside the rule's region, and is
        undecided otherwise. It is undecided, too, where the runs of a seed cannot be compared.
        """
        of_seeds = [] if record is None or self.values is None else list(self.values(record))
        if not of_seeds:
            return Verdict("not run yet")
        values = [value for value in of_seeds if value is not None]
        num_broken = sum(not math.isfinite(value) for value in values)
        if num_apart := len(of_seeds) - len(values):
            return Verdict("undecided", None, None, len(of_seeds), num_broken, num_apart)
        if num_broken:
            fails = len(values) >= MIN_SEEDS and all(self.rule.outside(value, value) for value in values)
            return Verdict("fails" if fails else "undecided", None, None, len(values), num_broken)
        of_ratios = isinstance(self.values, Ratios)
        # The jackknife may put an estimate below what the statistic can be.
        center = max(geometric_mean(values) if of_ratios else mean(values), self.least)
        if len(values) < MIN_SEEDS:
            return Verdict("undecided", center, None, len(values))
        low, high = interval_of_ratio(values) if of_ratios else confidence_interval(values)
        low = max(low, self.least)
        inside, outside = self.rule.inside(low, high), self.rule.outside(low, high)
        outcome: Outcome = "holds" if inside else "fails" if outside else "undecided"
        return Verdict(outcome, center, (low, high), len(values))


def confidence_interval(values: Sequence[float]) -> tuple[float, float]:
    """The 95 % interval of the mean by Student's t; at least two values."""
    from scipy.special import stdtrit

    quantile = float(stdtrit(len(values) - 1, (1 + CONFIDENCE) / 2))
    half = quantile * stdev(values) / math.sqrt(len(values))
    return mean(values) - half, mean(values) + half


def interval_of_ratio(values: Sequence[float]) -> tuple[float, float]:
    """The 95 % interval of the geometric mean, by Student's t for the logarithms; at least two positive values."""
    low, high = confidence_interval([math.log(value) for value in values])
    return math.exp(low), math.exp(high)


@dataclass(frozen=True)
class Ratios:
    """A claim's values that are ratios, positive numbers: a ratio and its inverse lie equally far from one."""

    values: Callable[[dict], Sequence[float]]

    def __call__(self, record: dict) -> Sequence[float]:
        """One ratio per seed."""
        return self.values(record)


def paired(
    record: dict,
    variants: Iterable[str],
    statistic: Callable[[dict], float | None],
    broke_down: float = math.inf,
) -> list[list[float]]:
    """A number of each variant's run, in the order of the variants, for every seed that all of them have.

    Args:
        record: The study's record.
        variants: Titles of the variants.
        statistic: The number of a run that reached its end; None where the run lacks it, which leaves its seed out.
        broke_down: The number of a run that broke down.
    """
    variants = list(variants)
    runs = {(run["variant"], run["seed"]): run for run in record["runs"]}
    rows = []
    for seed in sorted({seed for _, seed in runs}):
        if all((variant, seed) in runs for variant in variants):
            of_seed = [runs[variant, seed] for variant in variants]
            row = [broke_down if "broke_down" in run else statistic(run) for run in of_seed]
            numbers = [number for number in row if number is not None]
            if len(numbers) == len(row):
                rows.append(numbers)
    return rows


def difference(
    first: str, second: str, statistic: Callable[[dict], float | None], broke_down: float = math.inf
) -> Callable[[dict], list[float]]:
    """What gives a claim's values: one variant's number less another's, seed by seed; arguments as in `paired`."""
    return lambda record: [a - b for a, b in paired(record, (first, second), statistic, broke_down)]


def ratio(first: str, second: str, statistic: Callable[[dict], float | None]) -> Ratios:
    """What gives a claim's values: one variant's number divided by another's, seed by seed."""
    return Ratios(
        lambda record: [a / b if math.isfinite(b) else math.nan for a, b in paired(record, (first, second), statistic)]
    )


def of_means(
    variants: Sequence[str],
    statistic: Callable[[dict], float | None],
    combined: Callable[[Sequence[float]], float],
    broke_down: float = math.inf,
) -> Callable[[dict], list[float]]:
    """What gives a claim's values: a function of the variants' mean numbers, as the jackknife's pseudo-values.

    Their mean estimates that function of what many seeds would give, without most of the bias that a largest or
    smallest of few noisy means has. Where a run broke down, each seed has the function of its own numbers.

    Args:
        variants: Titles of the variants.
        statistic: As in `paired`.
        combined: From a number of each variant, in their order, to one.
        broke_down: As in `paired`.
    """

    def values(record: dict) -> list[float]:
        rows = paired(record, variants, statistic, broke_down)
        if len(rows) < 2 or not all(math.isfinite(number) for row in rows for number in row):
            return [combined(row) for row in rows]
        of_all = combined(_means(rows))
        others = [combined(_means([*rows[:left_out], *rows[left_out + 1 :]])) for left_out in range(len(rows))]
        return [len(rows) * of_all - (len(rows) - 1) * of_others for of_others in others]

    return values


def _means(rows: Sequence[Sequence[float]]) -> list[float]:
    return [mean(column) for column in zip(*rows, strict=True)]


def spread(variants: Sequence[str], statistic: Callable[[dict], float | None]) -> Ratios:
    """What gives a claim's values: the largest mean number of some variants over the smallest, by `of_means`."""
    logarithms = of_means(variants, statistic, lambda means: math.log(max(means) / min(means)))
    return Ratios(lambda record: [math.exp(value) for value in logarithms(record)])


def beside(claims: Iterable[Claim], record: dict | None, recorded: dict | None) -> str:
    """The claims with the verdicts of a record of one's own and of the recorded one, as plain text."""
    return "\n".join(
        f"{claim.key}  {claim.sentence}\n"
        f"    {claim.statistic}; holds if {claim.rule}\n"
        f"    here:     {claim.verdict(record)}\n"
        f"    recorded: {claim.verdict(recorded)}"
        for claim in claims
    )

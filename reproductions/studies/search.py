"""The same search for every contestant: a small grid, on a seed apart from those that count.

A search is a study of its own, with a record like any other. The contest that follows reads from it what each
contestant runs with, so that its record, too, says what was chosen.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import mean
from typing import TYPE_CHECKING, Any

from reproductions.harness.record import shipped
from reproductions.harness.study import Study
from reproductions.reporting import summary
from reproductions.reporting.grid import grid_curves
from reproductions.reporting.quality import quality_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Of contests, whose seeds count from 0, none has it.
SEED = 100

# A distance in words, for the line that says by what the points were chosen.
IN_WORDS: dict[Callable[[dict], float], str] = {
    summary.area: "distance over the training",
    summary.settled: "distance, the mean of the last three evaluations",
}

Flags = Mapping[str, Any]


def rates(discriminator: float, generator: float) -> dict[str, float]:
    """Learning rates as flags."""
    return {"discriminator_learning_rate": discriminator, "generator_learning_rate": generator}


def alike(*points: float) -> dict[str, Flags]:
    """Points at which both networks have the same rate."""
    return {f"rates {_in_powers_of_ten(rate)}": rates(rate, rate) for rate in points}


def _in_powers_of_ten(number: float) -> str:
    """Such as 2e-3 or 1.6e-2."""
    return f"{number:.1e}".replace(".0", "").replace("e-0", "e-")


# A contestant of which nothing is recorded has the usual point. The grids reach from rates that are too small to ones
# that are too large, for most contestants; on photographs, which have 16 pixels, both where the networks have the same
# rate and where the discriminator's is four times the generator's.
RATES_ON_PHOTOS: dict[str, Any] = {
    "grid": {
        **alike(2e-4, 5e-4, 1e-3, 2e-3, 4e-3),
        "rates 4e-4 and 1e-4": rates(4e-4, 1e-4),
        "rates 8e-4 and 2e-4": rates(8e-4, 2e-4),
        "rates 2e-3 and 5e-4": rates(2e-3, 5e-4),
        "rates 4e-3 and 1e-3": rates(4e-3, 1e-3),
    },
    "usual": "rates 5e-4",
    "ends": ("rates 2e-4", "rates 4e-3", "rates 4e-4 and 1e-4", "rates 4e-3 and 1e-3"),
}
RATES_ON_CLOTHES: dict[str, Any] = {"grid": alike(5e-4, 1e-3, 2e-3, 4e-3, 8e-3), "usual": "rates 1e-3"}


@dataclass(frozen=True, kw_only=True)
class Search:
    """A search over a grid.

    Attributes:
        script: The script whose runs it makes.
        name: Its name among the script's studies, by which its record is found.
        contestants: Flags of each contestant.
        grid: Flags of each point of the grid.
        further: More points beyond the grid's last one, for contestants that were best there.
        usual: The point that a contestant has as long as nothing is recorded of it.
        distance: Of a run, what is smallest at the point that is chosen.
        in_words: What that is called; None where `IN_WORDS` tells.
        ends: The points at the ends of the grid, beyond which a contestant might do better still; None for its first
            and its last one.
    """

    script: str
    name: str
    contestants: Mapping[str, Flags]
    grid: Mapping[str, Flags]
    usual: str
    distance: Callable[[dict], float] = summary.area
    in_words: str | None = None
    ends: tuple[str, ...] | None = None
    further: Mapping[str, Mapping[str, Flags]] = field(default_factory=dict)

    def study(self, preset: str, settings: Flags, minutes: float) -> Study:
        """The study that makes the search; minutes as in `Study`."""
        beyond = ", and more for those best at the end" if self.further else ""
        return Study(
            question=f"The search before the contest: the same {len(self.grid)} points for every contestant{beyond}",
            variants={
                f"{contestant}: {point}": {**flags, **at_point}
                for contestant, flags in self.contestants.items()
                for point, at_point in self._points(contestant).items()
            },
            table=self.table,
            figure=self.figure,
            preset=preset,
            settings=settings,
            seeds=(SEED,),
            minutes=minutes,
        )

    def chosen(self, record: dict | None) -> dict[str, str]:
        """The point of every contestant: the one with the smallest distance.

        A point whose run broke down is not chosen; a contestant of which nothing is recorded has the usual one.
        """
        chosen = {}
        for contestant, distances in self.distances(record).items():
            best = min(distances, key=distances.__getitem__)
            chosen[contestant] = best if math.isfinite(distances[best]) else self.usual
        return chosen

    def distances(self, record: dict | None) -> dict[str, dict[str, float]]:
        """The distance of every contestant at every point; infinite where a run broke down or none is recorded."""
        runs = {} if record is None else summary.by_variant(record)

        def distance(found: list[dict]) -> float:
            return mean(map(self.distance, found)) if found and not summary.broken(found) else math.inf

        return {
            contestant: {point: distance(runs.get(f"{contestant}: {point}", [])) for point in self._points(contestant)}
            for contestant in self.contestants
        }

    def winners(self) -> dict[str, dict[str, Any]]:
        """Flags of every contestant, with those that the shipped record of the search chose."""
        chosen = self.chosen(shipped(self.script, self.name))
        return {title: {**flags, **self._points(title)[chosen[title]]} for title, flags in self.contestants.items()}

    def table(self, record: dict) -> str:
        """The table of the runs, and what was chosen."""
        return f"{quality_table(record)}\n\n{self.choice(record)}"

    def figure(self, record: dict) -> Figure:
        """Each contestant's distance at every point, and where it is smallest."""
        return grid_curves(record, self.distances(record), self._smallest)

    def choice(self, record: dict) -> str:
        """What was chosen and by what, in a line, and for whom that lies at an end of the grid."""
        chosen = self.chosen(record)
        in_words = "; ".join(f"{contestant}: {point}" for contestant, point in chosen.items())
        at_an_end = [contestant for contestant, point in chosen.items() if point in self._ends(contestant)]
        warned = f" Best at an end of the grid: {'; '.join(at_an_end)}." if at_an_end else ""
        return f"Chosen by the smallest {self._smallest}: {in_words}.{warned}"

    def _points(self, contestant: str) -> dict[str, Flags]:
        return {**self.grid, **self.further.get(contestant, {})}

    def _ends(self, contestant: str) -> tuple[str, ...]:
        first, *_, last = self._points(contestant)
        return (first, last) if self.ends is None else self.ends

    @property
    def _smallest(self) -> str:
        return IN_WORDS[self.distance] if self.in_words is None else self.in_words

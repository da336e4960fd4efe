"""Curves for a web page: where lines, ticks and labels lie in a small drawing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

WIDTH, HEIGHT = 340, 180
LEFT, RIGHT, TOP, BOTTOM = 56, 10, 8, 24
# Points of a line at most; of more, means of neighbours are drawn.
MAX_POINTS = 400
# A positive curve whose largest value is so many times the smallest is drawn on a logarithmic axis.
LOGARITHMIC = 30


@dataclass(frozen=True)
class Chart:
    """One curve.

    Attributes:
        title: What is shown.
        steps: Where; at least two.
        values: The numbers there, all finite.
    """

    title: str
    steps: Sequence[float]
    values: Sequence[float]

    @property
    def logarithmic(self) -> bool:
        """Whether the vertical axis is."""
        return min(self.values) > 0 and max(self.values) > LOGARITHMIC * min(self.values)

    @property
    def last(self) -> str:
        """The last value."""
        return f"{self.values[-1]:.4g}"

    @cached_property
    def points(self) -> list[tuple[float, float, float, float]]:
        """Of each point: where it lies from the left and from the top, its step and its value."""
        parts = zip(*(np.array_split(a, min(len(a), MAX_POINTS)) for a in (self.steps, self.values)), strict=True)
        means = [(float(np.mean(steps)), float(np.mean(values))) for steps, values in parts]
        return [(self._x(step), self._y(value), round(step), float(f"{value:.5g}")) for step, value in means]

    @property
    def line(self) -> str:
        """The points as an SVG polyline has them."""
        return " ".join(f"{x},{y}" for x, y, *_ in self.points)

    @property
    def x_ticks(self) -> list[tuple[float, str]]:
        """Where ticks of the steps lie from the left, and their labels."""
        from matplotlib.ticker import MaxNLocator

        found = MaxNLocator(4, integer=True, steps=[1, 2, 5, 10]).tick_values(self.steps[0], self.steps[-1])
        return [(self._x(t), f"{t / 1000:g}k" if t >= 10_000 else f"{t:g}") for t in found if self._inside(t)]

    @property
    def y_ticks(self) -> list[tuple[float, str]]:
        """Where ticks of the values lie from the top, and their labels."""
        from matplotlib.ticker import LogLocator, MaxNLocator

        low, high = self._range
        locator = LogLocator(subs=(1.0, 3.0), numticks=5) if self.logarithmic else MaxNLocator(4, steps=[1, 2, 5, 10])
        return [(self._y(t), f"{t:.4g}") for t in locator.tick_values(low, high) if low <= t <= high]

    @property
    def _range(self) -> tuple[float, float]:
        low, high = min(self.values), max(self.values)
        return (low, high) if low < high else (low - 1, high + 1)

    def _inside(self, step: float) -> bool:
        return self.steps[0] <= step <= self.steps[-1]

    def _x(self, step: float) -> float:
        share = (step - self.steps[0]) / (self.steps[-1] - self.steps[0])
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def _y(self, value: float) -> float:
        scaled = math.log if self.logarithmic else float
        low, high = map(scaled, self._range)
        return round(HEIGHT - BOTTOM - (scaled(value) - low) / (high - low) * (HEIGHT - TOP - BOTTOM), 1)


def title_of(name: str) -> str:
    """A column's name as words."""
    return name.replace("_", " ").replace("frechet", "Fréchet")


def charts(rows: Sequence[dict[str, float]]) -> list[Chart]:
    """One curve for each column of a table by step that changes; numbers that are not finite are left out."""
    names = [name for name in rows[0] if name not in ("step", "seconds")] if rows else []
    found = []
    for name in names:
        finite = [(row["step"], row[name]) for row in rows if math.isfinite(row[name])]
        if len({value for _, value in finite}) > 1:
            steps, values = zip(*finite, strict=True)
            found.append(Chart(title_of(name), steps, values))
    return found

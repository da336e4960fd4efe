"""How every figure looks: its size, resolution and title. Nothing here needs a display or a choice of backend."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from statistics import mean
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 100
TITLE_SIZE = 10
CHARACTERS_PER_INCH = 13  # of a title


def of_record(record: dict, conditions: str, width: float, height: float) -> Figure:
    """An empty figure of that size in inches under the record's question and the conditions that it holds under."""
    figure = blank(width, height)
    lines = [textwrap.fill(line, round(CHARACTERS_PER_INCH * width)) for line in (record["question"], conditions)]
    figure.suptitle("\n".join(lines), fontsize=TITLE_SIZE)
    return figure


def blank(width: float, height: float) -> Figure:
    """An empty figure of that size in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=DPI, layout="constrained")


def plain_logarithm(axes: Axes, direction: Literal["x", "y"]) -> None:
    """A logarithmic scale with plain numbers, and not at every digit, where they would run into each other."""
    from matplotlib.ticker import LogLocator, NullFormatter

    axes.set(**{f"{direction}scale": "log"})
    axis = axes.xaxis if direction == "x" else axes.yaxis
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(NullFormatter())


def mean_and_each(axes: Axes, curves: Sequence[tuple[Sequence[float], Sequence[float]]], **style: Any) -> None:
    """Draws the mean of the curves of several runs, each (x, y) with the same x, and a thin line for each.

    Args:
        axes: Where they are drawn.
        curves: Of the runs; without any, nothing is drawn.
        style: Of the mean, such as its `label`; the thin lines have its colour and no label.
    """
    if not curves:
        return
    x = curves[0][0]
    (line,) = axes.plot(x, [mean(row) for row in zip(*(y for _, y in curves), strict=True)], marker=".", **style)
    for _, y in curves if len(curves) > 1 else ():
        axes.plot(x, y, color=line.get_color(), linewidth=0.8, alpha=0.4)


def pixels(figure: Figure) -> np.ndarray:
    """The figure as uint8 [height, width, 3]."""
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()

"""How every figure looks: its size, resolution and title. Nothing here needs a display or a choice of backend."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Literal

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


def pixels(figure: Figure) -> np.ndarray:
    """The figure as uint8 [height, width, 3]."""
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()

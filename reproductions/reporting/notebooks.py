"""What notebooks show: lines of a loss, pictures, and what the records say of a post's claims."""

from __future__ import annotations

import importlib
import inspect
import textwrap
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image

from reproductions.harness.record import shipped
from reproductions.reporting import figures
from reproductions.reporting.verdicts import claims_table


class Markdown(str):
    """A text that a notebook typesets."""

    def _repr_markdown_(self) -> str:
        return str(self)


def lines_of(*functions: Callable) -> Markdown:
    """The source of functions, as it is in the library."""
    return Markdown("\n".join(f"```python\n{textwrap.dedent(inspect.getsource(one))}```" for one in functions))


def picture(images: ArrayLike, columns: int | None = None) -> Image.Image:
    """Images [n, height, width, 1 or 3] in [-1, 1] as a sheet."""
    from keras_gen.utils import image_grid

    return Image.fromarray(image_grid(np.asarray(images), columns).squeeze())


def curves(history: dict[str, list[float]]) -> Image.Image:
    """The terms of a loss by epochs, as `fit` returns them."""
    figure: Any = figures.blank(7, 3)
    axes = figure.subplots()
    for name, values in history.items():
        axes.plot(range(1, len(values) + 1), values, label=name.replace("_", " "))
    axes.set_xlabel("epochs")
    axes.legend()
    axes.grid(alpha=0.3)
    return Image.fromarray(figures.pixels(figure))


def verdicts(name: str) -> Markdown:
    """The claims of a post, what decides each, and what the records that come with the suite say of it.

    Args:
        name: The post's script, such as `wgan_div`.
    """
    reproduction = importlib.import_module(f"reproductions.{name}").REPRODUCTION
    return Markdown(claims_table(reproduction, lambda study: shipped(name, study)))

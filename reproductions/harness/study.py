"""`Study`: a named set of runs that answers a question, and the claims that it decides."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

    from keras_gen.datasets import Images
    from reproductions.harness.claim import Claim


@dataclass(frozen=True, kw_only=True)
class Study:
    """A set of runs: of the script, or of a function of the study's own. Every run is a process of its own.

    Attributes:
        question: What it asks, in one line.
        variants: In what each variant differs from the preset, by the variant's title: values by the names of fields.
        table: Writes the record as Markdown tables.
        figure: Draws the record.
        claims: The post's claims that its record decides.
        perform: Makes one run, from its configuration (which has a `seed`) and the folder of data sets to results that
            JSON can hold. A `sheet` among them, uint8 [height, width, channels], is kept beside the record as a
            picture. None: the runs are the script's.
        check: Asked before the first run of `perform`, with each run's configuration and its training images; raises a
            `UsageError` if they do not fit together.
        examine: Looks at the trained model of a run of the script: from the model, training and test images, features
            of images, and the run's configuration to what it found and a picture.
        presets: The configurations of `perform`; None: the script's.
        preset: Which preset its runs have where there is no record yet and no other is given.
        settings: In what all its runs differ from that preset; flags on the command line have the last word.
        seeds: The seeds of its runs where there is no record yet and no others are given.
        minutes: What one run takes on two cores, for a study whose record does not say.
        search: The study whose shipped record says what each variant runs with; None for none.
        timed: Whether seconds are part of the answer; then nothing else should run on the machine.
    """

    question: str
    variants: Mapping[str, Mapping[str, Any]]
    table: Callable[[dict], str]
    figure: Callable[[dict], Figure]
    claims: tuple[Claim, ...] = ()
    perform: Callable[[Any, str | None], dict] | None = None
    check: Callable[[Any, Images], None] | None = None
    examine: Callable[..., tuple[dict, np.ndarray]] | None = None
    presets: Mapping[str, Any] | None = None
    preset: str = "laptop"
    settings: Mapping[str, Any] = field(default_factory=dict)
    seeds: tuple[int, ...] = (0,)
    minutes: float | None = None
    search: str | None = None
    timed: bool = False

    @property
    def extendable(self) -> bool:
        """Whether its runs can be continued to more steps: those of the script can."""
        return self.perform is None


def file_name(title: str) -> str:
    """A title as the stem of a file."""
    return re.sub(r"[^a-z0-9.]+", "_", title.lower()).strip("_")

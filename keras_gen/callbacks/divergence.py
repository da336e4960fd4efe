"""A loss that leaves its own past by orders of magnitude, without becoming NaN."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from absl import logging

from keras_gen.callbacks.checkpoints import Checkpoints, checkpoint_files, step_of
from keras_gen.callbacks.step_callback import StepCallback
from keras_gen.callbacks.step_table import StepTable
from keras_gen.errors import DivergenceError

# How far a term may leave its past. The means of a hundred steps of the GANs here stay within a hundredfold.
FACTOR = 1e4
# Losses are in nats or in scores, where what is below 1 is small: a penalty of 1e-12 may become one of 1.
SMALLEST_SCALE = 1.0
# The scale of the first report, which has no past: more than any likelihood of a large image.
FIRST_SCALE = 1e6
NOT_TERMS = ("step", "seconds")


@dataclass(frozen=True)
class Divergence:
    """The first report in which a term left its past.

    Attributes:
        term: Its name.
        value: Its mean in that report.
        scale: What the terms were before: the largest of their medians of |term|, and at least 1.
        after: The step of the report before; 0 for none.
        step: The step of the report.
    """

    term: str
    value: float
    scale: float
    after: int
    step: int

    def __str__(self) -> str:
        return (
            f"{self.term} is {self.value:.3g} at step {self.step}, where the terms of the loss used to be "
            f"{self.scale:.3g} at most: training diverged after step {self.after}"
        )

    def checkpoint(self, directory: Path) -> Path | None:
        """The newest checkpoint from before it, in the folder of checkpoints; None if there is none."""
        return next((path for path in checkpoint_files(directory) if step_of(path) <= self.after), None)

    def described(self, directory: Path) -> dict[str, Any]:
        """What there is to record, ready for JSON."""
        checkpoint = self.checkpoint(directory)
        return {**asdict(self), "checkpoint": checkpoint and checkpoint.name, "message": self.message(directory)}

    def message(self, directory: Path) -> str:
        """What happened, and the checkpoint before it."""
        checkpoint = self.checkpoint(directory)
        return f"{self}; the checkpoint before it is {checkpoint}" if checkpoint else f"{self}; no checkpoint is older"


def first_divergence(rows: Sequence[Mapping[str, float]]) -> Divergence | None:
    """The first of the reports, each with its `step`, in which a term is out of all proportion to the reports before.

    Terms change their signs and, in a GAN, their sizes; one may be tiny at first, as a gradient penalty is. So a term
    is not measured by its own past alone, but by that of the largest: by the largest median of |term| over all earlier
    reports, which a single spike does not move.
    """
    past: dict[str, list[float]] = {}
    after = 0
    for row in rows:
        terms = {name: float(value) for name, value in row.items() if name not in NOT_TERMS}
        medians = [statistics.median(values) for values in past.values()]
        scale = max([SMALLEST_SCALE, *medians]) if medians else FIRST_SCALE
        name, value = max(terms.items(), key=lambda term: abs(term[1]), default=("", 0.0))
        if abs(value) > FACTOR * scale:
            return Divergence(name, value, scale, after, int(row["step"]))
        for name, value in terms.items():
            past.setdefault(name, []).append(abs(value))
        after = int(row["step"])
    return None


class WarnOnDivergence(StepCallback):
    """Warns once when a reported term leaves the past of the run by orders of magnitude; see `first_divergence`.

    The checkpoint before it is then kept, however many follow. Put it before `Checkpoints`.

    Args:
        every: Steps between two looks, which is the steps in an epoch.
        table: The table with the reports of a run that is continued; None for a run that begins.
        checkpoints: What writes the checkpoints.
        stop: Whether to stop.

    Attributes:
        found: The divergence; None as long as there is none.

    Raises:
        DivergenceError: Training diverged, and `stop` is True; the message names the term, the step and the checkpoint
            before it.
    """

    def __init__(
        self, every: int, table: StepTable | None = None, checkpoints: Checkpoints | None = None, stop: bool = False
    ):
        super().__init__(every)
        self.table = table
        self.checkpoints = checkpoints
        self.stop = stop
        self.found: Divergence | None = None
        self._reports: list[Mapping[str, float]] = []

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Looks at the reports of a run that is continued."""
        super().on_train_begin(logs)
        if self.table is not None:
            self._reports = list(self.table.rows())
            self._look()

    def on_step(self, step: int, terms: dict[str, float]) -> None:
        """Looks at the report."""
        if self.found is None:
            self._reports.append({"step": step, **terms})
            self._look()

    def _look(self) -> None:
        self.found = first_divergence(self._reports)
        if self.found is None:
            return
        message = str(self.found)
        if self.checkpoints is not None:
            self.checkpoints.spared = self.found.checkpoint(self.checkpoints.directory)
            message = self.found.message(self.checkpoints.directory)
        if self.stop:
            raise DivergenceError(message)
        logging.warning("%s; try a smaller learning rate", message)

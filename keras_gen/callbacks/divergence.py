"""A loss that leaves its own past by orders of magnitude, without becoming NaN."""

import bisect
from collections.abc import Iterable, Mapping, Sequence
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
class TrainingDivergence:
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


class Past:
    """The sizes of a run's terms in its reports so far.

    Terms change their signs and, in a GAN, their sizes; one may be tiny at first, as a gradient penalty is. So a term
    is not measured by its own past alone, but by that of the largest: by the largest median of |term| over all earlier
    reports, which a single spike does not move.
    """

    def __init__(self) -> None:
        self._sizes: dict[str, list[float]] = {}  # each in order, so that its median is found at once
        self._step = 0

    def take(self, report: Mapping[str, float]) -> TrainingDivergence | None:
        """Adds a report with its `step`; gives the divergence if a term is out of all proportion to those before."""
        terms = {name: float(value) for name, value in report.items() if name not in NOT_TERMS}
        medians = [_median(sizes) for sizes in self._sizes.values()]
        scale = max([SMALLEST_SCALE, *medians]) if medians else FIRST_SCALE
        name, value = max(terms.items(), key=lambda term: abs(term[1]), default=("", 0.0))
        before, self._step = self._step, int(report["step"])
        for term, of_term in terms.items():
            bisect.insort(self._sizes.setdefault(term, []), abs(of_term))
        return TrainingDivergence(name, value, scale, before, self._step) if abs(value) > FACTOR * scale else None


def _median(ordered: Sequence[float]) -> float:
    middle = len(ordered) // 2
    return (ordered[middle] + ordered[~middle]) / 2


def first_divergence(rows: Iterable[Mapping[str, float]]) -> TrainingDivergence | None:
    """The first of the reports, each with its `step`, in which a term leaves their `Past`; None if there is none."""
    past = Past()
    return next((found for row in rows if (found := past.take(row)) is not None), None)


class WarnOnDivergence(StepCallback):
    """Warns once when a reported term leaves the past of the run by orders of magnitude; see `Past`.

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
        self.found: TrainingDivergence | None = None
        self._past = Past()

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Looks at the reports of a run that is continued."""
        super().on_train_begin(logs)
        if self.table is not None:
            self._past = Past()
            for report in self.table.rows():
                self._look(report)

    def on_step(self, step: int, terms: dict[str, float]) -> None:
        """Looks at the report."""
        self._look({"step": step, **terms})

    def _look(self, report: Mapping[str, float]) -> None:
        if self.found is not None:
            return
        self.found = self._past.take(report)
        if self.found is None:
            return
        message = str(self.found)
        if self.checkpoints is not None:
            self.checkpoints.spared = self.found.checkpoint(self.checkpoints.directory)
            message = self.found.message(self.checkpoints.directory)
        if self.stop:
            raise DivergenceError(message)
        logging.warning("%s; try a smaller learning rate", message)

"""What came back of one run, checked against what was sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.accelerator.parcel import Parcel, ParcelError, dtype
from benchmarks.accelerator.training import not_finite


class Result:
    """The result of a run.

    Args:
        results: The folder that came back.
        name: The run's name.
        description: What was sent by that name; None if nothing was.
        result: What came back by it.

    Attributes:
        first_step: The step at which the run was sent.
        step: The step that it reached.
        rows: The rows of `metrics.csv`, whose seconds begin with the first step.
        device: What trained it.

    Raises:
        ParcelError: It is of another run, broke down, or does not fit what was sent.
    """

    def __init__(self, results: Parcel, name: str, description: dict[str, Any] | None, result: dict[str, Any]):
        if description is None or description["hash"] != result["of"]:
            raise ParcelError(f"{results.path}: {name} was trained from another parcel than this; give that one")
        self.results, self.name, self.description = results, name, description
        self.first_step: int = description["first_step"]
        self.step: int = result["step"]
        self.rows: list[dict[str, Any]] = result["rows"]
        self.device: str = result["device"]
        self._state: dict[str, Any] = result["variables"]
        self._snapshots = {int(step): pack for step, pack in result["snapshots"].items()}
        self._check()

    @property
    def whole(self) -> bool:
        """Whether it has all that a run needs in order to go on."""
        return None not in self._state["arrays"]

    def is_noted_by(self, note: dict[str, Any]) -> bool:
        """Whether a note of a run's folder is of this result."""
        return (note.get("device"), note.get("from"), note.get("to")) == (self.device, self.first_step, self.step)

    def state(self) -> list[np.ndarray | None]:
        """The variables at the end; None for those that did not come back.

        Raises:
            ParcelError: Something is missing, damaged or not finite.
        """
        return self._arrays(self._state, range(len(self.description["variables"])))

    def snapshots(self) -> dict[int, list[np.ndarray]]:
        """The variables that measurements need, by their steps.

        Raises:
            ParcelError: Something is missing, damaged or not finite.
        """
        numbers = self.description["snapshot"]
        return {step: self._arrays(pack, numbers) for step, pack in self._snapshots.items()}

    def _check(self) -> None:
        d, every = self.description, self.description["report_every"]
        if not self.first_step < self.step <= d["last_step"]:
            raise self._misfit("steps")
        if not all(set(d["terms"]) <= row.keys() for row in self.rows):
            raise self._misfit("terms")
        if self.rows and (term := not_finite(self.rows[-1])) is not None:
            step = self.rows[-1]["step"]
            raise ParcelError(f"{self.name}: {term} became NaN or infinite by step {step}; send it with smaller rates")
        reports = range(self.first_step - self.first_step % every + every, self.step + 1, every)
        if [row["step"] for row in self.rows] != list(reports) or not set(self._snapshots) <= set(reports):
            raise self._misfit("rows")
        if not self.whole and self.step < d["last_step"]:
            raise ParcelError(
                f"{self.name} ended at step {self.step}, without its optimisers; send it with --optimizers"
            )

    def _arrays(self, pack: dict[str, Any], numbers: Sequence[int]) -> list[Any]:
        sent = [self.description["variables"][number] for number in numbers]
        if len(pack["arrays"]) != len(sent) or not all(map(_fits, pack["arrays"], sent)):
            raise self._misfit("arrays")
        arrays = self.results.pack(pack)
        if not all(np.isfinite(array.astype(np.float64)).all() for array in arrays if array is not None):
            raise ParcelError(f"{self.name}: a weight became NaN or infinite; send it with smaller rates")
        return arrays

    def _misfit(self, what: str) -> ParcelError:
        return ParcelError(
            f"{self.results.path}: the {what} of {self.name} are not those of what was sent; train it again"
        )


def _fits(came: dict[str, Any] | None, sent: dict[str, Any]) -> bool:
    """Whether an array may be that of a variable: the state of optimisers may be left out, floats may be shorter."""
    if came is None:
        return sent["kind"] == "optimizer"
    short = {"float32": ("float16", "bfloat16")}.get(sent["dtype"], ())
    return came["shape"] == sent["shape"] and dtype(came["dtype"]).name in (sent["dtype"], *short)

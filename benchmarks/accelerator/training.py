"""Training one run of a parcel, whatever the device: how many steps a call makes, when to stop, what comes back.

A device is what has the functions of `many_steps`; this file needs NumPy alone.
"""

import math
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import ml_dtypes
import numpy as np

from benchmarks.accelerator import pictures
from benchmarks.accelerator.parcel import Parcel, description_hash

# Seconds between two words on how far a run is, and those that a call may take: as long as a stop has to wait.
TELL_EVERY, A_CALL = 10.0, 2.0
# Bytes of a state that are fetched, packed and written in a second, at least; and what else writing takes.
WRITTEN, WRITING = 20e6, 1.0


@dataclass
class Limit:
    """When to stop: a moment, and signals.

    Attributes:
        seconds: From its start until when.
        began: Its start, by `time.monotonic`.
        signal: The signal that arrived; None if none did.
    """

    seconds: float = math.inf
    began: float = field(default_factory=time.monotonic)
    signal: int | None = None

    def install(self) -> None:
        """Takes note of Ctrl-C and SIGTERM; a second one ends the process as it does without this."""
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._note)

    def left(self) -> float:
        """Seconds until it; 0 after a signal."""
        return 0.0 if self.signal is not None else self.began + self.seconds - time.monotonic()

    def why(self) -> str:
        """What set it, for a line on why a run stopped."""
        return f"--seconds={self.seconds:g}" if self.signal is None else signal.Signals(self.signal).name

    def _note(self, number: int, frame: object) -> None:
        self.signal = number
        signal.signal(number, signal.SIG_DFL)


class Run:
    """A run of a parcel.

    Args:
        parcel: The parcel.
        name: The run's name in it.
        description: Its description.
        device: What trains it, such as the module `many_steps`.
    """

    def __init__(self, parcel: Parcel, name: str, description: dict[str, Any], device: Any):
        self.parcel, self.name, self.description, self.device = parcel, name, description, device

    def compiled(self) -> Any:
        """Steps of it as one call; see `many_steps.compiled`."""
        d = self.description
        return self.device.compiled(self.parcel, d, d["images"]["shape"], d["order"])

    def images(self) -> Any:
        """Its images on the device."""
        return self.device.put(pictures.pixels(self.parcel, self.description["images"]))

    def trained(self, call: Any, images: Any, limit: Limit, results: Parcel) -> dict[str, Any] | None:
        """Trains until its last step, until a term is not finite, or until the limit, as far as it has time.

        Args:
            call: What `compiled` gave.
            images: What `images` gave.
            limit: When to stop; what has to be written then is written before.
            results: Gets the contents.

        Returns:
            The description of what came of it; None if there was no time for a step.
        """
        d, device = self.description, self.device
        variables = [device.put(self.parcel.array(found)) for found in d["variables"]]
        order, means = device.put(self.parcel.array(d["order"])), self._means()
        step, seconds, rows = d["first_step"], 0.0, []
        snapshots: dict[str, dict[str, Any]] = {}
        reserve = WRITING + sum(found.nbytes for found in variables) / WRITTEN
        if limit.left() < reserve + A_CALL:  # nobody knows yet what a step takes
            return None
        told, count, a_step = time.monotonic(), 1, 0.0  # the first call is of one step, which tells what steps take
        while step < d["last_step"] and limit.left() > reserve + count * a_step:
            if step % d["report_every"] == 0:  # which begins anew
                for i, mean in means.items():
                    variables[i] = device.put(mean)
            begin = time.perf_counter()
            variables, terms = call(variables, images, order, np.int64(step - d["first_step"]), np.int64(count))
            values = [float(term) for term in device.get(terms)]
            a_step, step = (time.perf_counter() - begin) / count, step + count
            seconds += a_step * count
            if step % d["report_every"] == 0 or not all(map(math.isfinite, values)):
                terms = dict(zip(d["terms"], values, strict=True))
                rows.append({"step": step, "seconds": round(seconds, 3), **terms})
                if not all(map(math.isfinite, values)):
                    break
            if step in self.measured():
                snapshots[str(step)] = results.put_pack(
                    [narrowed(array, "weight") for array in device.get([variables[i] for i in d["snapshot"]])]
                )
            if time.monotonic() - told > TELL_EVERY:
                told = time.monotonic()
                print(f"{self.name}: {self._told(step, seconds, rows)}", flush=True)
            left = min(limit.left() - reserve, A_CALL)
            count = max(1, min(int(left / max(a_step, 1e-9)), d["report_every"] - step % d["report_every"]))
        if step == d["first_step"]:
            return None
        print(f"{self.name}: {self._told(step, seconds, rows)}", flush=True)
        return {
            "of": description_hash(d),
            "step": step,
            "rows": rows,
            "snapshots": snapshots,
            "variables": self._state(variables, step == d["last_step"], results),
        }

    def measured(self) -> Sequence[int]:
        """The steps before the last whose weights come back, to be measured."""
        d = self.description
        steps = range(d["measure_every"], d["last_step"], d["measure_every"])
        return steps[max(len(steps) - d["snapshots"], 0) :]

    def _means(self) -> dict[int, np.ndarray]:
        """What the running means begin with, by their numbers."""
        found = {i: one for i, one in enumerate(self.description["variables"]) if one["kind"] == "mean"}
        return {i: np.zeros(one["shape"], one["dtype"]) for i, one in found.items()}

    def _state(self, variables: list[Any], ended: bool, results: Parcel) -> dict[str, Any]:
        d = self.description
        packed: list[np.ndarray | None] = [None] * len(variables)
        for i, found in enumerate(d["variables"]):
            if d["optimizers"] or not ended or found["kind"] != "optimizer":  # without which a run cannot go on
                (values,) = self.device.get([variables[i]])
                packed[i] = narrowed(values, found["kind"]) if d["half"] else values
        return results.put_pack(packed)

    def _told(self, step: int, seconds: float, rows: list[dict[str, float]]) -> str:
        d = self.description
        terms = [f"{name} {rows[-1][name]:.5g}" for name in d["terms"] if rows]
        return ", ".join([f"step {step} of {d['last_step']}, {seconds:.1f} s", *terms])


def narrowed(values: np.ndarray, kind: str) -> np.ndarray:
    """An array with half its bits, where it is of float32 and loses no value to infinity."""
    if values.dtype != np.float32 or values.size < 2:
        return values
    # Squared gradients need the range of float32.
    narrow = values.astype(ml_dtypes.bfloat16 if kind == "optimizer" else np.float16)
    return narrow if np.isfinite(narrow.astype(np.float32)).all() else values


def not_finite(row: dict[str, float]) -> str | None:
    """The first term of a row that is not finite; None if all are."""
    return next((name for name, value in row.items() if not math.isfinite(value)), None)

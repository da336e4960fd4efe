"""A device made of NumPy and runs for it: parcels are trained without a model and without JAX."""

import time

import numpy as np

from benchmarks.accelerator import pictures

EVERY, LAST, IMAGES = 5, 20, 16


class Device:
    """What the module `many_steps` has; its model is a weight that follows the images, with a momentum."""

    class DeviceError(Exception):
        pass

    def __init__(self, a_step=0.0, breaks_at=None, refuses=()):
        self.a_step, self.breaks_at, self.refuses = a_step, breaks_at, refuses
        self.compiled_runs, self.calls = [], []

    def begin(self):
        return "A device", "0"

    def put(self, array):
        return np.array(array)

    def get(self, arrays):
        return [np.asarray(array) for array in arrays]

    def reason(self, error):
        return str(error)

    def compiled(self, parcel, description, images, order):
        self.compiled_runs.append(description["output_dir"])
        if description["output_dir"] in self.refuses:
            raise self.DeviceError("RESOURCE_EXHAUSTED: no room")
        first_step = description["first_step"]

        def call(variables, images, order, first, count):
            weight, momentum, total, steps = variables
            for i in range(int(first), int(first + count)):
                time.sleep(self.a_step)
                momentum = np.float32(0.5) * momentum + images[order[i]].mean(dtype=np.float32)
                weight = weight + momentum
                if self.breaks_at == first_step + i + 1:
                    weight = weight * np.float32(np.nan)
                total, steps = total + weight.sum(), steps + np.float32(1)
            self.calls.append(int(count))
            return [weight, momentum, total, steps], [total / steps]

        return call


def described(parcel, output_dir, first_step=0, state=None, **changes):
    """A run's description, from that state on."""
    pixels = np.random.default_rng(0).integers(0, 256, (IMAGES, 2, 2, 1), dtype=np.uint8)
    order = np.random.default_rng(1).integers(0, IMAGES, (LAST, 4)).astype(np.uint16)
    zeros = [np.zeros(shape, np.float32) for shape in ([3], [3], [], [])]
    kinds = ("weight", "optimizer", "mean", "mean")
    return {
        "script": "wgan_div",
        "flags": {},
        "output_dir": output_dir,
        "sent_from": "0" * 32,
        "command": [],
        "step": parcel.put(b"step"),
        "terms": ["loss"],
        "written": [0, 1, 2, 3],
        "variables": [
            {"place": i, "kind": kind, **parcel.put_array(array)}
            for i, (kind, array) in enumerate(zip(kinds, zeros if state is None else state, strict=True))
        ],
        "snapshot": [0],
        "images": pictures.put_pixels(parcel, pixels),
        "order": parcel.put_array(order[first_step:]),
        "first_step": first_step,
        "last_step": LAST,
        "report_every": EVERY,
        "measure_every": EVERY,
        "snapshots": 2,
        "half": False,
        "optimizers": True,
    } | changes

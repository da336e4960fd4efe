"""Starts once on a data set, in this process: `python -m benchmarks.start --dataset=folder:PATH`.

Prints as JSON the seconds so far, of the clock and of the processor, and the resident bytes, when everything is
imported, when the data set is loaded, and after some batches. `benchmarks.large_sets` starts it.
"""

import json
import re
import time
from pathlib import Path

from absl import app, flags, logging

from keras_gen import datasets

FLAGS = flags.FLAGS


def define_flags() -> None:
    """Defines the flags of this process."""
    flags.DEFINE_string("dataset", None, "The data set's name.", required=True)
    flags.DEFINE_string("data_dir", None, "Where data sets of TFDS are stored.")
    flags.DEFINE_integer("image_size", 128, "Height and width.", lower_bound=1)
    flags.DEFINE_integer("batch_size", 64, "Images per batch.", lower_bound=1)
    flags.DEFINE_integer("first_step", 0, "Number of the first batch.", lower_bound=0)
    flags.DEFINE_multi_integer("batches", [1], "After how many batches to look, ascending.", lower_bound=1)


def state() -> dict[str, float]:
    """The seconds and the resident bytes of this process."""
    return {
        "seconds": time.perf_counter(),
        "processor_seconds": time.process_time(),
        "bytes": memory("VmRSS"),
    }


def memory(what: str) -> int:
    """Bytes of this process in memory: now ("VmRSS") or at its peak ("VmHWM").

    The peak from `getrusage` would include that of the process which started this one.
    """
    return 1024 * int(re.search(rf"{what}:\s*(\d+) kB", Path("/proc/self/status").read_text())[1])


def main(argv: list[str]) -> None:
    """Starts and prints."""
    del argv
    logging.set_verbosity(logging.ERROR)
    states = {"imported": state()}
    images = datasets.load(FLAGS.dataset, "train", FLAGS.image_size, FLAGS.data_dir)
    states["loaded"] = state()
    batches = datasets.batches(images, FLAGS.batch_size, first_step=FLAGS.first_step)
    for number, _ in zip(range(1, FLAGS.batches[-1] + 1), batches, strict=False):
        if number in FLAGS.batches:
            states[f"batch {number}"] = state()
    print(json.dumps({"images": len(images), "peak_bytes": memory("VmHWM"), "states": states}))


if __name__ == "__main__":
    define_flags()
    app.run(main)

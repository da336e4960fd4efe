"""Starting on data sets larger than memory: `python -m benchmarks.large_sets --kind=folder --count=1000000`.

The time to load a folder of JPEG and PNG files, or JPEG images in ArrayRecord files of TensorFlow Datasets, and to make
the first batch: at the first start, at a later start, and when a run continues at a late step; and the memory then and
after some hundred batches. Each start is a process of its own. The files are made in a temporary folder, which for a
million ArrayRecord images takes some GB, and removed at the end; they are read from the page cache, as far as they fit
there: on a cold or remote disk a first start waits for the disk. With --record the result goes to
`benchmarks/results/large_sets.json`, of which `python -m benchmarks.tables` makes the table in docs/.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from absl import app, flags

from benchmarks import photographs, tables

FLAGS = flags.FLAGS
FAR_STEP = 1_000_000
BATCHES = (1, 100, 300)
# A folder that changed just now is not remembered, see keras_gen.datasets.folder_index.
SETTLED_SECONDS = 3


def define_flags() -> None:
    """Defines the flags of this benchmark."""
    flags.DEFINE_multi_enum("kind", ["folder", "array_record"], ["folder", "array_record"], "Which kinds of set.")
    flags.DEFINE_multi_integer("count", [10_000, 1_000_000], "Images of each set.", lower_bound=photographs.IN_A_PART)
    flags.register_validator(
        "count",
        lambda counts: all(count % photographs.IN_A_PART == 0 for count in counts),
        f"give multiples of {photographs.IN_A_PART:,}",
    )
    flags.DEFINE_integer("image_size", 128, "Height and width.", lower_bound=1, upper_bound=min(photographs.CROP_SIZE))
    flags.DEFINE_integer("batch_size", 64, "Images per batch.", lower_bound=1)
    photographs.define_folder_flag()
    flags.DEFINE_boolean("record", False, "Keep the results for the table in docs/.")


def starts_on_folder(folder: Path, count: int) -> Iterator[tuple[str, dict]]:
    """Makes a folder of so many files, JPEG and PNG, and yields the title and the result of each start."""
    photographs.linked_folder(folder / "files", photographs.crops(folder / "crops", photographs.MIXED), count)
    time.sleep(SETTLED_SECONDS)
    title, dataset = f"folder of {count:,} files", f"--dataset=folder:{folder / 'files'}"
    yield f"{title}, first start", start(folder, dataset)
    yield f"{title}, later", start(folder, dataset, batches=BATCHES)
    yield f"{title}, later, at step {FAR_STEP:,}", start(folder, dataset, first_step=FAR_STEP)


def starts_on_array_records(folder: Path, count: int) -> Iterator[tuple[str, dict]]:
    """Makes an ArrayRecord data set of so many JPEG images, and yields the title and the result of each start."""
    photographs.array_records(folder, photographs.crops(folder / "crops"), count)
    title = f"ArrayRecord of {count:,} images"
    dataset = [f"--dataset={photographs.ARRAY_RECORD_NAME}", f"--data_dir={folder}"]
    yield title, start(folder, *dataset, batches=BATCHES)
    yield f"{title}, at step {FAR_STEP:,}", start(folder, *dataset, first_step=FAR_STEP)


STARTS = {"folder": starts_on_folder, "array_record": starts_on_array_records}


def start(folder: Path, *dataset: str, batches: tuple[int, ...] = (1,), first_step: int = 0) -> dict:
    """Time and memory of one start, in a process of its own that keeps its indices in the folder.

    Raises:
        SystemExit: The process failed; it has said why.
    """
    sizes = [f"--{name}={FLAGS[name].value}" for name in ("image_size", "batch_size")]
    looks = [f"--batches={number}" for number in batches]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.start", *dataset, *sizes, *looks, f"--first_step={first_step}"],
        env=os.environ | {"KERAS_GEN_CACHE": str(folder / "cache")},
        stdout=subprocess.PIPE,
        text=True,
    )
    if done.returncode:
        sys.exit(f"error: {' '.join(done.args)} failed")
    return json.loads(done.stdout)


def main(argv: list[str]) -> None:
    """Measures and prints."""
    del argv
    for kind in FLAGS.kind:
        for count in FLAGS.count:
            with tempfile.TemporaryDirectory(dir=FLAGS.folder) as folder:
                measured = {}
                for case, result in STARTS[kind](Path(folder), count):
                    measured[case] = result | {"gigabytes": count * FLAGS.image_size**2 * 3 / 1e9}
                    if FLAGS.record:
                        tables.keep("large_sets", case, measured[case])
                print(tables.large_sets(measured), flush=True)


if __name__ == "__main__":
    define_flags()
    app.run(main)

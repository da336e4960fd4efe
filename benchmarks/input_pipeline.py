"""The input of training from large data sets: `python -m benchmarks.input_pipeline`.

Images a second at 128 pixels, from a folder of JPEG and PNG files and from ArrayRecord files, beside what the step of
the fastest model takes; then the time and the memory to start on a folder of a million files, for the first time and
later. All files are made in a temporary folder, most as hard links of a few real images, and are removed at the end.
They are read from the page cache: on a cold or remote disk the first start waits for the disk.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds
from absl import app, flags, logging
from PIL import Image

from keras_gen import datasets
from keras_gen.datasets import images as images_lib
from keras_gen.models import GAN
from keras_gen.networks import dcgan

FLAGS = flags.FLAGS
NUM_SOURCES = 64
SOURCE_SIZE = (178, 218)  # width and height of CelebA's images
FILES_IN_A_FOLDER = 10_000
# A file system limits the links of one file; ext4 to 65,000.
MAX_LINKS = 60_000
WARM_UP_BATCHES = 5


class Photographs(tfds.core.GeneratorBasedBuilder):
    """The images of `files`, stored as they are encoded."""

    VERSION = tfds.core.Version("1.0.0")
    files: Sequence[Path] = ()

    def _info(self) -> tfds.core.DatasetInfo:
        features = tfds.features.FeaturesDict({"image": tfds.features.Image(shape=(None, None, 3))})
        return tfds.core.DatasetInfo(builder=self, features=features)

    def _split_generators(self, dl_manager) -> dict:
        return {"train": self._generate_examples()}

    def _generate_examples(self) -> Iterator[tuple[int, dict]]:
        for i, file in enumerate(self.files):
            yield i, {"image": str(file)}


def make_sources(folder: Path) -> list[Path]:
    """Crops of a photograph, three JPEG files to one PNG."""
    from sklearn.datasets import load_sample_image

    photograph = Image.fromarray(load_sample_image("china.jpg"))
    random = np.random.RandomState(0)
    width, height = SOURCE_SIZE
    folder.mkdir()
    files = []
    for i in range(NUM_SOURCES):
        left, top = random.randint(photograph.width - width), random.randint(photograph.height - height)
        files.append(folder / f"{i:02}.{'png' if i % 4 == 0 else 'jpg'}")
        photograph.crop((left, top, left + width, top + height)).save(files[-1])
    return files


def make_folder(folder: Path, sources: list[Path], count: int) -> list[Path]:
    """A folder of so many files, each a hard link of a source, or of a copy once that has enough links."""
    sources = list(sources)
    files = []
    for i in range(count):
        source = sources[i % len(sources)]
        file = folder / f"{i // FILES_IN_A_FOLDER:05}" / f"{i:09}{source.suffix}"
        if i % FILES_IN_A_FOLDER == 0:
            file.parent.mkdir(parents=True)
        if i // len(sources) % MAX_LINKS == MAX_LINKS - 1:
            file.write_bytes(source.read_bytes())
            sources[i % len(sources)] = file
        else:
            os.link(source, file)
        files.append(file)
    return files


def images_per_second(images: datasets.Images) -> float:
    """Images that the input pipeline makes in a second, with nothing else to do."""
    iterator = iter(datasets.batches(images, FLAGS.batch_size))
    for _ in range(WARM_UP_BATCHES):
        next(iterator)
    start = time.perf_counter()
    for _ in range(FLAGS.batches):
        next(iterator)
    return FLAGS.batches * FLAGS.batch_size / (time.perf_counter() - start)


def images_of_step_per_second() -> float:
    """Images that the step of the fastest model takes in a second: the standard GAN's, which has no penalty."""
    shape = (FLAGS.image_size, FLAGS.image_size, 3)
    model = GAN(dcgan.generator(shape, width=FLAGS.width), dcgan.discriminator(shape, width=FLAGS.width))
    model.compile()
    step = tf.function(model.train_step)
    batch = tf.zeros([FLAGS.batch_size, *shape])
    step(batch)
    start = time.perf_counter()
    for _ in range(FLAGS.steps):
        step(batch)["generator_loss"].numpy()
    return FLAGS.steps * FLAGS.batch_size / (time.perf_counter() - start)


def throughput(folder: Path, sources: list[Path]) -> None:
    """Prints images a second, of the two sources and of the step."""
    images_lib.IN_MEMORY_LIMIT = 0  # as for a set larger than memory
    files = make_folder(folder / "files", sources, 2_000)
    Photographs.files = files
    Photographs(data_dir=folder).download_and_prepare(file_format="array_record")
    rates = {
        "folder of JPEG and PNG": images_per_second(load(f"folder:{folder / 'files'}")),
        "ArrayRecord": images_per_second(load(Photographs.name, str(folder))),
        f"step of GAN, width {FLAGS.width}": images_of_step_per_second(),
    }
    sizes = f"{SOURCE_SIZE[0]}x{SOURCE_SIZE[1]} pixels to {FLAGS.image_size}x{FLAGS.image_size}"
    print(f"images a second, of {sizes}, in batches of {FLAGS.batch_size}")
    for name, rate in rates.items():
        print(f"  {name:30}{rate:10,.0f}", flush=True)


def start_up(folder: Path, sources: list[Path]) -> None:
    """Prints the time and the memory to start on a large folder."""
    start = time.perf_counter()
    make_folder(folder / "large", sources, FLAGS.num_files)
    print(f"a folder of {FLAGS.num_files:,} files, made in {time.perf_counter() - start:.0f} s")
    time.sleep(3)  # a folder that changed just now is not remembered
    for title in ("first start", "later start"):
        figures = "  ".join(f"{what} {value:,.1f}" for what, value in measured_start(folder).items())
        print(f"  {title}: {figures}", flush=True)


def measured_start(folder: Path) -> dict[str, float]:
    """What a start on the large folder takes, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.input_pipeline", f"--start_on={folder / 'large'}"]
    sizes = [f"--image_size={FLAGS.image_size}", f"--batch_size={FLAGS.batch_size}"]
    environment = os.environ | {"KERAS_GEN_CACHE": str(folder / "cache")}
    done = subprocess.run([*command, *sizes], env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def start_on(folder: str) -> None:
    """Loads a folder, makes its first batch, and prints what that took."""
    before = resident_mebibytes()
    start = time.perf_counter()
    images = load(f"folder:{folder}")
    loaded = time.perf_counter()
    next(iter(datasets.batches(images, FLAGS.batch_size)))
    figures = {
        "seconds to load": loaded - start,
        "to the first batch": time.perf_counter() - loaded,
        "MiB before": before,
        "after": resident_mebibytes(),
        "at most": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(figures))


def load(name: str, data_dir: str | None = None) -> datasets.Images:
    """The training images of a data set, in the benchmark's size."""
    return datasets.load(name, "train", FLAGS.image_size, data_dir)


def resident_mebibytes() -> float:
    """Memory of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


def main(argv: list[str]) -> None:
    """Prints all figures, or those of one start."""
    del argv
    logging.set_verbosity(logging.ERROR)
    if FLAGS.start_on:
        start_on(FLAGS.start_on)
        return
    with tempfile.TemporaryDirectory(dir=FLAGS.folder) as folder:
        sources = make_sources(Path(folder) / "sources")
        throughput(Path(folder), sources)
        start_up(Path(folder), sources)


if __name__ == "__main__":
    flags.DEFINE_integer("num_files", 1_000_000, "Files of the large folder.", lower_bound=2)
    flags.DEFINE_integer("image_size", 128, "Height and width.")
    flags.DEFINE_integer("batch_size", 64, "Images in a batch.")
    flags.DEFINE_integer("batches", 50, "Batches that are timed.")
    flags.DEFINE_integer("steps", 3, "Training steps that are timed.")
    flags.DEFINE_integer("width", 64, "Width of the networks.")
    flags.DEFINE_string("folder", None, "Where the temporary folder is made; the system's own place by default.")
    flags.DEFINE_string("start_on", None, "Used by the benchmark itself: one start, on that folder.")
    app.run(main)

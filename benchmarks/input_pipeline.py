"""Images per second that the input gives, beside what the fastest step takes: `python -m benchmarks.input_pipeline`.

The input is a folder of files, three JPEG to one PNG, or JPEG images in ArrayRecord files of TensorFlow Datasets, all
read and decoded as if they did not fit into memory. The step is that of the encoder trained without a decoder, which of
the models of `benchmarks.train_step` makes the fewest operations per image. Both count seconds of the processor, of all
threads together: images per second of one core, whatever else the machine does. A GPU's step is computed from its
operations. With --record the result goes to `benchmarks/results/input_pipeline.json`, of which
`python -m benchmarks.tables` makes the table in docs/.
"""

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import tensorflow as tf
from absl import app, flags, logging

from benchmarks import operations, photographs, tables
from keras_gen import datasets
from keras_gen.datasets import images as images_lib
from keras_gen.models import DecoderFreeVAE
from keras_gen.networks import infomax

FLAGS = flags.FLAGS
NUM_IMAGES = 2_000
WARM_UP_BATCHES = 5
LATENT_DIM = 128
WIDTHS = (32, 64)


def define_flags() -> None:
    """Defines the flags of this benchmark."""
    flags.DEFINE_integer("image_size", 128, "Height and width.", lower_bound=4, upper_bound=photographs.CROP_SIZE[0])
    flags.DEFINE_integer("batch_size", 64, "Images per batch.", lower_bound=1)
    flags.DEFINE_integer("batches", 50, "Batches that are timed.", lower_bound=1)
    flags.DEFINE_integer("steps", 5, "Training steps that are timed.", lower_bound=1)
    flags.DEFINE_float("gpu_rate", 0.3 * 156e12, "A GPU's operations per second; 30 % of an A100's peak in TF32.")
    photographs.define_folder_flag()
    flags.DEFINE_boolean("record", False, "Keep the results for the table in docs/.")


def folder_of_files(folder: Path) -> datasets.Images:
    """JPEG and PNG files."""
    photographs.linked_folder(folder / "files", photographs.crops(folder / "crops", photographs.MIXED), NUM_IMAGES)
    return datasets.load(f"folder:{folder / 'files'}", image_size=FLAGS.image_size)


def array_records(folder: Path) -> datasets.Images:
    """JPEG images in ArrayRecord files."""
    photographs.array_records(folder, photographs.crops(folder / "crops"), NUM_IMAGES)
    return datasets.load(photographs.ARRAY_RECORD_NAME, image_size=FLAGS.image_size, data_dir=str(folder))


SOURCES: dict[str, Callable[[Path], datasets.Images]] = {
    "folder, JPEG and PNG": folder_of_files,
    "ArrayRecord, JPEG": array_records,
}


def images_read(images: datasets.Images) -> float:
    """Images that are read and decoded per second of processor time."""
    iterator = iter(datasets.batches(images, FLAGS.batch_size))
    return images_per_second(lambda: next(iterator), WARM_UP_BATCHES, FLAGS.batches)


def images_trained_on() -> tuple[float, float]:
    """Images that the step processes per second of processor time, and the operations per image."""
    shape = (FLAGS.image_size, FLAGS.image_size, 3)
    encoder = infomax.encoder(shape, LATENT_DIM, WIDTHS, WIDTHS[-1:])
    discriminator = infomax.image_discriminator(shape, LATENT_DIM, WIDTHS)
    model = DecoderFreeVAE(encoder, discriminator, estimator="info_nce", num_shuffles=31)
    model.compile()
    batch = tf.zeros([FLAGS.batch_size, *shape])
    step = tf.function(model.train_step).get_concrete_function(batch)
    count = operations.matrix_operations(step, FLAGS.batch_size)
    rate = images_per_second(lambda: tf.nest.flatten(step(batch))[0].numpy(), 1, FLAGS.steps)
    return rate, count / FLAGS.batch_size


def images_per_second(make_batch: Callable[[], object], unmeasured: int, measured: int) -> float:
    """Images per second of processor time, over all threads, after some batches that do not count."""
    for _ in range(unmeasured):
        make_batch()
    start = time.process_time()
    for _ in range(measured):
        make_batch()
    return measured * FLAGS.batch_size / (time.process_time() - start)


def main(argv: list[str]) -> None:
    """Measures and prints."""
    del argv
    logging.set_verbosity(logging.ERROR)
    images_lib.IN_MEMORY_LIMIT = 0  # as if the set were larger than memory
    trained_on, operations_per_image = images_trained_on()
    step = {"step": trained_on, "operations": operations_per_image, "gpu": FLAGS.gpu_rate / operations_per_image}
    measured = {}
    for name, make in SOURCES.items():
        with tempfile.TemporaryDirectory(dir=FLAGS.folder) as folder:
            cores = len(os.sched_getaffinity(0))
            case = f"{name}, {FLAGS.image_size} pixels"
            measured[case] = {"read": images_read(make(Path(folder))), "cores": cores} | step
        if FLAGS.record:
            tables.keep("input_pipeline", case, measured[case])
    print(tables.input_pipeline(measured))


if __name__ == "__main__":
    define_flags()
    app.run(main)

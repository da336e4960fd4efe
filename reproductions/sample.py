"""Draws samples from a SavedModel into one picture.

python -m reproductions.sample --saved_model=runs/wgan_div/saved_model --num_samples=64 --seed=0 --output=grid.png

A SavedModel is a program of TensorFlow's operations, some of which read and write files: draw only from those that you
trust.
"""

import math
from pathlib import Path

import tensorflow as tf
from absl import flags

from keras_gen.errors import InputError
from keras_gen.utils import save_image_grid
from reproductions.harness.launch import run_script
from reproductions.harness.run_directory import check_writable

FLAGS = flags.FLAGS


def define_flags() -> None:
    """Defines the flags of this script."""
    flags.DEFINE_string("saved_model", None, "Folder of the SavedModel.", required=True)
    flags.DEFINE_integer("num_samples", 64, "Images to draw.", lower_bound=1)
    flags.DEFINE_integer("seed", 0, "Seed: the same seed draws the same images.", lower_bound=0, upper_bound=2**31 - 1)
    flags.DEFINE_float("temperature", 1.0, "Standard deviation of the latents, of a model with a flow.", lower_bound=0)
    flags.DEFINE_string("output", None, "PNG file to write.", required=True)


def draw() -> None:
    """Draws the picture.

    Raises:
        InputError: The SavedModel cannot be loaded or does not sample, or not at the temperature, or the file cannot be
            written.
    """
    if not FLAGS.output.lower().endswith(".png"):
        raise InputError(f"--output={FLAGS.output}: give a file that ends in .png")
    check_writable(Path(FLAGS.output).parent, "--output")
    try:
        model = tf.saved_model.load(FLAGS.saved_model)
    except (OSError, ValueError, LookupError, tf.errors.OpError) as error:
        raise InputError(f"--saved_model={FLAGS.saved_model}: no SavedModel can be loaded from there") from error
    if not hasattr(model, "sample"):
        raise InputError(f"--saved_model={FLAGS.saved_model}: this model does not sample")
    at_temperature = FLAGS.temperature != 1
    if at_temperature and not hasattr(model, "sample_at_temperature"):
        raise InputError(f"--temperature={FLAGS.temperature}: this model samples at 1 only; leave the flag out")
    if not math.isfinite(FLAGS.temperature):
        raise InputError(f"--temperature={FLAGS.temperature}: must be a finite number, at least 0")
    numbers = (FLAGS.num_samples, FLAGS.seed)
    try:
        images = model.sample_at_temperature(*numbers, FLAGS.temperature) if at_temperature else model.sample(*numbers)
    except tf.errors.ResourceExhaustedError as error:
        raise InputError(f"--num_samples={FLAGS.num_samples}: they do not fit into memory; draw fewer") from error
    except (TypeError, ValueError, tf.errors.OpError) as error:
        raise InputError(f"--saved_model={FLAGS.saved_model}: its sample does not take a number and a seed") from error
    try:
        save_image_grid(FLAGS.output, images)
    except OSError as error:
        raise InputError(f"--output={FLAGS.output} cannot be written: {error.strerror or error}") from error
    print(f"{FLAGS.num_samples} samples of seed {FLAGS.seed} in {Path(FLAGS.output)}")


def main() -> None:
    """Parses the flags and draws."""
    define_flags()
    run_script(draw)


if __name__ == "__main__":
    main()

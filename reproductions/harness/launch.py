"""From the command line to a run or a study; what every script ends with."""

import re
import sys

import tensorflow as tf
from absl import app, flags, logging

from keras_gen.errors import InputError, NonFiniteLossError
from reproductions.harness import distribution, record, run
from reproductions.harness import flags as script_flags
from reproductions.harness.reproduction import Reproduction

FLAGS = flags.FLAGS


def launch(reproduction: Reproduction) -> None:
    """Parses the flags of a script and does what they say.

    Bad input ends with one line that names it and exit status 1.
    """
    script_flags.define_shared()
    reproduction.define_flags()
    for flag in FLAGS.flags_by_module_dict()[script_flags.__name__]:
        FLAGS.register_key_flag_for_module(sys.argv[0], flag)  # --help shows them
    app.run(lambda argv: guarded(_main, reproduction, argv))


def guarded(function, *args) -> None:
    """Calls a function; errors that the user can mend are printed as one line, with exit status 1."""
    logging.set_verbosity(logging.WARNING)
    tf.get_logger().setLevel("WARNING")
    try:
        function(*args)
    except InputError as error:
        sys.exit(f"error: {error}")
    except NonFiniteLossError as error:
        sys.exit(f"error: {error}; checkpoints from before are kept; try a smaller learning rate in a new folder")
    except OSError as error:
        place = error.filename or "a file"
        sys.exit(f"error: {place}: {error.strerror or error}; mend that, then the same command continues")
    except tf.errors.InvalidArgumentError as error:
        # What the input pipeline found, for example a broken image, comes wrapped in TensorFlow's words.
        found = re.search(r"InputError: (.+)", error.message)
        if found is None:
            raise
        sys.exit(f"error: {found[1]}")
    except distribution.LOST_WORKER as error:
        lost = distribution.lost_worker(error.message)
        sys.exit(f"error: {lost} stopped; start all workers again: the same command continues from the last checkpoint")
    except KeyboardInterrupt:
        sys.exit("\ninterrupted; the same command continues from the last checkpoint")


def _main(reproduction: Reproduction, argv: list[str]) -> None:
    if len(argv) > 1:
        raise InputError(f"{' '.join(argv[1:])}: not a flag; flags begin with --")
    if FLAGS.study is not None:
        record.make(reproduction, FLAGS.study)
        return
    run.perform(
        reproduction,
        script_flags.configuration(reproduction.presets),
        FLAGS.output_dir or f"runs/{reproduction.name}",
        FLAGS.data_dir,
        FLAGS.strategy,
        FLAGS.cpu_devices,
    )

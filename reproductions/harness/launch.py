"""From the command line to a run or a study; what every script ends with."""

import re
import sys
from collections.abc import Callable

import tensorflow as tf
from absl import app, flags, logging

from keras_gen.errors import InputError, NonFiniteLossError, unwrapped_input_errors
from keras_gen.utils.files import ASIDE
from reproductions.harness import distribution, record, run, signals
from reproductions.harness import flags as script_flags
from reproductions.harness.reproduction import Reproduction

FLAGS = flags.FLAGS


def launch(reproduction: Reproduction) -> None:
    """Parses the flags of a script and does what they say."""
    script_flags.define_shared()
    reproduction.define_flags()
    for flag in FLAGS.flags_by_module_dict()[script_flags.__name__]:
        FLAGS.register_key_flag_for_module(sys.argv[0], flag)  # --help shows them
    run_script(lambda: _main(reproduction))


def run_script(main: Callable[[], None]) -> None:
    """Parses the command line and calls `main`; bad input ends with one line that names it and exit status 1."""
    app.run(lambda argv: guarded(main), flags_parser=_parse)


def _parse(argv: list[str]) -> list[str]:
    try:
        rest = FLAGS(argv)
    except flags.Error as error:
        sys.exit(f"error: {' '.join(str(error).split())}; --help lists the flags")
    if len(rest) > 1:
        sys.exit(f"error: {' '.join(rest[1:])}: not a flag; flags begin with --")
    return rest


def guarded(function, *args) -> None:
    """Calls a function; errors that the user can mend are printed as one line, with exit status 1.

    So is a stop by Ctrl-C or SIGTERM, with exit status 130 or 143.
    """
    signals.install()
    logging.set_verbosity(logging.WARNING)
    tf.get_logger().setLevel("WARNING")
    try:
        with unwrapped_input_errors():
            function(*args)
    except InputError as error:
        sys.exit(f"error: {error}")
    except NonFiniteLossError as error:
        sys.exit(f"error: {error}; checkpoints from before are kept; try a smaller learning rate in a new folder")
    except OSError as error:
        sys.exit(_cannot_write(error.filename or "a file", error.strerror or str(error)))
    except tf.errors.ResourceExhaustedError as error:
        # TensorFlow's own files, such as a SavedModel's. Memory that is exhausted stays an error of the programmer.
        found = re.search(r"(/\S+); (No space left on device|Disk quota exceeded)", error.message)
        if found is None:
            raise
        sys.exit(_cannot_write(*found.groups()))
    except distribution.LOST_WORKER as error:
        if distribution.num_workers() < 2:
            raise
        lost = distribution.lost_worker(error.message)
        sys.exit(f"error: {lost} stopped; start all workers again: the same command continues from the last checkpoint")
    except KeyboardInterrupt as interruption:
        terminal = "\n" if sys.stderr.isatty() else ""  # which shows ^C
        print(f"{terminal}interrupted {interruption}".rstrip() + "; the same command continues", file=sys.stderr)
        sys.exit(signals.exit_status())


def _cannot_write(place: str, reason: str) -> str:
    place = re.sub(rf"{re.escape(ASIDE)}[^/]*/", "", place)
    return f"error: {place}: {reason}; mend that, then the same command continues from the last checkpoint"


def _main(reproduction: Reproduction) -> None:
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

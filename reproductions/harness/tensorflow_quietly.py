"""TensorFlow without its start-up messages."""

import os
import sys


def import_tensorflow() -> None:
    """Imports TensorFlow, its C++ side silent and its warnings alone on Python's.

    It reports the processor's instructions and the drivers that it does without straight to the standard error,
    whatever the log level; a line about a wrong flag would drown. What matters arrives as an exception.
    """
    if "tensorflow" in sys.modules:
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    standard_error = os.dup(2)
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        import tensorflow as tf
    finally:
        os.dup2(standard_error, 2)
        os.close(standard_error)
    from absl import logging

    logging.set_verbosity(logging.WARNING)
    tf.get_logger().setLevel("WARNING")

"""TensorFlow, announced and without its start-up messages."""

import importlib
import os
import sys

from reproductions.harness import silence


def import_tensorflow() -> None:
    """Imports TensorFlow and `keras_gen`, which takes seconds and is said, with their warnings alone.

    The C++ side is silent unless the variable TF_CPP_MIN_LOG_LEVEL says otherwise: a line about a wrong flag would
    drown. What matters arrives as an exception.
    """
    if "keras_gen" in sys.modules:
        return
    before = silence.doing()
    silence.say("Importing TensorFlow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    importlib.import_module("keras_gen")  # before TensorFlow, which it imports quietly
    import tensorflow as tf
    from absl import logging

    logging.set_verbosity(logging.WARNING)
    tf.get_logger().setLevel("WARNING")
    silence.now_doing(before)

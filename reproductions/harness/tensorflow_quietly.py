"""TensorFlow, announced, without its start-up messages and with its faster convolutions."""

import importlib
import os
import sys

from reproductions.harness import silence


def import_tensorflow() -> None:
    """Imports TensorFlow and `keras_gen`, which takes seconds and is said, with their warnings alone.

    The C++ side is silent unless the variable TF_CPP_MIN_LOG_LEVEL says otherwise: a line about a wrong flag would
    drown. What matters arrives as an exception.

    By itself TensorFlow uses oneDNN's kernels only on processors with instructions for neural networks. Convolutions
    are faster with them on others, too, so they are used unless the variable TF_ENABLE_ONEDNN_OPTS says otherwise.
    """
    if "keras_gen" in sys.modules:
        return
    before = silence.doing()
    silence.say("Importing TensorFlow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    importlib.import_module("keras_gen")  # before TensorFlow, which it imports quietly
    import tensorflow as tf
    from absl import logging

    logging.set_verbosity(logging.WARNING)
    tf.get_logger().setLevel("WARNING")
    silence.now_doing(before)

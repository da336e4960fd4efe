"""The scripts that reproduce the posts: one script and one page a post, and the recorded results."""

import os


def _import_tensorflow_quietly() -> None:
    """Imports TensorFlow with its C++ side silent.

    It reports the processor's instructions and the drivers that it does without, straight to the standard error and
    whatever the log level; a script's one line about a wrong flag would drown. What matters arrives as an exception.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    standard_error = os.dup(2)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        import tensorflow  # noqa: F401
    finally:
        os.dup2(standard_error, 2)
        os.close(standard_error)


_import_tensorflow_quietly()

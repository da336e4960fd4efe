"""Errors that name what the caller got wrong."""

import contextlib
import re
from collections.abc import Iterator

import tensorflow as tf


class InputError(ValueError):
    """An argument, flag, file or data set cannot be used.

    The message is one line that names it and says what to do; scripts print it without a traceback.
    """


class NonFiniteLossError(ArithmeticError):
    """A loss or a weight became NaN or infinite; the message names it and the step."""


@contextlib.contextmanager
def unwrapped_input_errors() -> Iterator[None]:
    """Raises an `InputError` that comes wrapped in TensorFlow's words, such as a damaged image's, as itself."""
    try:
        yield
    except tf.errors.InvalidArgumentError as error:
        found = re.search(r"(assertion failed: \[)?InputError: (.+)", error.message)
        if found is None:
            raise
        asserted, words = found.groups()
        # An assertion prints its message and values as [message] [value]; other messages may have such a path in them.
        raise InputError(words.replace("] [", " ").rstrip("]") if asserted else words) from error

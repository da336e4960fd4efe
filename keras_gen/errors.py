"""Errors that name what the caller got wrong."""

import contextlib
import re
from collections.abc import Iterable, Iterator

import tensorflow as tf


class InputError(ValueError):
    """An argument, flag, file or data set cannot be used.

    The message is one line that names it and says what to do; scripts print it without a traceback. It may hold file
    names of any bytes, which are escaped where they are no UTF-8 or control characters.
    """

    def __init__(self, message: str):
        super().__init__(one_line(message))


def one_line(message: str) -> str:
    """A message as one line of UTF-8: TensorFlow loses any other, and a file's name may hold any bytes."""
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in message)


class BrokenTrainingError(ArithmeticError):
    """Training cannot go on to any good; the message says why, and at which step."""


class NonFiniteLossError(BrokenTrainingError):
    """A loss or a weight became NaN or infinite; the message names it and the step."""


class DivergenceError(BrokenTrainingError):
    """A term of the loss left its past by orders of magnitude; the message names it and the step."""


def check_input(holds: tf.Tensor, *message: str | tf.Tensor) -> tf.Operation | None:
    """Checks what only the values of tensors tell.

    Args:
        holds: A bool, which must be true.
        *message: Words, then numbers and words, which blanks join.

    Returns:
        In a graph the operation that fails; `unwrapped_input_errors` raises its failure as an `InputError`.

    Raises:
        InputError: It is false, in eager mode.
    """
    if not tf.executing_eagerly():
        return tf.debugging.Assert(holds, [f"InputError: {message[0]}", *message[1:]])
    if not holds:
        raise InputError(_joined(written(part) if tf.is_tensor(part) else part for part in message))
    return None


def batch_of(sizes: Iterable[int | str | None], count: str = "n") -> str:
    """The shape of a batch of rows of these sizes, such as [n, 28, 28, 1]."""
    return f"[{', '.join(map(str, (count, *sizes)))}]"


def written(number: tf.Tensor) -> str:
    """A known number as messages write it: a whole one in full, another with six digits."""
    known = tf.get_static_value(number)
    return str(known) if number.dtype.is_integer else f"{float(known):g}"


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
        raise InputError(_joined(words.rstrip("]").split("] [")) if asserted else words) from error


def _joined(parts: Iterable[str]) -> str:
    return " ".join(parts).replace(" ;", ";")

"""Errors that name what the caller got wrong."""


class InputError(ValueError):
    """An argument, flag, file or data set cannot be used.

    The message is one line that names it and says what to do; scripts print it without a traceback.
    """


class NonFiniteLossError(ArithmeticError):
    """A loss or a weight became NaN or infinite; the message names it and the step."""

"""The error of whoever gives a command."""


class UsageError(ValueError):
    """A flag, a file or a folder cannot be used; the message is one line that names it and says what to do.

    Scripts print it without a traceback, as they do `keras_gen.InputError`, which cannot be imported without
    TensorFlow: commands are checked before that.
    """

"""What the commands of the other machine share: flags, errors of one line, and how they end."""

import argparse
import contextlib
import os
import sys
from collections.abc import Callable
from typing import Any, NoReturn

INSTALL = "with Python 3.12 or newer, pip install jax==0.11.2 numpy pillow"


class Parser(argparse.ArgumentParser):
    """Flags, whose mistakes are one line with exit status 1."""

    def error(self, message: str) -> NoReturn:
        """Ends the command."""
        sys.exit(f"error: {message}; --help lists the flags")


def parser(about: str | None) -> Parser:
    """A parser of flags that are not abbreviated."""
    return Parser(description=about, allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter)


def above_zero(text: str) -> float:
    """A number above zero, for a flag."""
    return _number(float, text, lambda value: value > 0, "a number above 0")


def at_least_one(text: str) -> int:
    """A whole number of at least one, for a flag."""
    return _number(int, text, lambda value: value >= 1, "a whole number of at least 1")


def _number(kind: Callable[[str], Any], text: str, check: Callable[[Any], bool], expected: str) -> Any:
    with contextlib.suppress(ValueError):
        if check(value := kind(text)):
            return value
    raise argparse.ArgumentTypeError(f"{text}: give {expected}")


def guarded(function: Callable[..., int | None], *args: Any) -> None:
    """Calls a command and ends with its exit status; an error that the user can mend is one line and status 1.

    The process ends at once, for what JAX is still compiling cannot be stopped.
    """
    try:
        status = _status(function, *args)
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:  # whoever reads the output has seen enough
        status = 141
    os._exit(status)


def _status(function: Callable[..., int | None], *args: Any) -> int:
    try:
        from benchmarks.accelerator.parcel import ParcelError
    except ModuleNotFoundError as error:
        return _said(f"this Python has no {error.name}; {INSTALL}")
    try:
        return function(*args) or 0
    except ParcelError as error:
        return _said(str(error))
    except ModuleNotFoundError as error:
        return _said(f"this Python has no {error.name}; {INSTALL}")
    except BrokenPipeError:
        raise
    except OSError as error:
        return _said(f"{error.filename or 'a file'}: {error.strerror or error}; fix this and rerun the command")
    except KeyboardInterrupt:
        return _said("interrupted", 130)


def _said(message: str, status: int = 1) -> int:
    print(f"error: {' '.join(message.split())}", file=sys.stderr)
    return status

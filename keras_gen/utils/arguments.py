"""Checks of numeric arguments."""

import math
from numbers import Integral

from keras_gen.errors import InputError


def check_counts(**counts: int) -> None:
    """Checks that every argument is a whole number of at least 1.

    Raises:
        InputError: One of them is not; the message names it.
    """
    for name, count in counts.items():
        if not isinstance(count, Integral) or count < 1:
            raise InputError(f"{name}={count}: must be a whole number of at least 1")


def check_positive(**numbers: float) -> None:
    """Checks that every argument is a finite number above 0.

    Raises:
        InputError: One of them is not; the message names it.
    """
    for name, number in numbers.items():
        if not 0 < number < math.inf:
            raise InputError(f"{name}={number}: must be a finite number above 0")

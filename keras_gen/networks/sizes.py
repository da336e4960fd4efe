"""Checks of the sizes of a network."""

from numbers import Integral

from keras_gen.errors import InputError


def check_counts(least: int = 1, **counts: int) -> None:
    """Checks numbers of layers, channels and the like, each given under the name of its argument.

    Raises:
        InputError: One is not a whole number, or below `least`; the message names it.
    """
    for name, count in counts.items():
        if not isinstance(count, Integral) or count < least:
            raise InputError(f"{name}={count}: must be a whole number, at least {least}")


def check_map_shape(name: str, shape: tuple[int, ...]) -> None:
    """Checks the shape of images or maps, (height, width, channels).

    Raises:
        InputError: It is not three whole numbers of at least 1; the message names the argument.
    """
    if len(shape) != 3 or not all(isinstance(size, Integral) and size > 0 for size in shape):
        raise InputError(f"{name}={tuple(shape)}: give (height, width, channels), whole numbers of at least 1")

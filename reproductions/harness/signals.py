"""SIGTERM and Ctrl-C: acted on at once, or once a training step has ended."""

import contextlib
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass
class _State:
    arrived: int | None = None
    postponing: bool = False
    hand_on: Callable[[int], None] = lambda number: None


# Handlers belong to the process, and so does what they note.
_state = _State()


def install() -> None:
    """Lets SIGTERM raise KeyboardInterrupt as Ctrl-C does; what the process was told to ignore stays ignored."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _handle)


def exit_status() -> int:
    """What a shell expects of a process that a signal stopped: 130 after Ctrl-C, 143 after SIGTERM."""
    return 128 + (_state.arrived or signal.SIGINT)


@contextlib.contextmanager
def postponed(hand_on: Callable[[int], None] = lambda number: None) -> Iterator[Callable[[], bool]]:
    """Only takes note of signals, and raises KeyboardInterrupt at the end, if one arrived.

    A second Ctrl-C is acted on at once.

    Args:
        hand_on: Is given the first signal's number when it arrives.

    Yields:
        A function that tells whether a signal arrived.
    """
    _state.postponing, _state.hand_on = True, hand_on
    try:
        yield lambda: _state.arrived is not None
    finally:
        _state.postponing = False
    if _state.arrived is not None:
        raise KeyboardInterrupt


def _handle(number: int, frame: object) -> None:
    again = _state.arrived is not None
    _state.arrived = number
    if not _state.postponing or (again and number == signal.SIGINT):
        raise KeyboardInterrupt
    if not again:
        _state.hand_on(number)

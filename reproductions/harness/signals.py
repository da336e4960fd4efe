"""SIGTERM and Ctrl-C: acted on at once, or once a training step has ended."""

import contextlib
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass
class _State:
    arrived: int | None = None
    postponing: bool = False
    hand_on: Callable[[int], None] = lambda number: None
    ends_in_any_case: bool = False
    resumes: bool = False


# Seconds that a process has to end by itself.
GRACE = 5.0

# Handlers belong to the process, and so does what they note.
_state = _State()


def install(resumes: bool = False) -> None:
    """Lets SIGTERM raise KeyboardInterrupt as Ctrl-C does; what the process was told to ignore stays ignored.

    Args:
        resumes: Whether the same command goes on where it was interrupted.
    """
    _state.resumes = resumes
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _handle)


def remedy() -> str:
    """What is said after that the process was interrupted."""
    return "; rerun the command to resume" if _state.resumes else ""


def leave() -> None:
    """Ends the process with the signal's status; at once where its exit may wait for other workers."""
    if _state.ends_in_any_case:
        sys.stdout.flush()
        os._exit(exit_status())
    sys.exit(exit_status())


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


@contextlib.contextmanager
def acted_on_by_the_system() -> Iterator[None]:
    """Lets SIGINT and SIGTERM end the process as they end one without Python, whatever it is waiting in."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def end_in_any_case() -> None:
    """From now on ends the process a little after SIGINT or SIGTERM even where Python cannot act on it.

    A worker may wait for another one in TensorFlow, where no handler runs, or at its exit.
    """
    _state.ends_in_any_case = True
    ours, pythons = socket.socketpair()
    pythons.setblocking(False)
    signal.set_wakeup_fd(pythons.detach(), warn_on_full_buffer=False)
    threading.Thread(target=_end_when_told, args=(ours,), daemon=True).start()


def _end_when_told(told: socket.socket) -> None:
    while number := told.recv(1):
        if number[0] in (signal.SIGINT, signal.SIGTERM):
            time.sleep(GRACE)
            with contextlib.suppress(OSError):
                os.write(2, f"interrupted{remedy()}\n".encode())
            os._exit(128 + number[0])


def _handle(number: int, frame: object) -> None:
    again = _state.arrived is not None
    _state.arrived = number
    if not _state.postponing or (again and number == signal.SIGINT):
        raise KeyboardInterrupt
    if not again:
        _state.hand_on(number)

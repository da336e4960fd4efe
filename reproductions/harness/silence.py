"""No silence: what takes long is said when it begins, and again every few seconds while nothing else is printed."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any, TextIO

# Seconds after which what is being done is said again, so that no silence lasts for five.
SILENCE = 4.7
ROUND = 0.1


class _Now:
    """What this process does."""

    doing = "Starting"
    others_print = 0


def say(doing: str) -> None:
    """Prints what is being done from now on, such as "Loading mnist_5k"."""
    now_doing(doing)
    print(f"{doing} ...", flush=True)


def now_doing(doing: str) -> None:
    """What is being done from now on, which is said if it takes long."""
    _Now.doing = doing


def doing() -> str:
    """What is being done."""
    return _Now.doing


@contextlib.contextmanager
def broken() -> Iterator[None]:
    """What is done inside breaks its silence on the standard output."""
    if isinstance(sys.stdout, _Output):  # one breaks it already
        yield
        return
    output, ended = _Output(sys.stdout), threading.Event()
    thread = threading.Thread(target=_watch, name="silence", args=(output, ended), daemon=True)
    thread.start()
    try:
        with contextlib.redirect_stdout(output):
            yield
    finally:
        ended.set()
        thread.join()


@contextlib.contextmanager
def allowed() -> Iterator[None]:
    """What is done inside may be silent, because others print: the processes of a study, another worker."""
    _Now.others_print += 1
    try:
        yield
    finally:
        _Now.others_print -= 1


class _Output:
    """A stream that knows when something was last written to it."""

    def __init__(self, stream: TextIO):
        self.stream = stream
        self.last = time.monotonic()

    def write(self, text: str) -> int:
        self.last = time.monotonic()
        return self.stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def _watch(output: _Output, ended: threading.Event) -> None:
    """Says what is being done whenever nothing was written for a while."""
    begin = own = output.last
    while not ended.wait(ROUND):
        if _Now.others_print:
            output.last = time.monotonic()
        if output.last != own:
            begin = own = output.last
        if time.monotonic() - output.last > SILENCE:
            erased = "\r\033[K" if output.isatty() else ""  # a progress bar
            with contextlib.suppress(OSError, ValueError):  # a reader that is gone ends the process when it prints
                line = f"{erased}... {_current()}, {time.monotonic() - begin:.0f} s"
                print(line, file=output, flush=True)
            own = output.last


def _current() -> str:
    library = sys.modules.get("keras_gen.utils.activity")  # not imported here, for that imports TensorFlow
    return (library and library.current_activity()) or _Now.doing[0].lower() + _Now.doing[1:]

"""`PythonCalls`: lets a process end while `tf.data` still reads ahead with Python functions.

Threads of an iterator that is alive at the end wait for the interpreter's lock, which they no longer get; the
interpreter, which deletes the iterator, waits for them. So Python functions refuse to be called before that.
"""

import atexit
import threading
import time

# With calls refused, an iterator fills what it holds ahead with errors in a moment; then it is quiet.
QUIET_SECONDS = 0.1
PATIENCE_SECONDS = 5.0


class PythonCalls:
    """A context for calls from `tf.data` threads, which are refused once the process ends."""

    def __init__(self):
        self._lock = threading.Lock()
        self._running = 0
        self._last_end = 0.0
        self._ending = False
        atexit.register(self._end)

    def __enter__(self) -> None:
        with self._lock:
            self._running += 1
        if self._ending:
            self.__exit__()
            raise RuntimeError("the process ends")

    def __exit__(self, *exception) -> None:
        with self._lock:
            self._running -= 1
            self._last_end = time.monotonic()

    def _end(self) -> None:
        self._ending = True
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline and not self._is_quiet():
            time.sleep(QUIET_SECONDS / 4)

    def _is_quiet(self) -> bool:
        with self._lock:
            return not self._running and time.monotonic() - self._last_end > QUIET_SECONDS

"""`PythonCalls`: lets a process end while `tf.data` is still reading ahead through Python functions.

At the end of a process, the threads of a live iterator wait for the interpreter's lock, which they no longer get, while
the interpreter, deleting the iterator, waits for the threads. To prevent this, calls are refused before that point.
"""

import atexit
import threading
import time

# Once calls are refused, an iterator soon has its read-ahead buffer full of errors and stops calling.
QUIET_SECONDS = 0.1
PATIENCE_SECONDS = 5.0


class PythonCalls:
    """A context for calls from `tf.data` threads; it refuses them once the process ends."""

    def __init__(self) -> None:
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
            raise RuntimeError("the process is ending")

    def __exit__(self, *exception: object) -> None:
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

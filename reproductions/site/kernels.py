"""Runs a notebook in a kernel of its own, which ends with this process's interruption."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import Any

from nbclient import NotebookClient

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Client(NotebookClient):
    """nbclient's, whose own handlers end the kernel and leave the client to fail in one of many ways."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, shutdown_kernel="immediate", **kwargs)
        self._handlers = {number: signal.getsignal(number) for number in SIGNALS}
        self._arrived: int | None = None

    async def async_start_new_kernel(self, **kwargs: Any) -> None:
        """Starts the kernel; nbclient has just set its handlers of signals, in whose place others are set."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()

        def stop(number: int) -> None:
            if self._handlers[number] is not signal.SIG_IGN and task is not None:
                self._arrived = number
                task.cancel()

        with contextlib.suppress(RuntimeError):  # on Windows, which has none
            for number in SIGNALS:
                loop.add_signal_handler(number, stop, number)
        await super().async_start_new_kernel(**kwargs)

    def execute(self, **kwargs: Any) -> Any:
        """Runs the notebook.

        Raises:
            KeyboardInterrupt: SIGINT or SIGTERM arrived, whatever the client made of it.
        """
        try:
            return super().execute(**kwargs)
        except (Exception, asyncio.CancelledError):
            if self._arrived is None:
                raise
        finally:
            for number, handler in self._handlers.items():
                signal.signal(number, handler)
        signal.raise_signal(self._arrived)
        raise KeyboardInterrupt

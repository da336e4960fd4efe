"""One process at a time in a folder."""

import contextlib
import fcntl
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from absl import logging

from keras_gen.errors import InputError

LOCK = ".lock"


@contextlib.contextmanager
def locked(directory: Path, flag: str) -> Iterator[None]:
    """Keeps other processes out of a folder; the system lets go of it when this process ends, however it does.

    The file `.lock` stays: removing it would let two processes hold a lock of that name. It tells who holds it.

    Args:
        directory: The folder.
        flag: The flag that gave it, for messages.

    Raises:
        InputError: Another process holds the lock.
        OSError: The folder cannot be written.
    """
    with open(directory / LOCK, "a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise InputError(
                f"{flag}={directory} is in use by {file.read().strip() or 'another process'}; let it end, or give "
                "another folder"
            ) from error
        except OSError as error:  # some network file systems have no locks
            logging.warning("%s cannot be locked (%s): start no second run there", directory, error.strerror)
        file.truncate(0)
        file.write(f"process {os.getpid()} on {socket.gethostname()}")
        file.flush()
        yield

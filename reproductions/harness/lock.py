"""One process at a time in a folder."""

import contextlib
import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import filelock
from absl import logging

from reproductions.harness.errors import UsageError

LOCK, HOLDER = ".lock", ".lock_holder"
# What file systems without locks say, some network file systems among them.
WITHOUT_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}


@contextlib.contextmanager
def locked(directory: Path, flag: str) -> Iterator[None]:
    """Keeps other processes out of a folder; the system lets go of it when this process ends, however it does.

    The file `.lock` stays: removing it would let two processes hold a lock of that name. `.lock_holder` tells who
    holds it, or held it last.

    Args:
        directory: The folder.
        flag: The flag that gave it, for messages.

    Raises:
        UsageError: Another process holds the lock.
        OSError: The folder cannot be written.
    """
    lock, holder = filelock.FileLock(directory / LOCK), directory / HOLDER
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout as error:
        there = holder.read_text(encoding="utf-8") if holder.exists() else ""
        raise UsageError(
            f"{flag}={directory} is in use by {there or 'another process'}; wait for it to end, or give another folder"
        ) from error
    except OSError as error:
        if error.errno not in WITHOUT_LOCKS:
            raise
        logging.warning("%s cannot be locked (%s): start no second run there", directory, error.strerror)
    try:
        holder.write_text(f"process {os.getpid()} on {socket.gethostname()}", encoding="utf-8")
        yield
    finally:
        lock.release()

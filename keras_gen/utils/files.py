"""Files that are written completely or not at all, and the cache folder."""

import contextlib
import io
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

ASIDE = ".writing-"


@contextlib.contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """Yields a path to write to, and moves what was written there to `path` at the end.

    A reader of `path` finds the old file or the new one, never part of one; of two processes that write it, the last
    one wins. After an exception `path` is as it was. The content is flushed to disk before the move, so that all of
    this holds after a power cut too.

    Args:
        path: The file (or folder) to write or replace; its parent folder is created if it does not exist.

    Yields:
        A path with the same file name, in a temporary folder beside `path`.

    Raises:
        OSError: It cannot be written, for example because the disk is full.
    """
    path = Path(path)
    with naming(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=ASIDE) as aside:
            yield Path(aside) / path.name
            for part in (Path(aside), *Path(aside).rglob("*")):
                _flush(part)
            os.replace(Path(aside) / path.name, path)
        _flush(path.parent)


@contextlib.contextmanager
def naming(path: str | os.PathLike) -> Iterator[None]:
    """Adds the file name to OSErrors that lack it, as those of writing do, a full disk among them."""
    try:
        yield
    except OSError as error:
        if error.filename is None or ASIDE in str(error.filename):
            error.filename = os.fspath(path)
        raise


def remove_unfinished(directory: str | os.PathLike) -> None:
    """Removes what `replacing` left in a folder when its process was killed; no other process may be writing there."""
    for aside in Path(directory).glob(f"{ASIDE}*"):
        shutil.rmtree(aside, ignore_errors=True)


def special_file(path: str | os.PathLike) -> Path | None:
    """The first path in a folder, or the path itself, that exists and is neither a file nor a folder.

    Whoever reads such a one, a pipe for example, may wait for ever.
    """
    path = Path(path)
    for found in (path, *path.rglob("*")):
        if found.exists() and not found.is_file() and not found.is_dir():
            return found
    return None


class MemoryFile(io.BytesIO):
    """A file in memory with a name, by which Keras recognises the format.

    HDF5 can crash the process when the disk is full. If Keras writes to memory and Python then writes the file, a full
    disk is an OSError instead.

    Args:
        file_name: The name, for example `model.keras`.
        content: The initial content.
    """

    def __init__(self, file_name: str, content: bytes = b""):
        super().__init__(content)
        self._file_name = file_name

    def __str__(self) -> str:
        return self._file_name


def _flush(path: Path) -> None:
    """Waits until a file, or the entries of a folder, have reached the disk."""
    # Some file systems cannot flush folders.
    with contextlib.suppress(OSError) if path.is_dir() else contextlib.nullcontext():
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def cache_folder() -> Path:
    """The folder of what is kept between runs: `$KERAS_GEN_CACHE`, or `~/.cache/keras_gen`."""
    return Path(os.environ.get("KERAS_GEN_CACHE") or "~/.cache/keras_gen").expanduser()

"""Files that are there whole or not at all, and the folder of those that are kept between runs."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """Gives a path to write to, and moves what was written there to `path` at the end.

    A reader of `path` finds the former file or the new one, never a part of it, and of two
    processes that write it the last one wins. After an exception `path` is as it was.

    Args:
        path: the file to write or replace; its folder is made if it does not exist.

    Yields:
        A path of the same file name, in a temporary folder beside `path`.

    Raises:
        OSError: the folder cannot be made or written to.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".writing-") as aside:
        yield Path(aside) / path.name
        os.replace(Path(aside) / path.name, path)


def cache_folder() -> Path:
    """Where small things are kept between runs: `$KERAS_GEN_CACHE`, or `~/.cache/keras_gen`."""
    return Path(os.environ.get("KERAS_GEN_CACHE") or "~/.cache/keras_gen").expanduser()

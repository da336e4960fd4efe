"""What travels between two machines: descriptions, as JSON, and the contents that they share, each stored once.

A content is named by its SHA-256, so that runs with the same images or initial weights share them, and damage on the
way is seen. This file needs NumPy and what it calls bfloat16 alone.
"""

import hashlib
import io
import itertools
import json
import math
import os
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np

from benchmarks.accelerator import kinds

SUFFIX = ".json"
# Bytes of a file of a pack, at most. Compression may add a thousandth.
PACK = 16 * 2**20 - 2**16
# Of how zlib tries: floats are hardly smaller however long it does.
OF_ARRAYS, OF_TEXTS = 1, 6


class ParcelError(Exception):
    """A parcel, or the machine that it came to, cannot be used; the message is one line that says why."""


class Parcel:
    """A folder of descriptions of one kind, and of contents.

    Args:
        path: The folder; it is made when something is put into it.
    """

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path)
        self._contents = self.path / "contents"

    def make_for(self, kind: str) -> dict[str, dict[str, Any]]:
        """Makes the folder, before anything is computed for it; gives the descriptions of that kind that it holds.

        Raises:
            ParcelError: It cannot be made or written, or holds something else.
        """
        there = self.descriptions(kind) if self.path.is_dir() else {}
        try:
            self._contents.mkdir(parents=True, exist_ok=True)
            probe = self._contents / f".writing-{os.getpid()}"
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as error:
            reason = error.strerror or error
            raise ParcelError(f"{self.path} cannot be written: {reason}; give a folder that can be") from error
        return there

    def put(self, content: bytes | memoryview, level: int = OF_TEXTS) -> str:
        """Keeps a content; gives its name."""
        name = hash_of(content)
        path = self._contents / name
        if not path.exists():
            self._contents.mkdir(parents=True, exist_ok=True)
            _write(path, zlib.compress(content, level))
        return name

    def get(self, name: str) -> bytes:
        """The content of that name.

        Raises:
            ParcelError: It is missing or damaged.
        """
        path = self._contents / name
        if not path.is_file():
            raise ParcelError(f"{path} is missing; copy all of {self.path} again")
        try:
            content = zlib.decompress(path.read_bytes())
        except zlib.error:
            content = b""
        if hash_of(content) != name:
            raise ParcelError(f"{path} is damaged; copy all of {self.path} again")
        return content

    def put_array(self, array: np.ndarray) -> dict[str, Any]:
        """Keeps an array by itself, so that others may share it; gives what `array` finds it by."""
        return {"content": self.put(array.tobytes(), OF_ARRAYS), **_type_of(array)}

    def array(self, found_by: dict[str, Any]) -> np.ndarray:
        """An array that `put_array` kept.

        Raises:
            ParcelError: It is missing or damaged.
        """
        return self._arrays(self.get(found_by["content"]), [found_by])[0]

    def put_pack(self, arrays: Sequence[np.ndarray | None]) -> dict[str, Any]:
        """Keeps arrays, one behind another, in as few files of at most `PACK` bytes as they take."""
        memory = io.BytesIO()
        for array in arrays:
            memory.write(b"" if array is None else array.tobytes())
        whole = memory.getbuffer()
        parts = [whole[start : start + PACK] for start in range(0, len(whole), PACK)]
        return {
            "contents": [self.put(part, OF_ARRAYS) for part in parts],
            "arrays": [None if array is None else _type_of(array) for array in arrays],
        }

    def pack(self, found_by: dict[str, Any]) -> list[np.ndarray | None]:
        """The arrays that `put_pack` kept.

        Raises:
            ParcelError: Something is missing or damaged.
        """
        return self._arrays(b"".join(map(self.get, found_by["contents"])), found_by["arrays"])

    def _arrays(self, content: bytes, types: Sequence[dict[str, Any] | None]) -> list[np.ndarray | None]:
        sizes = [0 if one is None else dtype(one["dtype"]).itemsize * math.prod(one["shape"]) for one in types]
        if sum(sizes) != len(content):
            raise ParcelError(f"{self.path}: an array has another size than described; copy all of it again")
        starts = itertools.accumulate(sizes, initial=0)
        return [
            None if one is None else np.ndarray(one["shape"], dtype(one["dtype"]), content, start).copy()
            for one, start in zip(types, starts, strict=False)
        ]

    def describe(self, name: str, kind: str, description: dict[str, Any]) -> None:
        """Keeps a description of a kind."""
        self.path.mkdir(parents=True, exist_ok=True)
        whole = {"kind": kind, **description, "hash": description_hash(description)}
        _write(self.path / f"{name}{SUFFIX}", json.dumps(whole, indent=1).encode())

    def descriptions(self, kind: str) -> dict[str, dict[str, Any]]:
        """All descriptions by their names: those of runs in the order in which they were put.

        Raises:
            ParcelError: There is no such folder, or a description is damaged or of another kind.
        """
        if not self.path.is_dir():
            raise ParcelError(f"{self.path} is not a folder; give one that holds what {kinds.FROM[kind]}")
        found = {}
        for path in sorted(self.path.glob(f"[!.]*{SUFFIX}")):
            try:
                description = json.loads(path.read_bytes())
            except (ValueError, RecursionError, IsADirectoryError) as error:
                raise ParcelError(f"{path} is damaged; copy it again") from error
            if (wrong := kinds.fault(description, kind)) is not None:
                raise ParcelError(f"{path} {wrong}")
            if description.get("hash") != description_hash(description):
                raise ParcelError(f"{path} is damaged; copy it again")
            found[path.name.removesuffix(SUFFIX)] = description
        return dict(sorted(found.items(), key=lambda item: item[1].get("number", 0)))

    def size(self) -> str:
        """What the folder holds, in words."""
        sizes = [path.stat().st_size for path in self.path.rglob("*") if path.is_file()]
        return f"{sum(sizes) / 2**20:.1f} MiB in {len(sizes)} files"


def dtype(name: str) -> np.dtype:
    """The type of that name, also one that NumPy itself does not know."""
    return np.dtype(ml_dtypes.bfloat16 if name == "bfloat16" else name)


def hash_of(content: Any) -> str:
    """What identifies bytes, or the elements of an array: the first 32 hexadecimal digits of their SHA-256."""
    whole = np.ascontiguousarray(content) if isinstance(content, np.ndarray) else content
    return hashlib.sha256(whole).hexdigest()[:32]


def description_hash(description: dict[str, Any]) -> str:
    """Identifies what a description says, wherever in the queue it stands and by whatever command it was sent."""
    aside = ("kind", "number", "hash", "command")
    said = {key: value for key, value in description.items() if key not in aside}
    return hash_of(json.dumps(said, sort_keys=True).encode())


def _type_of(array: np.ndarray) -> dict[str, Any]:
    return {"shape": list(array.shape), "dtype": array.dtype.name}


def _write(path: Path, content: bytes) -> None:
    """Writes a file completely or not at all."""
    aside = path.with_name(f".writing-{path.name}")
    aside.write_bytes(content)
    os.replace(aside, path)

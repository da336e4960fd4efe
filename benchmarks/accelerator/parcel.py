"""What travels between two machines: descriptions, as JSON, and the contents that they share, each stored once.

A content is named by its SHA-256, so that runs with the same images or initial weights share them, and damage on the
way is seen. This file needs NumPy alone.
"""

import hashlib
import io
import json
import os
import zlib
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np

SUFFIX = ".json"


class ParcelError(Exception):
    """A parcel, or the machine that it came to, cannot be used; the message is one line that says why."""


class Parcel:
    """A folder of descriptions and contents.

    Args:
        path: The folder; it is made when something is put into it.
    """

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path)
        self._contents = self.path / "contents"

    def put(self, content: bytes | memoryview) -> str:
        """Keeps a content; gives its name."""
        name = hash_of(content)
        path = self._contents / name
        if not path.exists():
            self._contents.mkdir(parents=True, exist_ok=True)
            _write(path, zlib.compress(content, 6))
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

    def put_array(self, array: np.ndarray) -> dict[str, str]:
        """Keeps an array; gives what `array` finds it by."""
        memory = io.BytesIO()
        bits = array.view(np.uint16) if array.dtype == ml_dtypes.bfloat16 else array  # which NumPy's files do not know
        np.save(memory, bits, allow_pickle=False)
        return {"content": self.put(memory.getbuffer()), "dtype": array.dtype.name}

    def array(self, found_by: dict[str, str]) -> np.ndarray:
        """An array that `put_array` kept.

        Raises:
            ParcelError: It is missing or damaged.
        """
        array = np.load(io.BytesIO(self.get(found_by["content"])), allow_pickle=False)
        return array.view(ml_dtypes.bfloat16) if found_by["dtype"] == "bfloat16" else array

    def describe(self, name: str, description: dict[str, Any]) -> None:
        """Keeps a description."""
        self.path.mkdir(parents=True, exist_ok=True)
        _write(self.path / f"{name}{SUFFIX}", json.dumps(description, indent=1).encode())

    def descriptions(self) -> dict[str, dict[str, Any]]:
        """All descriptions by their names, in their order.

        Raises:
            ParcelError: One is damaged.
        """
        found = {}
        for path in sorted(self.path.glob(f"*{SUFFIX}")):
            try:
                found[path.name.removesuffix(SUFFIX)] = json.loads(path.read_bytes())
            except ValueError as error:
                raise ParcelError(f"{path} is damaged; copy it again") from error
        return found


def hash_of(content: Any) -> str:
    """What identifies bytes, or the elements of an array: the first 32 hexadecimal digits of their SHA-256."""
    return hashlib.sha256(np.ascontiguousarray(content) if isinstance(content, np.ndarray) else content).hexdigest()[
        :32
    ]


def description_hash(description: dict[str, Any]) -> str:
    """Identifies a description that was read from a parcel."""
    return hash_of(json.dumps(description, sort_keys=True).encode())


def _write(path: Path, content: bytes) -> None:
    """Writes a file completely or not at all."""
    aside = path.with_name(f".writing-{path.name}")
    aside.write_bytes(content)
    os.replace(aside, path)

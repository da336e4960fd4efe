"""`PackedStrings`: many strings in one buffer, at a fraction of the memory of a list."""

import os
from array import array
from collections.abc import Iterable, Iterator

import numpy as np


class PackedStrings:
    """An immutable sequence of file names, held in two arrays.

    Args:
        buffer: uint8, the encoded strings one after the other.
        ends: int64 [n], where each ends.
    """

    def __init__(self, buffer: np.ndarray, ends: np.ndarray):
        self.buffer = buffer
        self.ends = ends

    @classmethod
    def pack(cls, strings: Iterable[str]) -> "PackedStrings":
        """Packs strings; bytes of a file name that are not UTF-8 are kept as they are."""
        buffer, ends = bytearray(), array("q")
        for string in strings:
            buffer += os.fsencode(string)
            ends.append(len(buffer))
        return cls(np.frombuffer(buffer, np.uint8), np.frombuffer(ends, np.int64))

    def __len__(self) -> int:
        return len(self.ends)

    def __iter__(self) -> Iterator[str]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> str:
        start = self.ends[index - 1] if index > 0 else 0
        return os.fsdecode(self.buffer[start : self.ends[index]].tobytes())

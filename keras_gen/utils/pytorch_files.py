"""Reads the weights in a file of PyTorch, without PyTorch and without running anything that the file names.

PyTorch pickles its weights, and a pickle may call any function that it names. Here only the four names that a plain
file of weights consists of are known, and they stand for classes of this module. The format is that of PyTorch before
1.6: a magic number, the version, the machine's sizes, the weights with their numbers left out, the keys of the numbers,
and then, for each key, their count and the numbers themselves.
"""

import pickle
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
VERSION = 1001
TYPES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


class UnreadableFileError(ValueError):
    """The file is no such file of weights, or a damaged one."""


class _Weights(dict):
    """In the place of the ordered dictionary; what PyTorch hangs on it is put aside."""

    def __setstate__(self, state: Any) -> None:
        pass


class _Unread:
    """The place of a weight's numbers: where they begin among those of a key, and their shape."""

    def __init__(
        self, numbers: tuple[str, np.dtype], start: int, shape: tuple, strides: tuple, requires_grad: bool, hooks: Any
    ):
        self.key, self.dtype = numbers
        self.start, self.shape, self.strides = start, shape, strides

    def filled(self, numbers: dict[str, np.ndarray]) -> np.ndarray:
        """The weight."""
        found = numbers[self.key]
        last = self.start + sum((side - 1) * stride for side, stride in zip(self.shape, self.strides, strict=True))
        if min(self.start, *self.shape, *self.strides, 0) < 0 or last >= len(found):
            raise UnreadableFileError("a weight reaches beyond the numbers of the file")
        in_bytes = [stride * found.itemsize for stride in self.strides]
        return np.lib.stride_tricks.as_strided(found[self.start :], self.shape, in_bytes).copy()


class _Unpickler(pickle.Unpickler):
    """Knows the names of a plain file of weights, and no other."""

    KNOWN: dict[tuple[str, str], Any] = {
        ("collections", "OrderedDict"): _Weights,
        ("torch._utils", "_rebuild_tensor_v2"): _Unread,
        **{("torch", name): dtype for name, dtype in TYPES.items()},
    }

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self.KNOWN:
            raise UnreadableFileError(f"it names {module}.{name}, which no plain file of weights does")
        return self.KNOWN[module, name]

    def persistent_load(self, pid: Any) -> tuple[str, np.dtype]:
        kind, dtype, key, *_ = pid
        if kind != "storage" or not isinstance(dtype, np.dtype):
            raise UnreadableFileError("it holds something else than numbers")
        return key, dtype


def read_weights(path: Path) -> dict[str, np.ndarray]:
    """The weights by their names.

    Raises:
        UnreadableFileError: The file is damaged, of another format, or holds something else than weights.
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        try:
            return _read(file)
        except UnreadableFileError:
            raise
        except Exception as error:  # damage takes many forms
            raise UnreadableFileError("it is damaged, or no file of PyTorch's") from error


def _read(file: BinaryIO) -> dict[str, np.ndarray]:
    magic_number, version, _, unread, keys = (_Unpickler(file).load() for _ in range(5))
    if (magic_number, version) != (MAGIC_NUMBER, VERSION):
        raise UnreadableFileError("it is no file of PyTorch's of this version")
    dtypes = {weight.key: weight.dtype for weight in unread.values()}
    numbers = {}
    for key in keys:
        count = int(np.frombuffer(file.read(8), "<i8")[0])
        numbers[key] = np.frombuffer(file.read(count * dtypes[key].itemsize), dtypes[key], count)
    return {name: weight.filled(numbers) for name, weight in unread.items()}

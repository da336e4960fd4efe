"""Files of weights in PyTorch's format, made here by hand, and files that would run something."""

import os
import pickle
import sys
import types
from collections import OrderedDict

import numpy as np
import pytest

from keras_gen.utils import pytorch_files
from keras_gen.utils.pytorch_files import UnreadableFileError, read_weights

NUMBERS = {"a": np.arange(24, dtype="<f4"), "b": np.array([7], "<i8")}


class Weight:
    def __init__(self, key, start, shape, strides):
        self.arguments = Storage(key), start, shape, strides, False, OrderedDict()

    def __reduce__(self):
        return sys.modules["torch._utils"]._rebuild_tensor_v2, self.arguments


class Storage:
    def __init__(self, key):
        self.key = key


class Pickler(pickle.Pickler):
    def persistent_id(self, obj):
        if isinstance(obj, Storage):
            kind = {"<f4": "FloatStorage", "<i8": "LongStorage"}[NUMBERS[obj.key].dtype.str]
            return "storage", getattr(sys.modules["torch"], kind), obj.key, "cpu", len(NUMBERS[obj.key]), None
        return None


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Writes what PyTorch would, with stand-ins for the names that it pickles."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")

    def _rebuild_tensor_v2():
        pass

    _rebuild_tensor_v2.__module__, _rebuild_tensor_v2.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = _rebuild_tensor_v2
    for name in ("FloatStorage", "LongStorage"):
        setattr(torch, name, type(name, (), {"__module__": "torch"}))
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)

    def written(weights, magic=pytorch_files.MAGIC_NUMBER, version=pytorch_files.VERSION):
        path = tmp_path / "weights.pth"
        with path.open("wb") as file:
            for part in (magic, version, {"little_endian": True}):
                pickle.dump(part, file, 2)
            Pickler(file, 2).dump(weights)
            pickle.dump(list(NUMBERS), file, 2)
            for numbers in NUMBERS.values():
                file.write(np.int64(len(numbers)).tobytes() + numbers.tobytes())
        return path

    return written


def test_weights(write):
    weights = OrderedDict(
        whole=Weight("a", 0, (2, 3, 4), (12, 4, 1)),
        part=Weight("a", 4, (2, 2), (2, 1)),
        transposed=Weight("a", 0, (4, 6), (1, 4)),
        one_wide=Weight("a", 0, (6, 1, 4), (4, 99, 1)),
        scalar=Weight("b", 0, (), ()),
    )
    weights._metadata = {"version": 1}  # as modules have it
    found = read_weights(write(weights))
    numbers = NUMBERS["a"]
    expected = {
        "whole": numbers.reshape(2, 3, 4),
        "part": [[4, 5], [6, 7]],
        "transposed": numbers.reshape(6, 4).T,
        "one_wide": numbers.reshape(6, 1, 4),
        "scalar": 7,
    }
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values)


class Runs:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_nothing_that_it_names_is_run(write, tmp_path):
    path = write(OrderedDict(weight=Runs(tmp_path / "made")))
    with pytest.raises(UnreadableFileError, match=r"it names posix\.mkdir, which no plain file of weights does"):
        read_weights(path)
    path.write_bytes(pickle.dumps(Runs(tmp_path / "made"), 2))
    with pytest.raises(UnreadableFileError, match="it names"):
        read_weights(path)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    "weight", [("a", 20, (2, 3), (3, 1)), ("a", -1, (2,), (1,)), ("a", 0, (2,), (-1,)), ("a", 0, (-1,), (1,))]
)
def test_weights_beyond_the_numbers(write, weight):
    with pytest.raises(UnreadableFileError, match="reaches beyond the numbers"):
        read_weights(write(OrderedDict(weight=Weight(*weight), other=Weight("b", 0, (), ()))))


def test_damage(write, tmp_path):
    path = write(OrderedDict(weight=Weight("a", 0, (24,), (1,)), other=Weight("b", 0, (), ())))
    content = path.read_bytes()
    assert read_weights(path)["other"] == 7
    for length in range(0, len(content), 40):
        path.write_bytes(content[:length])
        with pytest.raises(UnreadableFileError):
            read_weights(path)
    for wrong in ({"magic": 1}, {"version": 1000}):
        with pytest.raises(UnreadableFileError, match="no file of PyTorch's of this version"):
            read_weights(write(OrderedDict(), **wrong))
    with pytest.raises(OSError):
        read_weights(tmp_path / "none")

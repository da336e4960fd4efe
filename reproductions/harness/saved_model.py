"""A SavedModel of anyone's, loaded only if no operation in it can reach files or run something else.

A SavedModel is a program. Looked at is every function that its objects have, and whatever these call; beside them stand
functions that save and restore its variables, in the place of which TensorFlow's loader has its own.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reproductions.harness.errors import UsageError

# Operations with state that models need: variables, calls and loops, checks, random numbers.
ALLOWED = re.compile(
    r"Assert|AssignVariableOp|DisableCopyOnRead|If|MutexV2|Random\w*|ReadVariableOp|StatefulPartitionedCall|VarHandleOp|"
    r"VarIsInitializedOp|While"
)
# Operations that TensorFlow counts as stateless though they read or write files.
OF_FILES = re.compile(r"\w*(File|Dataset|Vocab|ImmutableConst|Checkpoint)\w*")


def loaded(path: Path, flag: str) -> Any:
    """The SavedModel in a folder.

    Args:
        path: The folder.
        flag: The flag that gave it, for messages.

    Raises:
        UsageError: There is none, or it has operations that a model does not need.
    """
    import tensorflow as tf
    from tensorflow.core.protobuf import fingerprint_pb2, saved_model_pb2

    from keras_gen.utils.files import special_file

    try:
        if special_file(path) is not None:
            raise ValueError("something there is no file")
        with contextlib.suppress(FileNotFoundError):  # a damaged one would be a line or a traceback in TensorFlow's log
            fingerprint_pb2.FingerprintDef.FromString((path / "fingerprint.pb").read_bytes())
            tf.saved_model.experimental.read_fingerprint(str(path))
        program = saved_model_pb2.SavedModel.FromString((path / "saved_model.pb").read_bytes())
        foreign = next((name for name in _operations(program) if not _is_allowed(name)), None)
        model = None if foreign else tf.saved_model.load(str(path))
    except Exception as error:  # what a file that anyone may have written leads to
        raise UsageError(f"{flag}={path}: no SavedModel can be loaded from there") from error
    if foreign:
        raise UsageError(
            f"{flag}={path}: its operation {foreign} may read or write files, or run something else; give a model that "
            "this suite or Keras exported"
        )
    return model


def _operations(program: Any) -> Iterator[str]:
    """The operations of the functions that can be called, and of those that they call."""
    for graph in program.meta_graphs:
        library = {function.signature.name: function for function in graph.graph_def.library.function}
        waiting, seen = list(graph.object_graph_def.concrete_functions), set()
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            for node in library[name].node_def:
                yield node.op
                values = list(node.attr.values())
                called = [value.func for value in values] + [one for value in values for one in value.list.func]
                waiting += [function.name for function in called if function.name]
                waiting += [node.op] if node.op in library else []


def _is_allowed(operation: str) -> bool:
    from tensorflow.python.framework import op_def_registry

    known = op_def_registry.get(operation)
    if known is None:
        return False
    return bool(ALLOWED.fullmatch(operation)) or not (known.is_stateful or OF_FILES.fullmatch(operation))

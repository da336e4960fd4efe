"""A SavedModel of anyone's, loaded only if no operation in it can reach files or run something else.

A SavedModel is a program. The functions that are called live in its library; beside it stand the operations that save
and restore its variables, which TensorFlow's own loader replaces.
"""

from __future__ import annotations

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
    from tensorflow.core.protobuf import saved_model_pb2

    from keras_gen.utils.files import special_file

    try:
        if special_file(path) is not None:
            raise ValueError("something there is no file")
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
    """The operations of the functions in a SavedModel."""
    for graph in program.meta_graphs:
        for function in graph.graph_def.library.function:
            for node in function.node_def:
                yield node.op


def _is_allowed(operation: str) -> bool:
    from tensorflow.python.framework import op_def_registry

    known = op_def_registry.get(operation)
    if known is None:
        return False
    return bool(ALLOWED.fullmatch(operation)) or not (known.is_stateful or OF_FILES.fullmatch(operation))

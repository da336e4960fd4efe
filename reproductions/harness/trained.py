"""Where a trained model lies: a run's folder, a SavedModel, a model of the zoo; looked at before TensorFlow starts."""

import contextlib
import difflib
from collections.abc import Iterator
from pathlib import Path

from reproductions.harness.errors import UsageError
from reproductions.harness.run_directory import RunDirectory
from reproductions.pages import FOLDER

ZOO = FOLDER.parent / "keras_gen" / "zoo"


def check_zoo(name: str) -> None:
    """Checks that the zoo has a model.

    Raises:
        UsageError: It does not.
    """
    names = sorted(path.stem for path in ZOO.glob("*.json"))
    if name not in names:
        near = difflib.get_close_matches(name, names, 1)
        advice = f"did you mean {near[0]}? Choose" if near else "choose"
        raise UsageError(f"--zoo={name}: there is no such model; {advice} from {', '.join(names)}")


def finished_run(path: Path) -> RunDirectory:
    """The folder of a finished run.

    Raises:
        UsageError: It is not there, holds no run, or one that is not finished.
    """
    directory = RunDirectory(path)
    if not path.is_dir():
        raise UsageError(f"{path}: there is no such folder; give that of a finished run")
    if directory.model.is_file():
        return directory
    if directory.flags.is_file():
        raise UsageError(f"{path}: this run is not finished; rerun its command, which continues it")
    raise UsageError(f"{path}: there is no model.keras; give the folder of a finished run")


def saved_model_folder(path: Path, flag: str) -> Path:
    """The folder of a SavedModel, which a finished run's folder stands for too.

    Args:
        path: The folder.
        flag: The flag that gave it, for messages.

    Raises:
        UsageError: There is none.
    """
    directory = RunDirectory(path)
    if not path.exists():
        raise UsageError(f"{flag}={path}: there is no such folder; give that of a SavedModel or of a finished run")
    if (path / "saved_model.pb").exists():
        return path
    if directory.flags.is_file():
        if directory.saved_model.is_dir():
            return directory.saved_model
        raise UsageError(f"{flag}={path}: this run is not finished; rerun its command, which continues it")
    raise UsageError(f"{flag}={path}: no SavedModel, since it holds no saved_model.pb; give the folder of one")


@contextlib.contextmanager
def untraced() -> Iterator[None]:
    """Lets a model compute without being traced, which for a single call takes longer than the call."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(False)

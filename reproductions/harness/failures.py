"""Errors that whoever gives a command can mend, as one line."""

import contextlib
import io
import os
import re
import sys
import warnings
from collections.abc import Callable
from typing import Any

from reproductions.harness import signals, silence
from reproductions.harness.errors import UsageError

REMEDY = "fix this and rerun the command"
RESUMES = "a training resumes from its last checkpoint"


def guarded(function: Callable, *args: Any, break_silence: bool = True, resumes: bool = False) -> None:
    """Calls a function; an error that the user can mend ends the process with one line and exit status 1.

    Python's warnings are shown as a line each.

    Ctrl-C and SIGTERM end it with one line and exit status 130 or 143.

    Args:
        function: What is called.
        *args: Its arguments.
        break_silence: Whether a thread says what is being done when nothing is printed for a while.
        resumes: Whether the same command goes on where it was interrupted.
    """
    signals.install(resumes)
    warnings.showwarning = _show_warning
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # whatever the locale, nothing that is said stops a run
            stream.reconfigure(errors="backslashreplace")
    try:
        try:
            with silence.broken() if break_silence else contextlib.nullcontext():
                function(*args)
        except SystemExit as end:
            if not end.code:  # help was printed, and what did not reach its reader is noticed here
                sys.stdout.flush()
            raise
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads the output, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(141)
    except KeyboardInterrupt as interruption:
        terminal = "\n" if sys.stderr.isatty() else ""  # which shows ^C
        print(f"{terminal}interrupted {interruption}".rstrip() + signals.remedy(), file=sys.stderr)
        signals.leave()
    except Exception as error:
        line = explained(error, resumes)
        if line is None:
            raise
        # A file's name may hold line breaks, and bytes that are no text.
        sys.exit("error: " + "".join(part if part.isprintable() else ascii(part)[1:-1] for part in line))


def _show_warning(message: Warning | str, *where: Any, **more: Any) -> None:
    """Shows a warning as one line, without the place in the code that Python shows."""
    del where, more
    print(f"warning: {' '.join(str(message).split())}", file=sys.stderr)


def explained(error: Exception, resumes: bool = False) -> str | None:
    """What an error says to the user; None for one that is a mistake of the program's."""
    if isinstance(error, UsageError):
        return str(error)
    if isinstance(error, OSError):
        return _cannot_write(error.filename or "a file", error.strerror or str(error), resumes)
    return _explained_by_library(error, resumes) if "tensorflow" in sys.modules else None


def _explained_by_library(error: Exception, resumes: bool) -> str | None:
    """An error of keras_gen or TensorFlow, which are imported only where there is something to train."""
    import tensorflow as tf

    from keras_gen.errors import BrokenTrainingError, InputError, unwrapped_input_errors
    from reproductions.harness import distribution, workers

    try:
        with unwrapped_input_errors():
            raise error
    except InputError as wrapped:
        return with_flags(str(wrapped))
    except BrokenTrainingError as broke_down:
        return f"{broke_down}; earlier checkpoints are kept; try a smaller learning rate in a new folder"
    except tf.errors.ResourceExhaustedError as exhausted:
        # TensorFlow's own files, such as a SavedModel's. Memory that is exhausted stays an error of the programmer.
        found = re.search(r"(/\S+); (No space left on device|Disk quota exceeded)", exhausted.message)
        return found and _cannot_write(found[1], found[2], resumes)
    except distribution.LOST_WORKER as lost:
        if workers.num_workers() < 2:
            return None
        worker = workers.lost_worker(lost.message)
        return f"{worker} stopped; start all workers again with the same command; they resume from the last checkpoint"
    except Exception:
        return None


def with_flags(message: str) -> str:
    """A message of the library, in which arguments that scripts have as flags are named as these."""
    message = re.sub(r"(^|(?<= ))(image_size|data_dir)(?=[=,; ]|$)", r"--\2", message)
    message = re.sub(r"(?<=; give )(?=(linked_)?folder:PATH)", "--dataset=", message)
    return f"--image_size: {message}" if message.startswith("image_shape=") else message


def _cannot_write(place: str, reason: str, resumes: bool) -> str:
    # What is written lies in a folder `.writing-...` beside its place until it is whole.
    place = re.sub(r"\.writing-[^/]*/", "", str(place))
    return "; ".join([f"{place}: {reason}", REMEDY, *([RESUMES] if resumes else [])])

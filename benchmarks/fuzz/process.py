"""One case in a process of its own, forked from this one, with bounds of time and memory.

Importing TensorFlow takes seconds; a fork of a process that has imported it starts at once. This is sound as long as
the forking process has computed nothing: TensorFlow starts its threads with the first operation, and only the threads
of jemalloc, which prepares itself for forks, are there before. `check_forkable` holds it to that.
"""

import contextlib
import io
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

GIGABYTE = 2**30
# Bytes that a file may have: none of the suite's is nearly as large.
FILE_BYTES = GIGABYTE
# Threads that may be there when a case is forked.
FORKABLE = {"jemalloc_bg_thd"}
# What Python tells an audit hook when a program is started or an object unpickled.
STARTS = {"os.exec", "os.posix_spawn", "os.spawn", "os.system", "pickle.find_class", "pty.spawn", "subprocess.Popen"}
# What it tells when a folder changes.
WRITES = {
    "os.chmod",
    "os.chown",
    "os.link",
    "os.mkdir",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.symlink",
    "os.truncate",
}
# Where anything may write.
DEVICES = ("/dev/", "/proc/self/")


@dataclass(frozen=True, kw_only=True)
class Case:
    """What one process does.

    Attributes:
        title: What this case does to it.
        command: What a user would type.
        run: Does it, without arguments, and ends as a command does.
        folder: The case's own folder, with all files that it should see.
        may_change: The files and folders in it that the command may change, relative to it.
        environment: Variables.
        until: The case has worked once it prints this: what comes after has no part in it.
        subject: What is damaged, for the table.
    """

    title: str
    command: str
    run: Callable[[], None]
    folder: Path
    may_change: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    until: str | None = None
    subject: str = ""


@dataclass(frozen=True)
class Ended:
    """How a process ended.

    Attributes:
        status: Its exit status; that of a process that a signal ended is the signal's number, negative.
        in_time: Whether it ended by itself.
        printed: Its standard output.
        complained: Its standard error.
        broke: Rules that it broke while it ran.
    """

    status: int
    in_time: bool
    printed: str
    complained: str
    broke: tuple[str, ...] = ()


def check_forkable() -> None:
    """Checks that this process may be forked.

    Raises:
        RuntimeError: It has threads that a fork would lack.
    """
    tasks = Path("/proc/self/task")
    names = {(task / "comm").read_text().strip() for task in tasks.iterdir() if task.name != str(os.getpid())}
    if names - FORKABLE:
        raise RuntimeError(f"this process has threads ({', '.join(sorted(names))}); it cannot be forked")


class Process:
    """A case at work.

    Args:
        case: The case.
        seconds: Its bound of time.
        gigabytes: Its bound of memory, beyond what the forking process has.
    """

    def __init__(self, case: Case, seconds: float, gigabytes: float):
        self.case = case
        self.folder = case.folder
        self._files = [self.folder.with_name(f"{self.folder.name}.{name}") for name in ("out", "err", "broke")]
        self._deadline = time.monotonic() + seconds
        check_forkable()
        self._number = os.fork()
        if self._number == 0:
            try:
                _work(case, self._files, seconds, gigabytes)
            finally:
                os._exit(99)

    def ended(self) -> Ended | None:
        """How it ended; None while it works. A process that is out of time is killed."""
        number, status = os.waitpid(self._number, os.WNOHANG)
        in_time = True
        if not number:
            if time.monotonic() < self._deadline:
                return None
            in_time = False
            status = self.kill()
        out, err, broke = (file.read_text(errors="replace") for file in self._files)
        return Ended(os.waitstatus_to_exitcode(status), in_time, out, err, tuple(broke.splitlines()))

    def kill(self) -> int:
        """Kills it; gives what the system says of its end."""
        os.kill(self._number, signal.SIGKILL)
        return os.waitpid(self._number, 0)[1]


def _work(case: Case, files: Sequence[Path], seconds: float, gigabytes: float) -> None:
    """What the forked process does; it does not return."""
    descriptors = [os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600) for file in files]
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(descriptors[0], 1)
    os.dup2(descriptors[1], 2)
    sys.stdout = Until(os.fdopen(1, "wb", closefd=False), case.until)
    os.environ.update(case.environment)
    tempfile.tempdir = None  # or it would be what the forking process found
    (case.folder / "work").mkdir(exist_ok=True)
    os.chdir(case.folder / "work")
    _bound(seconds, gigabytes)
    sys.addaudithook(_watch(case.folder, descriptors[2]))
    status = 0
    try:
        case.run()
    except SystemExit as end:  # as the interpreter treats it
        status = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        if end.code is not None and not isinstance(end.code, int):
            print(end.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
        status = 1
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    os._exit(status)


def _bound(seconds: float, gigabytes: float) -> None:
    with open("/proc/self/statm") as file:
        pages = int(file.read().split()[0])
    size = pages * os.sysconf("SC_PAGE_SIZE") + int(gigabytes * GIGABYTE)
    resource.setrlimit(resource.RLIMIT_AS, (size, size))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 2))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


class Until(io.TextIOWrapper):
    """A standard output that ends the program, as one that has worked, once something is printed.

    Args:
        buffer: Where it writes.
        last: What it ends at; None for nothing.
    """

    def __init__(self, buffer: BinaryIO, last: str | None):
        super().__init__(buffer, encoding="utf-8", line_buffering=True)
        self.last = last

    def write(self, text: str) -> int:  # noqa: D102
        written = super().write(text)
        if self.last is not None and self.last in text:
            self.flush()
            raise SystemExit(0)
        return written


def _watch(folder: Path, note: int) -> Callable[[str, tuple], None]:
    """Makes the hook that notes what is started, and what is written outside the case's folder."""
    allowed = (f"{folder}/", *DEVICES)

    def tell(words: str) -> None:
        os.write(note, (words.encode(errors="backslashreplace").decode().replace("\n", " ")[:500] + "\n").encode())

    def check(event: str, path: Any) -> None:
        if isinstance(path, int):
            return
        text = os.path.join(os.getcwd(), os.fsdecode(path))
        if not os.path.normpath(text).startswith(allowed) and os.path.normpath(text) != str(folder):
            tell(f"wrote outside: {event} {text}")

    def hook(event: str, arguments: tuple) -> None:
        if event in STARTS:
            if event == "subprocess.Popen" and _is_ours(arguments[1]):
                raise SystemExit(0)  # it begins the runs of a study, and has read what there was to read
            tell(f"started: {event} {arguments!r}")
        elif event == "open":
            path, mode, flags = arguments
            if (flags or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC) or set(mode or "") & set("wax+"):
                check(event, path)
        elif event in WRITES:
            relative = [a for a in arguments[1:] if isinstance(a, int) and a >= 0]  # to an open folder, as rmtree does
            if not relative or event in ("os.chmod", "os.chown", "os.mkdir", "os.truncate"):
                check(event, arguments[1] if event in ("os.symlink", "os.link") else arguments[0])
                if event == "os.rename":
                    check(event, arguments[1])

    return hook


def _is_ours(words: Any) -> bool:
    return list(words)[:2] == [sys.executable, "-m"] and str(list(words)[2]).startswith("reproductions.")

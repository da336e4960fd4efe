"""Forks a process for each way to misbehave, and prints what the fuzzing harness says of it, as JSON."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.fuzz.process import Case, Process
from benchmarks.fuzz.verdict import contents, fault

root = Path(sys.argv[1])
outside = root / "outside.txt"


def started():
    subprocess.run(["true"])


def unpickled():
    import pickle

    pickle.loads(pickle.dumps(Path))


def complained():
    print("one", file=sys.stderr)
    sys.exit("error: two")


WAYS = {
    "works": lambda: print("fine"),
    "is refused": lambda: sys.exit("error: --steps=0: give more"),
    "warns": lambda: print("warning: odd", file=sys.stderr),
    "ends in the middle": lambda: (print("until here"), 1 / 0),
    "changes what it may": lambda: Path("../run/new").write_text("new"),
    "prints a traceback": lambda: 1 / 0,
    "says nothing": lambda: sys.exit(1),
    "has another status": lambda: sys.exit(3),
    "says more": complained,
    "hangs": lambda: time.sleep(600),
    "takes all memory": lambda: bytearray(2**40),
    "is killed": lambda: os.kill(os.getpid(), 11),
    "writes in its folder": lambda: Path("../mine/file").write_text("changed"),
    "removes a file": lambda: Path("../mine/file").unlink(),
    "writes elsewhere": lambda: outside.write_text("x"),
    "makes a folder elsewhere": lambda: outside.with_suffix(".folder").mkdir(),
    "leaves a temporary file": lambda: Path("../tmp/left").write_text("x"),
    "starts a program": started,
    "unpickles": unpickled,
}


def verdict_on(name, run):
    folder = root / name.replace(" ", "_")
    for part in ("work", "tmp", "mine", "run"):
        (folder / part).mkdir(parents=True)
    (folder / "mine" / "file").write_text("mine")
    case = Case(title=name, command="", run=run, folder=folder, may_change=("run",), until="until here")
    before = contents(folder)
    process = Process(case, seconds=1.5 if name == "hangs" else 60.0, gigabytes=1.0)
    while (ended := process.ended()) is None:
        time.sleep(0.01)
    return fault(case, ended, before, contents(folder))


print(json.dumps({name: verdict_on(name, run) for name, run in WAYS.items()}))

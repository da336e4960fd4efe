"""The fuzzing harness: that it sees what a command must not do, and some of its cases."""

import io
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
import warnings
from pathlib import Path

import pytest

from benchmarks.fuzz import __main__ as fuzz
from benchmarks.fuzz import cases, hostile_flags, hostile_runs, hostile_sets
from benchmarks.fuzz.healthy import GAN, Healthy, write_idx, write_pictures
from benchmarks.fuzz.process import Ended, Until
from benchmarks.fuzz.verdict import contents, fault
from keras_gen.datasets import images
from reproductions import wgan_div
from reproductions.harness import launch
from reproductions.harness.options import as_flags
from reproductions.harness.run_directory import RunDirectory, write_json

ROOT = Path(__file__).parents[2]
SECONDS = 60  # far above what a case takes; one that hangs is ended


def test_the_command_starts_no_thread_that_a_fork_would_lack(monkeypatch, tmp_path):
    before, threads = set(threading.enumerate()), set()
    monkeypatch.setattr(fuzz, "fuzz", lambda command, folder: threads.update(threading.enumerate()))
    fuzz.main(["--cases=1", f"--folder={tmp_path}"])
    assert threads == before


def test_what_a_command_must_not_do_is_seen(tmp_path):
    program = Path(__file__).parent / "programs" / "misbehave.py"
    environment = dict(os.environ, PYTHONPATH=str(ROOT))
    done = subprocess.run(
        [sys.executable, str(program), str(tmp_path)], capture_output=True, text=True, env=environment, timeout=120
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    well = ("works", "is refused", "warns", "ends in the middle", "changes what it may")
    assert {name: said.pop(name) for name in well} == dict.fromkeys(well)
    expected = {
        "prints a traceback": "it printed a traceback: ZeroDivisionError: division by zero",
        "says nothing": "status 1 without a line that begins with error: ''",
        "has another status": "it ended with status 3",
        "says more": "it said more than one line: 'one'",
        "hangs": "it did not end in time",
        "takes all memory": "it printed a traceback: MemoryError",
        "is killed": "signal 11 ended it",
        "writes in its folder": "it changed mine/file",
        "removes a file": "it changed mine/file",
        "writes elsewhere": "it wrote outside: open .*/outside.txt",
        "makes a folder elsewhere": "it wrote outside: os.mkdir .*/outside.folder",
        "leaves a temporary file": "it left tmp/left behind",
        "starts a program": "it started: subprocess.Popen",
        "unpickles": "it started: pickle.find_class",
    }
    assert said.keys() == expected.keys()
    assert [name for name, words in expected.items() if not re.match(words, said[name])] == []


@pytest.fixture(scope="module")
def healthy(tmp_path_factory):
    """Healthy files of the kinds that take no training; the finished run has what its command reads."""
    made = Healthy(tmp_path_factory.mktemp("healthy"))
    write_pictures(made.pictures)
    write_idx(made.idx)
    _, changes = launch.given(GAN[2:], wgan_div.Configuration)
    flags = as_flags(wgan_div.PRESETS["smoke"].replace(changes))
    directory = RunDirectory(made.gan)
    with directory.claimed(flags):
        directory.metrics.write_text("step,seconds,loss\n2,0.5,0.25\n4,0.9,0.125\n")
        directory.evaluations.write_text("step,distance\n2,1.5\n4,1.25\n")
        write_json(directory.results, {"flags": flags, "steps": 4, "endpoints": ["sample"], "divergence": None})
        for folder in (directory.samples, directory.tensorboard, directory.checkpoints, directory.saved_model):
            folder.mkdir()
    return made


def in_this_process(case):
    """How the case ends; a process of its own would take seconds to start."""

    def too_late(number, frame):
        raise TimeoutError

    def begins_runs(*arguments, **options):
        raise SystemExit(0)

    signal.signal(signal.SIGALRM, too_late)
    out, err = Until(io.BytesIO(), case.until), io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    status, in_time = 0, True
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        patch.setattr(subprocess, "Popen", begins_runs)
        patch.setattr(tempfile, "tempdir", None)
        patch.setattr(warnings, "showwarning", warnings.showwarning)  # which commands replace
        for name, value in case.environment.items():
            patch.setenv(name, value)
        patch.chdir(case.folder / "work")
        signal.alarm(SECONDS)
        try:
            case.run()
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else int(bool(end.code))
            err.write(f"{end.code}\n" if isinstance(end.code, str) else "")
        except TimeoutError:
            in_time = False
        except Exception:
            status = 1
            traceback.print_exc()
        signal.alarm(0)
    return Ended(status, in_time, out.buffer.getvalue().decode(), err.buffer.getvalue().decode())


MAKERS = {
    "flags": hostile_flags.of_scripts,
    "pictures": hostile_sets.pictures,
    "IDX": hostile_sets.idx,
    "finished run": hostile_runs.finished,
    "records": hostile_runs.records,
}


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("subject", MAKERS)
def test_bad_input_is_refused_in_a_line(subject, seed, healthy, tmp_path, monkeypatch):
    monkeypatch.setattr(images, "IN_MEMORY_LIMIT", images.IN_MEMORY_LIMIT)  # which a case may change
    folder = tmp_path / "case"
    cases.prepare(folder)
    case = MAKERS[subject](healthy, folder, random.Random(f"{subject} {seed}"))
    before = contents(folder)
    ended = in_this_process(case)
    assert fault(case, ended, before, contents(folder)) is None, f"{case.title}: {case.command}"

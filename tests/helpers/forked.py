"""Commands in forks of one process that has imported TensorFlow, and computed nothing: they start at once.

A cold start takes five to ten seconds more. The first run of `test_run.py` has one, and so have most tests that are
marked as slow.
"""

import io
import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from multiprocessing import forkserver
from pathlib import Path
from unittest import mock

# As the scripts set it before they import TensorFlow, which here is imported already.
_KERNELS = {"TF_ENABLE_ONEDNN_OPTS": "1"}
_PRELOADED = ["keras_gen", "keras_gen.callbacks", "keras_gen.metrics", "keras_gen.models", "reproductions.harness.run"]


def run(program, *words, cwd, seconds=300, **options):
    """Does what `python -m MODULE WORDS ...` does, or `python FILE.py WORDS ...`; gives what `subprocess.run` does."""
    with tempfile.TemporaryDirectory() as folder:
        return start(program, *words, cwd=cwd, folder=folder, **options)(seconds)


def start(program, *words, cwd, folder, typed="", **environment):
    """Starts it, with what is typed as its input, and gives what waits for its end; it prints into a folder's files."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    files = [Path(folder, name) for name in ("printed", "complained")]
    with mock.patch.dict(os.environ, _KERNELS):
        forkserver.ensure_running()
    told = str(program), words, cwd, {**os.environ, **_KERNELS, **environment}, typed, files
    process = context.Process(target=_command, args=told)
    process.start()

    def ended(seconds):
        process.join(seconds)
        in_time = process.exitcode is not None
        process.kill()
        process.join()
        printed, complained = (file.read_text(encoding="utf-8") for file in files)
        assert in_time, printed + complained
        return subprocess.CompletedProcess([program, *words], process.exitcode, printed, complained)

    return ended


def _command(program, words, cwd, environment, typed, files):
    """What the fork does."""
    for number, file in enumerate(files, start=1):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), number)
    sys.stdout, sys.stderr = (os.fdopen(n, "w", buffering=1, encoding="utf-8", closefd=False) for n in (1, 2))
    sys.stdin = io.StringIO(typed)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    sys.argv[1:] = words
    if program.endswith(".py"):
        sys.argv[0] = program
        runpy.run_path(program, run_name="__main__")
    else:
        runpy.run_module(program, run_name="__main__", alter_sys=True)

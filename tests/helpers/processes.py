"""Programs in Python processes of their own."""

import os
import subprocess
import sys
from pathlib import Path

import keras_gen

TESTS = Path(__file__).parents[1]
PROGRAMS = TESTS / "helpers" / "programs"
SECONDS = 240  # far above what most of them take; a process that hangs is stopped


def start(program, *arguments, flags=(), **environment):
    """Starts a program of `programs`, which can import keras_gen and helpers and sees one CPU device."""
    importable = os.pathsep.join([str(Path(keras_gen.__file__).parents[1]), str(TESTS)])
    return subprocess.Popen(
        [sys.executable, *flags, PROGRAMS / program, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": importable, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(*processes, seconds=SECONDS):
    """Waits for them; one that fails or hangs ends them all and shows what it printed."""
    try:
        for process in processes:
            output, _ = process.communicate(timeout=seconds)
            assert process.returncode == 0, output
    finally:
        for process in processes:
            process.kill()
            process.wait()


def run(program, *arguments, **options):
    finish(start(program, *arguments, **options))

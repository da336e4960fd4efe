import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from helpers import forked
from reproductions import wgan_div
from reproductions.__main__ import main
from reproductions.harness import jobs, study_needs, study_run

ROOT = Path(__file__).parents[2]


@pytest.fixture
def eager_steps():
    """Not here: runs have the graphs that users' runs have, and steps enough to be worth them."""


@pytest.fixture
def script():
    """Runs `python -m reproductions.NAME FLAGS ...` and gives its exit status and what it printed."""
    return lambda name, *flags: forked.run(f"reproductions.{name}", *flags, cwd=ROOT)


@pytest.fixture(scope="session")
def smoke_run(tmp_path_factory):
    """A finished run of the smoke preset, and what it printed; the processes that run tests share one."""
    shared = tmp_path_factory.getbasetemp()
    shared = shared.parent if "PYTEST_XDIST_WORKER" in os.environ else shared
    folder, printed = shared / "smoke" / "run", shared / "smoke" / "printed"
    with FileLock(shared / "smoke.lock"):
        if not printed.exists():
            command = [sys.executable, "-m", "reproductions.wgan_div", "--preset=smoke", "--deterministic"]
            words = [*command, f"--output_dir={folder}"]
            done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, check=True)
            printed.write_text(done.stdout, encoding="utf-8")
    return folder, printed.read_text(encoding="utf-8")


@pytest.fixture
def launched():
    """Does in this process what `python -m reproductions NAME FLAGS ...` does; gives what it exits with."""

    def launch_in_process(name, *given):
        try:
            main([name, *given])
        except SystemExit as ended:
            return ended.code
        return 0

    return launch_in_process


@pytest.fixture
def jobs_in_process(monkeypatch):
    """Runs of studies are made in this process, one after another; gives their titles as they are made."""
    made = []

    def perform(todo, at_once, ended):
        for job in todo:
            made.append(job.title)
            _, _, module, *words = job.command
            try:
                if module == study_run.__name__:
                    study_run.main(words)
                else:
                    main([module.removeprefix("reproductions."), *words])
                status = 0
            except SystemExit as end:
                print(end.code)
                status = 1
            ended(job, status)

    monkeypatch.setattr(jobs, "perform", perform)
    monkeypatch.setattr(study_needs, "checked_aside", study_needs.check)
    return made


@pytest.fixture
def configuration():
    """Makes WGAN-div's configuration of a preset, with some values changed."""

    def make(preset="smoke", **changes):
        return wgan_div.PRESETS[preset].replace(changes)

    return make


@pytest.fixture
def reproduction_of():
    """The reproduction of a script."""
    return lambda name: importlib.import_module(f"reproductions.{name}").REPRODUCTION

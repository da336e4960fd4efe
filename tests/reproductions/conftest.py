import contextlib
import importlib
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from absl.flags import FLAGS

from reproductions import wgan_div
from reproductions.harness import flags as script_flags
from reproductions.harness import launch
from reproductions.harness.flags import SHARED_DEFAULTS

ROOT = Path(__file__).parents[2]


@pytest.fixture
def script():
    """Runs `python -m reproductions.NAME FLAGS ...` and gives its exit status and what it printed."""

    def run(name, *flags, **environment):
        return subprocess.run(
            [sys.executable, "-m", f"reproductions.{name}", *flags],
            capture_output=True,
            text=True,
            cwd=ROOT,
            env=environment or None,
            timeout=300,
        )

    return run


@pytest.fixture(scope="session")
def smoke_run(tmp_path_factory):
    """A finished run of the smoke preset, and what it printed."""
    folder = tmp_path_factory.mktemp("smoke") / "run"
    command = [sys.executable, "-m", "reproductions.wgan_div", "--preset=smoke", "--deterministic"]
    done = subprocess.run([*command, f"--output_dir={folder}"], capture_output=True, text=True, cwd=ROOT, check=True)
    return folder, done.stdout


@pytest.fixture
def launched(monkeypatch):
    """Does in this process what `python -m reproductions.NAME FLAGS ...` does; gives what it exits with."""

    def launch_in_process(name, *given):
        module = importlib.import_module(f"reproductions.{name}")
        monkeypatch.setattr(sys, "argv", [f"reproductions/{name}.py", *given])
        with _no_flags_of_scripts(), pytest.raises(SystemExit) as ended:
            module.main() if name == "sample" else launch.launch(module.REPRODUCTION)
        return ended.value.code

    return launch_in_process


@contextlib.contextmanager
def _no_flags_of_scripts():
    """Takes the flags that scripts have defined aside: every script defines its own, once a process."""

    def take():
        names = [name for name in FLAGS if "reproductions" in FLAGS.find_module_defining_flag(name, "reproductions")]
        taken = {name: FLAGS[name] for name in names}
        FLAGS.remove_flag_values(names)
        return taken

    aside = take()
    try:
        yield
    finally:
        take()
        for name, flag in aside.items():
            FLAGS[name] = flag


@pytest.fixture
def configuration():
    """Makes WGAN-div's configuration of a preset, with some flags changed."""

    def make(preset="smoke", **changes):
        return SimpleNamespace(**SHARED_DEFAULTS | wgan_div.PRESETS[preset] | changes)

    return make


@pytest.fixture(scope="session")
def defined_flags():
    """Defines the flags of WGAN-div's script in this process, which can be done once."""
    script_flags.define_shared()
    wgan_div.define_flags()

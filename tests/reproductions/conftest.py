import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from reproductions import wgan_div
from reproductions.harness import flags as script_flags
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

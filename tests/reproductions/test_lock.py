"""One process at a time in the folder of a run."""

import subprocess
import sys

import pytest

from reproductions import wgan_div
from reproductions.harness import run
from reproductions.harness.errors import UsageError
from reproductions.harness.lock import locked
from reproductions.harness.options import as_flags
from reproductions.harness.run_directory import RunDirectory

# A process that takes the lock as any other process on this machine would.
HOLD = """
import fcntl, sys, time
file = open(sys.argv[1], "a")
fcntl.flock(file, fcntl.LOCK_EX)
open(sys.argv[1] + "_holder", "w").write("process 7 on another")
print("held", flush=True)
time.sleep(600)
"""


@pytest.fixture
def holder(tmp_path):
    command = [sys.executable, "-c", HOLD, tmp_path / ".lock"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_process_is_refused_and_told_who_is_there_until_a_kill(holder, tmp_path):
    with pytest.raises(UsageError, match="--output_dir=.* is in use by process 7 on another; wait for it to end"):
        locked(tmp_path, "--output_dir").__enter__()
    assert (tmp_path / ".lock_holder").read_text() == "process 7 on another"
    holder.kill()
    holder.wait()
    with locked(tmp_path, "--output_dir"):
        assert (tmp_path / ".lock_holder").read_text().startswith("process ")


@pytest.mark.slow
def test_two_runs_in_one_folder(configuration, tmp_path):
    with RunDirectory(tmp_path / "run").claimed(as_flags(configuration())):
        before = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}
        with pytest.raises(UsageError, match=f"--output_dir={tmp_path / 'run'} is in use by process"):
            run.perform(wgan_div.REPRODUCTION, configuration(), tmp_path / "run", strategy_name="single")
        assert {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()} == before


def test_a_folder_is_let_go_at_the_end_and_cleared_of_what_a_kill_left(configuration, tmp_path):
    directory = RunDirectory(tmp_path / "run")
    left_over = [tmp_path / "run" / ".writing-a", tmp_path / "run" / "checkpoints" / ".writing-b"]
    for path in left_over:  # a process killed before it had written flags.json leaves no more than these
        path.mkdir(parents=True)
    (tmp_path / "run" / "checkpoints").rename(tmp_path / "checkpoints")
    directory.check(as_flags(configuration()))
    with directory.claimed(as_flags(configuration())):
        (tmp_path / "checkpoints").rename(tmp_path / "run" / "checkpoints")
    with directory.claimed(as_flags(configuration())):
        assert not any(path.exists() for path in left_over)
        assert directory.flags.exists()


def test_a_file_system_without_locks_is_warned_of(tmp_path, monkeypatch, caplog):
    def refuse(file, operation):
        raise OSError(37, "No locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    with locked(tmp_path, "--output_dir"):
        pass
    assert "cannot be locked (No locks available): start no second run there" in caplog.text

"""Processes several at a time: their cores, their ends, and what stops them."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from reproductions.harness import jobs, signals

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def handlers():
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has its background jobs ignore it
    signals.install()
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
    signals._state.arrived = None


def job(title, program, *arguments):
    return jobs.Job(title, Path(title), (sys.executable, "-c", program, *map(str, arguments)))


def perform(todo, at_once):
    ended = []
    jobs.perform(todo, at_once, lambda job, status: ended.append((job.title, status)))
    return ended


WAIT_FOR = """
import sys, time
from pathlib import Path
mine, other = map(Path, sys.argv[1:])
mine.touch()
while not other.exists():
    time.sleep(0.01)
"""


def test_so_many_run_at_a_time_and_one_that_ends_makes_room(tmp_path):
    """Three jobs, two at a time: one waits for the third, which the end of another lets begin."""
    waiting = job("waits for the third", WAIT_FOR, tmp_path / "first", tmp_path / "third")
    todo = [waiting, job("short", ""), job("third", WAIT_FOR, tmp_path / "third", tmp_path / "first")]
    ended = perform(todo, 2)
    assert ended[0] == ("short", 0) and sorted(ended) == [("short", 0), ("third", 0), ("waits for the third", 0)]


def test_one_that_fails_leaves_the_others_alone(capsys):
    ended = perform([job("bad", "import sys; sys.exit('no')"), job("good", "print('yes')")], 2)
    assert sorted(ended) == [("bad", 1), ("good", 0)]
    printed = capsys.readouterr().out
    assert "[bad] no" in printed and "[good] yes" in printed


def test_one_at_a_time_they_run_in_their_order(capfd):
    ended = perform([job(title, f"print('{title} itself')") for title in "abc"], 1)
    assert ended == [("a", 0), ("b", 0), ("c", 0)]
    assert [line for line in capfd.readouterr().out.splitlines() if "itself" in line] == [
        "a itself",
        "b itself",
        "c itself",
    ]


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system does not pin processes")
def test_each_has_its_share_of_the_cores(capsys):
    cores = os.sched_getaffinity(0)
    perform([job(str(i), "import os; print(sorted(os.sched_getaffinity(0)))") for i in range(2)], 2)
    printed = capsys.readouterr().out
    for place in range(2):
        assert f"[{place}] {sorted(jobs.share_of_cores(place, 2, cores))}" in printed
    assert os.sched_getaffinity(0) == cores


def test_shares_are_disjoint_and_leave_no_core_idle():
    cores = {0, 1, 2, 5, 7}
    shares = [jobs.share_of_cores(place, 3, cores) for place in range(3)]
    assert set.union(*shares) == cores and sum(map(len, shares)) == len(cores)
    assert [jobs.share_of_cores(place, 3, {4, 6}) for place in range(3)] == [{4}, {6}, {4}]


# Writes its checkpoint when it is asked to stop, and says when it can be asked.
STOPPABLE = """
import signal, sys, time
from pathlib import Path
folder = Path(sys.argv[1])
def stop(number, frame):
    time.sleep(0.3)
    folder.with_suffix(".checkpoint").touch()
    sys.exit(143)
signal.signal(signal.SIGTERM, stop)
folder.with_suffix(".ready").touch()
time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("at_once", [1, 2])
def test_an_interruption_stops_all_and_waits_for_their_checkpoints(tmp_path, number, at_once):
    todo = [job(str(i), STOPPABLE, tmp_path / str(i)) for i in range(3)]

    def interrupt():
        while len(list(tmp_path.glob("*.ready"))) < at_once:
            time.sleep(0.01)
        os.kill(os.getpid(), number)

    threading.Thread(target=interrupt).start()
    ended = []
    with pytest.raises(KeyboardInterrupt):
        jobs.perform(todo, at_once, lambda job, status: ended.append((job.title, status)))
    assert sorted(ended) == [(str(i), 143) for i in range(at_once)]  # the others were not begun
    assert sorted(path.stem for path in tmp_path.glob("*.checkpoint")) == [str(i) for i in range(at_once)]
    assert signals.exit_status() == 128 + number


def test_an_error_stops_the_others(tmp_path):
    todo = [job("long", STOPPABLE, tmp_path / "long"), job("short", "")]

    def fail(job, status):
        while not (tmp_path / "long.ready").exists():
            time.sleep(0.01)
        raise ValueError(job.title)

    with pytest.raises(ValueError, match="short"):
        jobs.perform(todo, 2, fail)
    assert (tmp_path / "long.checkpoint").exists()


@pytest.mark.slow
def test_a_study_of_two_jobs_that_is_stopped_continues_where_its_runs_were(tmp_path):
    """SIGTERM to the study alone, while both runs train: both write a checkpoint, and the same command ends them."""
    command = [sys.executable, "-m", "reproductions", "wgan_div", "--study=power", "--preset=smoke", "--seeds=0"]
    command += ["--variant=p = 2", "--variant=p = 6", "--jobs=2", f"--output_dir={tmp_path}"]
    steps = ["--steps=20000", "--log_every=20", "--checkpoint_every=20000"]
    steps += ["--evaluate_every=20000", "--sample_every=20000"]
    study = subprocess.Popen([*command, *steps], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def tables():
        return [table for table in tmp_path.rglob("metrics.csv") if table.read_text().count("\n") > 2]

    while len(tables()) < 2:
        assert study.poll() is None, study.stderr.read()
        time.sleep(0.1)
    study.terminate()
    complaint = study.communicate(timeout=60)[1]
    assert study.returncode == 143 and complaint.splitlines()[-1] == "interrupted; rerun the command to resume"
    checkpoints = [list((table.parent / "checkpoints").glob("step_*.weights.h5")) for table in tables()]
    assert [len(found) for found in checkpoints] == [1, 1]
    # Each had come to a step of its own, and nothing of it is lost.
    for table, (checkpoint,) in zip(tables(), checkpoints, strict=True):
        reached = int(checkpoint.name.removeprefix("step_").partition(".")[0])
        assert reached >= 20 * (table.read_text().count("\n") - 1)

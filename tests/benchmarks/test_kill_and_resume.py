import json
import random
import shutil
import subprocess
import sys
import time
import zipfile

import h5py
import pytest

from benchmarks import kill_and_resume
from benchmarks.kills import job, killing
from benchmarks.kills.comparison import differences, hash_of_all
from keras_gen.utils import MemoryFile
from reproductions import wgan_div
from reproductions.harness import launch, making


def write_model(run, weight):
    memory = MemoryFile("model.weights.h5")
    with h5py.File(memory, "w") as file:
        file["layers/dense/vars/0"] = [weight, 2.0]
    with zipfile.ZipFile(run / "model.keras", "w") as archive:
        archive.writestr("model.weights.h5", memory.getvalue())


def write_run(run, seconds=(0.5, 0.9), finished="2018-11-07"):
    (run / "samples").mkdir(parents=True)
    (run / "flags.json").write_text('{"steps": 10}')
    write_model(run, 1.0)
    (run / "metrics.csv").write_text(f"step,seconds,loss\n5,{seconds[0]},0.25\n10,{seconds[1]},0.125\n")
    (run / "samples" / "step_00000010.png").write_bytes(b"picture")
    (run / "results.json").write_text(json.dumps({"finished": finished, "metrics": {"seconds": seconds, "loss": 0}}))


@pytest.fixture
def runs(tmp_path):
    """Two finished runs that differ in times alone."""
    straight, killed = tmp_path / "straight", tmp_path / "killed"
    write_run(straight)
    write_run(killed, seconds=(0.7, 1.9), finished="2018-11-08")
    return straight, killed


def test_the_study_that_is_killed_is_one_of_the_script():
    command, changes = launch.given(kill_and_resume.STUDY, wgan_div.Configuration)
    assert changes == {}
    assert set(command.variant) <= wgan_div.REPRODUCTION.studies[command.study].variants.keys()


def test_the_runs_of_that_study_are_found(tmp_path):
    command, changes = launch.given([*kill_and_resume.STUDY, f"--output_dir={tmp_path}"], wgan_div.Configuration)
    made = making.Making.planned(wgan_div.REPRODUCTION, command.study, command, changes, None)
    folders = [made.directory(run).path for run in made.plan]
    for folder in folders:
        write_run(folder)
    assert len(folders) == 4 and job.run_folders(tmp_path) == sorted(folders)


def test_times_alone_make_no_difference(runs):
    assert differences(*runs) == []


def test_everything_else_does(runs):
    _, killed = runs
    write_model(killed, 1.0000001)
    (killed / "metrics.csv").write_text("step,seconds,loss\n5,0.7,0.25\n5,0.7,0.26\n")
    (killed / "samples" / "step_00000010.png").rename(killed / "samples" / "step_00000005.png")
    (killed / "results.json").write_text(json.dumps({"metrics": {"loss": 1}}))
    (killed / "checkpoints" / ".writing-a").mkdir(parents=True)
    assert differences(*runs) == [
        "model.keras: other weights",
        "metrics.csv: step 5 stands there 2 times",
        "metrics.csv: no step 10",
        "metrics.csv: another row of step 5",
        "samples/step_00000005.png: another picture",
        "samples/step_00000010.png: missing",
        "results.json: other results",
        "checkpoints/.writing-a: left over",
    ]


def test_a_study_is_compared_run_by_run(tmp_path):
    straight, killed = tmp_path / "straight", tmp_path / "killed"
    for name in ("seed=0", "seed=1"):
        write_run(straight / name)
    (straight / "power.json").write_text('{"runs": [{"seconds": 1, "steps": 10}]}')
    shutil.copytree(straight, killed)
    (killed / "power.json").write_text('{"runs": [{"seconds": 2, "steps": 10}]}')
    assert differences(straight, killed) == []
    assert hash_of_all(straight) == hash_of_all(killed) != hash_of_all(straight / "seed=0")

    write_model(killed / "seed=1", 0.0)
    shutil.move(killed / "seed=0", killed / "seed=2")
    (killed / "power.json").write_text('{"runs": [{"seconds": 2, "steps": 9}]}')
    assert differences(straight, killed) == [
        "seed=0: missing",
        "seed=2: made in addition",
        "seed=1: model.keras: other weights",
        "power.json: another record",
    ]
    assert hash_of_all(straight) != hash_of_all(killed)


def test_each_kill_finds_steps_before_it():
    of_script = ["--preset=smoke", "--steps=100", "--deterministic"]
    command = kill_and_resume.command("run", "f_gan", 4, ["--seed=3"])
    assert command[1:] == ["-m", "reproductions.f_gan", *of_script, "--seed=3"]
    assert {"--steps=50", "--study=power", "--jobs=2"} <= set(kill_and_resume.command("study", "wgan_div", 4, []))


def test_kills_come_in_turn_and_the_last_at_the_end():
    chosen = killing.moments(4, training=10.0, finishing=6.0)
    assert [moment.name for moment in chosen] == [
        "while a checkpoint was written",
        "in training",
        "while a checkpoint was written",
        "while it finished",
    ]
    assert [moment.seconds for moment in chosen] == [0.0, 2.0, 0.0, 3.0]


def python(program):
    return [sys.executable, "-c", program]


STARTS_ANOTHER = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {}, *sys.argv[1:]]); {}"
SLEEPS = "import time; time.sleep(600)"


def test_no_process_of_a_study_survives(tmp_path):
    """Its runs, which are processes that outlive it, among them; and none of another folder is touched."""
    killed = job.StudyJob(python(STARTS_ANOTHER.format(repr(SLEEPS), "time.sleep(600)")), tmp_path / "study")
    other = job.Job(python(SLEEPS), tmp_path / "other")
    assert killed.wait_for(lambda: len(job.processes_of(tmp_path / "study")) == 2)
    assert killed.kill(random.Random(0)) is None
    deadline = time.monotonic() + 10
    while job.processes_of(tmp_path / "study") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert job.processes_of(tmp_path / "study") == [] and not other.ended()
    other.kill(random.Random(0))
    assert other.ended()


NOTICES = "import time; time.sleep(0.1); raise SystemExit('{}')"


@pytest.mark.parametrize(
    ("program", "patience", "complaint"),
    [
        (NOTICES.format("error: worker 1 stopped; start all workers again"), 60.0, None),
        (NOTICES.format("Traceback"), 60.0, "worker {} ended with status 1: Traceback"),
        (SLEEPS, 0.1, "worker {} did not end in 0 s after worker {} was killed"),
    ],
)
def test_the_worker_that_is_left_must_end_by_itself(program, patience, complaint, monkeypatch, tmp_path):
    monkeypatch.setattr(job, "PATIENCE", patience)
    found = job.WorkersJob(python(program), tmp_path / "run")
    said = found.kill(random.Random(0))
    assert said == (complaint and complaint.format(0, 1)) or said == (complaint and complaint.format(1, 0))
    assert all(process.poll() is not None for process in found.processes)


def test_a_command_that_fails_by_itself_ends_the_benchmark(tmp_path):
    with pytest.raises(SystemExit, match="it is full"):
        job.Job(python("print('it is full'); raise SystemExit(1)"), tmp_path / "run").end()


def test_kills_that_come_too_late_are_counted(tmp_path):
    came, wrong = killing.killed_run(
        lambda folder: job.Job(python(""), folder), tmp_path / "run", killing.moments(2, 0, 0), 0
    )
    assert came == {"too late": 2} and wrong == []


def test_it_refuses_a_folder_that_holds_runs(tmp_path):
    (tmp_path / "wgan_div").mkdir()
    command = [sys.executable, "-m", "benchmarks.kill_and_resume", f"--folder={tmp_path}"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1 and "already exists; give a new folder" in done.stderr

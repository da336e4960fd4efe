import json
import shutil
import zipfile

import h5py
import pytest

from benchmarks import kill_and_resume
from keras_gen.utils import MemoryFile


def write_model(run, weight):
    memory = MemoryFile("model.weights.h5")
    with h5py.File(memory, "w") as file:
        file["layers/dense/vars/0"] = [weight, 2.0]
    with zipfile.ZipFile(run / "model.keras", "w") as archive:
        archive.writestr("model.weights.h5", memory.getvalue())


@pytest.fixture
def runs(tmp_path):
    """Two finished runs that differ in times alone."""
    straight, killed = tmp_path / "straight", tmp_path / "killed"
    (straight / "samples").mkdir(parents=True)
    write_model(straight, 1.0)
    (straight / "metrics.csv").write_text("step,seconds,loss\n5,0.5,0.25\n10,0.9,0.125\n")
    (straight / "samples" / "step_00000010.png").write_bytes(b"picture")
    (straight / "results.json").write_text(json.dumps({"finished": "2018-11-07", "metrics": {"seconds": 1, "loss": 0}}))
    shutil.copytree(straight, killed)
    (killed / "metrics.csv").write_text("step,seconds,loss\n5,0.7,0.25\n10,1.9,0.125\n")
    (killed / "results.json").write_text(json.dumps({"finished": "2018-11-08", "metrics": {"seconds": 2, "loss": 0}}))
    return straight, killed


def test_times_alone_make_no_difference(runs):
    assert kill_and_resume.differences(*runs) == []


def test_everything_else_does(runs):
    _, killed = runs
    write_model(killed, 1.0000001)
    (killed / "metrics.csv").write_text("step,seconds,loss\n5,0.7,0.25\n5,0.7,0.26\n")
    (killed / "samples" / "step_00000010.png").rename(killed / "samples" / "step_00000005.png")
    (killed / "results.json").write_text(json.dumps({"metrics": {"loss": 1}}))
    (killed / "checkpoints" / ".writing-a").mkdir(parents=True)
    assert kill_and_resume.differences(*runs) == [
        "model.keras: other weights",
        "metrics.csv: step 5 stands there 2 times",
        "metrics.csv: no step 10",
        "metrics.csv: another row of step 5",
        "samples/step_00000005.png: another picture",
        "samples/step_00000010.png: missing",
        "results.json: other results",
        "checkpoints/.writing-a: left over",
    ]


def test_each_kill_finds_steps_before_it():
    of_script = ["--preset=smoke", "--steps=100", "--deterministic", "--seed=3"]
    assert kill_and_resume.command("f_gan", 4, ["--seed=3"])[1:] == ["-m", "reproductions.f_gan", *of_script]


def test_kills_come_in_turn_and_the_last_at_the_end():
    chosen = kill_and_resume.moments(4, training=10.0, finishing=6.0)
    assert [moment.name for moment in chosen] == [
        "while a checkpoint was written",
        "in training",
        "while a checkpoint was written",
        "while it finished",
    ]
    assert [moment.seconds for moment in chosen] == [0.0, 2.0, 0.0, 3.0]

"""A run on two worker processes: the same as on one, written by the chief, and safe when a worker is killed."""

import csv
import os
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gen.models  # noqa: F401 (with which the saved models load)
from helpers import forked
from reproductions.harness.failures import guarded
from reproductions.harness.workers import loopback_cluster, lost_worker

ROOT = Path(__file__).parents[2]
SECONDS = 900  # far above what any of them takes; a process that hangs is stopped


class Job:
    """Two workers that make one run, each with the command's flags and flags of its own."""

    def __init__(self, configs, *flags, each=((), ())):
        command = [sys.executable, "-m", "reproductions.wgan_div", "--preset=smoke", "--deterministic", *flags]
        self.workers = [
            subprocess.Popen(
                [*command, *own],
                env=dict(os.environ, TF_CONFIG=config),
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for config, own in zip(configs, each, strict=True)
        ]

    def complaints(self, seconds=SECONDS):
        """Waits for both; exit status and complaint of each. What they printed is in `printed`."""
        try:
            said = [worker.communicate(timeout=seconds) for worker in self.workers]
        finally:
            for worker in self.workers:
                worker.kill()
        self.printed = [printed for printed, _ in said]
        return [(worker.returncode, complaint) for worker, (_, complaint) in zip(self.workers, said, strict=True)]


def rows(path):
    """The rows of a table but for the time that they took."""
    with open(path, newline="") as file:
        return [{name: value for name, value in row.items() if name != "seconds"} for row in csv.DictReader(file)]


def weights(folder):
    return [np.asarray(weight) for weight in keras.models.load_model(folder / "model.keras").weights]


@pytest.mark.slow
def test_two_workers_make_the_same_run_and_the_chief_alone_writes(smoke_run, tmp_path):
    alone, _ = smoke_run
    chiefs, others = tmp_path / "chiefs", tmp_path / "others"
    each = [[f"--output_dir={folder}"] for folder in (chiefs, others)]
    job = Job(loopback_cluster(2), each=each)
    for status, complaint in job.complaints():
        assert status == 0, complaint
    assert not others.exists()
    assert ["step 20/20" in printed for printed in job.printed] == [True, False]
    assert "This is worker 1 of 2 workers, which writes and shows nothing" in job.printed[1]
    assert [row["step"] for row in rows(chiefs / "metrics.csv")] == ["5", "10", "15", "20"]
    assert {path.name for path in chiefs.iterdir()} == {path.name for path in alone.iterdir()}
    for expected, found in zip(weights(alone), weights(chiefs), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.slow
def test_two_workers_give_each_image_its_own_label(tmp_path):
    flags = ["--num_classes=10", "--steps=10"]
    one, two = tmp_path / "one", tmp_path / "two"
    command = [sys.executable, "-m", "reproductions.wgan_div", "--preset=smoke", "--deterministic", *flags]
    subprocess.run([*command, f"--output_dir={one}"], capture_output=True, cwd=ROOT, check=True)
    for status, complaint in Job(loopback_cluster(2), *flags, f"--output_dir={two}").complaints():
        assert status == 0, complaint
    for expected, found in zip(weights(one), weights(two), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.slow
def test_workers_with_different_flags(tmp_path):
    workers = []
    for config, width in zip(loopback_cluster(2), (8, 16), strict=True):
        flags = ["--preset=smoke", "--deterministic", f"--output_dir={tmp_path / 'run'}", f"--width={width}"]
        folder = tmp_path / str(width)
        folder.mkdir()
        workers.append(forked.start("reproductions.wgan_div", *flags, cwd=ROOT, folder=folder, TF_CONFIG=config))
    for ended in workers:
        done = ended(SECONDS)
        assert done.returncode == 1
        assert done.stderr == "error: the workers were given different flags; start all of them with the same command\n"
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "message, worker",
    [
        # as TensorFlow wrote them when worker 1 and when worker 0, the chief, was killed
        (
            "Collective ops is aborted by: Error reported from /job:worker/task:1: The following tasks are unhealthy "
            "(stopped sending heartbeats):\n/job:worker/replica:0/task:1\nThe tasks have crashed.",
            "worker 1",
        ),
        (
            "Collective ops is aborted by: recvmsg:Connection reset by peer\nAdditional GRPC error information from "
            "remote target /job:worker/replica:0/task:0 while calling /tensorflow.WorkerService/RecvBuf:",
            "worker 0",
        ),
        (
            "{{function_node __wrapped__CollectiveReduceV2_device_/job:worker/replica:0/task:2/device:CPU:0}} "
            "Collective ops is aborted by: from remote target /job:worker/replica:0/task:0 while calling RecvBuf:",
            "worker 0",
        ),
        ("Collective ops is aborted by: something else", "a worker"),
    ],
)
def test_the_lost_worker_is_named(message, worker, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", loopback_cluster(3)[2])
    assert lost_worker(message) == worker


@pytest.mark.parametrize("workers, ending", [(2, SystemExit), (1, tf.errors.AbortedError)])
def test_no_worker_is_lost_where_there_is_but_one(workers, ending, monkeypatch):
    def fail():
        raise tf.errors.AbortedError(None, None, "The following tasks are unhealthy:\n/job:worker/replica:0/task:1")

    monkeypatch.setenv("TF_CONFIG", loopback_cluster(workers)[0])
    with pytest.raises(ending, match="worker"):
        guarded(fail)


@pytest.mark.slow
def test_workers_with_folders_of_their_own(tmp_path):
    each = [[f"--output_dir={tmp_path / str(index)}"] for index in range(2)]
    for status, complaint in Job(loopback_cluster(2), each=each).complaints():
        assert status == 0, complaint
    (tmp_path / "0" / "results.json").unlink()
    for status, complaint in Job(loopback_cluster(2), each=each).complaints():
        assert status == 1
        assert complaint.startswith("error: --output_dir: the workers found checkpoints of steps 20, 0;")


@pytest.mark.slow
@pytest.mark.parametrize("victim", [0, 1], ids=["chief", "other"])
def test_a_killed_worker(victim, tmp_path):
    """The other one stops within a minute, with a line; and the job continues to the same bits."""
    straight, killed = (tmp_path / name for name in ("straight", "killed"))
    flags = ["--steps=60", "--evaluate_every=30", "--sample_every=30"]
    for status, complaint in Job(loopback_cluster(2), *flags, f"--output_dir={straight}").complaints():
        assert status == 0, complaint

    job = Job(loopback_cluster(2), *flags, f"--output_dir={killed}")
    while not (killed / "metrics.csv").exists() or len(rows(killed / "metrics.csv")) < 3:
        assert job.workers[victim].poll() is None
        time.sleep(0.1)
    job.workers[victim].kill()
    status, complaint = job.complaints(seconds=60)[1 - victim]
    assert status == 1
    assert complaint.startswith(f"error: worker {victim} stopped; start all workers again")
    assert complaint.count("\n") == 1

    for status, complaint in Job(loopback_cluster(2), *flags, f"--output_dir={killed}").complaints():
        assert status == 0, complaint
    for expected, found in zip(weights(straight), weights(killed), strict=True):
        np.testing.assert_array_equal(found, expected)
    for table in ("metrics.csv", "evaluations.csv"):
        assert rows(killed / table) == rows(straight / table)

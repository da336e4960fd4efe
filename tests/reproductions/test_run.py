import contextlib
import csv
import dataclasses
import json
import sys
from functools import partial
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from benchmarks import kill_and_resume
from benchmarks.kills import killing
from benchmarks.kills.comparison import differences
from benchmarks.kills.job import Job
from helpers import forked
from keras_gen import datasets
from reproductions import wgan_div
from reproductions.harness import run, study_needs

ROOT = Path(__file__).parents[2]


def read_rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def both_weights(one, other):
    models = [keras.models.load_model(folder / "model.keras") for folder in (one, other)]
    return zip(*([np.asarray(weight) for weight in model.weights] for model in models), strict=True)


def test_a_run_leaves_everything_in_its_folder(smoke_run):
    folder, printed = smoke_run
    names = {path.name for path in folder.iterdir()}
    assert names == {
        ".lock",
        ".lock_holder",
        "flags.json",
        "metrics.csv",
        "evaluations.csv",
        "measure.json",
        "results.json",
        "samples",
        "tensorboard",
        "checkpoints",
        "model.keras",
        "saved_model",
        "index.html",
        "training.gif",
        "interpolation.gif",
    }
    assert [row["step"] for row in read_rows(folder / "metrics.csv")] == ["5", "10", "15", "20"]
    assert [row["step"] for row in read_rows(folder / "evaluations.csv")] == ["10", "20"]
    assert sorted(path.name for path in (folder / "samples").iterdir()) == ["step_00000010.png", "step_00000020.png"]
    results = json.loads((folder / "results.json").read_text())
    assert results["evaluations"][-1]["num_fake"] == 100  # the preset's evaluation_samples
    assert results["flags"] == json.loads((folder / "flags.json").read_text())
    assert f"python -m reproductions.sample --saved_model={folder / 'saved_model'}" in printed.splitlines()[-1]


def test_a_run_says_what_it_prepares_and_shows_the_last_measure(smoke_run):
    folder, printed = smoke_run
    said = [line for line in printed.splitlines() if line.endswith(" ...") or line.startswith("Training on ")]
    assert said == [
        "Importing TensorFlow ...",
        "Training on the CPU.",
        "Loading digits ...",
        "Building the model ...",
        "Preparing the features that measure samples (a new LeNet is trained once for each data set) ...",
        "Compiling the first step ...",
        "Writing model.keras and saved_model ...",
        "Writing index.html ...",
    ]
    lines = [line for line in printed.splitlines() if line.startswith("step ")]
    shown = {line.split("  ")[0]: line for line in lines if "  " in line}
    assert list(shown) == [f"step {step}/20" for step in (5, 10, 15, 20)]
    first, last = read_rows(folder / "evaluations.csv")
    name, value = list(first.items())[1]
    assert all(shown[f"step {step}/20"].endswith(f"  {name} at 10 {float(value):.4g}") for step in (10, 15))
    assert shown["step 20/20"].endswith(f"  {name} at 20 {float(last[name]):.4g}")
    assert " at " not in shown["step 5/20"]


def test_the_same_command_on_a_finished_run_changes_nothing(smoke_run, script):
    folder, _ = smoke_run
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    done = script("wgan_div", "--preset=smoke", "--deterministic", f"--output_dir={folder}")
    assert done.returncode == 0
    said = [line for line in done.stdout.splitlines() if not line.startswith("... ")]  # again on a slow machine
    assert said[0] == "This run is finished; nothing to do."
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_a_run_takes_no_more_room_than_a_study_says(smoke_run, configuration, tmp_path):
    folder, _ = smoke_run
    taken = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    said = study_needs.check(wgan_div.REPRODUCTION, "sampling", [configuration()], None, tmp_path / "none.json")
    assert said / 4 < taken < said


def test_a_run_that_is_asked_to_stop_continues_there_to_the_same_bits(smoke_run, script, tmp_path):
    straight, _ = smoke_run
    flags = ["--preset=smoke", "--deterministic", f"--output_dir={tmp_path / 'run'}"]
    program = Path(__file__).parent / "programs" / "stopped.py"
    stopped = forked.run(program, *flags, cwd=ROOT)
    assert stopped.returncode == 143
    said, end = stopped.stderr.splitlines()[-2:]
    assert said == "stopping with a checkpoint after this step, picture or measurement; Ctrl-C again stops at once"
    assert end == "interrupted after step 13; rerun the command to resume"
    assert len(read_rows(tmp_path / "run" / "metrics.csv")) == 2  # steps 11 to 15 will share a row

    done = script("wgan_div", *flags)
    assert "Continuing after step 13 of 20." in done.stdout
    assert differences(straight, tmp_path / "run") == []


@pytest.mark.slow
def test_a_run_that_is_killed_continues_to_the_same_bits(smoke_run, tmp_path):
    straight, _ = smoke_run
    command = [sys.executable, "-m", "reproductions.wgan_div", "--preset=smoke", "--deterministic"]
    chosen = killing.moments(1, training=0.0, finishing=0.0)
    came, wrong = killing.killed_run(partial(Job, command), tmp_path / "run", chosen, seed=0)
    assert not wrong and came.total() == 1 and "too late" not in came
    assert differences(straight, tmp_path / "run") == []


@pytest.mark.slow
def test_a_finished_run_that_is_given_more_steps_ends_as_one_of_that_length(smoke_run, script, launched, tmp_path):
    """It ended between two measurements and two pictures: what was made at its end is not made in a longer run."""
    straight, _ = smoke_run
    folder = tmp_path / "run"
    flags = ["--preset=smoke", "--deterministic", f"--output_dir={folder}"]
    assert script("wgan_div", *flags, "--steps=15").returncode == 0
    assert [row["step"] for row in read_rows(folder / "evaluations.csv")] == ["10", "15"]
    before = (folder / "results.json").read_bytes()

    refused = launched("wgan_div", *flags, "--k=3", "--seed=1")
    assert "holds a run with other flags: --k=3.0 (there 2.0), --seed=1 (there 0), --steps=20 (there 15)" in refused
    assert "--steps=10 (there 15)" in launched("wgan_div", *flags, "--steps=10")
    assert (folder / "results.json").read_bytes() == before

    done = script("wgan_div", *flags)
    assert "Continuing after step 15 of 20." in done.stdout
    assert differences(straight, folder) == []
    assert json.loads((folder / "results.json").read_text())["steps"] == 20
    assert sorted(path.name for path in (folder / "samples").iterdir()) == ["step_00000010.png", "step_00000020.png"]


@pytest.mark.slow
@pytest.mark.parametrize("name", kill_and_resume.SCRIPTS)
def test_every_script_survives_three_kills(name, tmp_path):
    start = partial(Job, kill_and_resume.command("run", name, 3, []))
    chosen = killing.moments(3, *killing.straight_run(start, tmp_path / "straight"))
    killing.killed_run(start, tmp_path / "killed", chosen, seed=0)
    assert differences(tmp_path / "straight", tmp_path / "killed") == []


@pytest.mark.slow
def test_a_full_disk_ends_a_run_that_continues_once_there_is_room(configuration, tmp_path, small_files_only):
    class Fill(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if int(self.model.step.numpy()) == 15:
                full.enter_context(small_files_only(20_000))

    filling = dataclasses.replace(wgan_div.REPRODUCTION, callbacks=lambda configuration, train: [Fill()])
    folder = tmp_path / "run"
    with contextlib.ExitStack() as full, pytest.raises(OSError) as error:
        run.perform(filling, configuration(), folder, strategy_name="single")
    assert error.value.filename == str(folder / "checkpoints" / "step_00000020.weights.h5")
    assert [path.name for path in (folder / "checkpoints").iterdir()] == ["step_00000010.weights.h5"]

    run.perform(wgan_div.REPRODUCTION, configuration(), folder, strategy_name="single")
    assert [row["step"] for row in read_rows(folder / "metrics.csv")] == ["5", "10", "15", "20"]
    assert json.loads((folder / "results.json").read_text())["evaluations"][-1]["step"] == 20


@pytest.mark.slow
def test_two_replicas_make_the_same_run(smoke_run, script, tmp_path):
    straight, _ = smoke_run
    flags = ["--preset=smoke", "--deterministic", "--strategy=mirrored", "--cpu_devices=2"]
    assert script("wgan_div", *flags, f"--output_dir={tmp_path / 'run'}").returncode == 0
    # Float32 sums in another order, over 20 steps: the tolerance that the library promises.
    for expected, found in both_weights(straight, tmp_path / "run"):
        np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.slow
def test_the_paper_preset_builds_and_takes_two_steps(configuration, tmp_path):
    photo = datasets.load("photo_patches", image_size=128).to_array(40)
    for i, image in enumerate(photo):
        keras.utils.save_img(tmp_path / f"{i}.png", image)
    paper = configuration(
        "paper",
        dataset=f"folder:{tmp_path}",
        features="lenet",  # the preset's own need weights that not everyone has
        batch_size=4,
        steps=2,
        log_every=1,
        sample_every=2,
        evaluate_every=2,
        checkpoint_every=2,
    )
    run.perform(wgan_div.REPRODUCTION, paper, tmp_path / "run", strategy_name="single")
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert results["steps"] == 2
    assert results["measure"]["features"] is None  # a flat folder has no labels to train a LeNet on
    sheet = tf.io.decode_png((tmp_path / "run" / "samples" / "step_00000002.png").read_bytes())
    assert sheet.shape == (8 * 128 + 7 * 2, 8 * 128 + 7 * 2, 3)

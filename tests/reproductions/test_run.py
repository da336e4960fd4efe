import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from keras_gen import datasets
from reproductions import wgan_div
from reproductions.harness import run

ROOT = Path(__file__).parents[2]


def read_rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def without_seconds(rows):
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


def both_weights(one, other):
    models = [keras.models.load_model(folder / "model.keras") for folder in (one, other)]
    return zip(*([np.asarray(weight) for weight in model.weights] for model in models), strict=True)


def test_a_run_leaves_everything_in_its_folder(smoke_run):
    folder, printed = smoke_run
    names = {path.name for path in folder.iterdir()}
    assert names == {
        "flags.json",
        "metrics.csv",
        "evaluations.csv",
        "results.json",
        "samples",
        "tensorboard",
        "checkpoints",
        "model.keras",
        "saved_model",
    }
    assert [row["step"] for row in read_rows(folder / "metrics.csv")] == ["5", "10", "15", "20"]
    assert [row["step"] for row in read_rows(folder / "evaluations.csv")] == ["10", "20"]
    assert sorted(path.name for path in (folder / "samples").iterdir()) == ["step_00000010.png", "step_00000020.png"]
    results = json.loads((folder / "results.json").read_text())
    assert results["evaluations"][-1]["num_fake"] == 100  # the preset's evaluation_samples
    assert results["flags"] == json.loads((folder / "flags.json").read_text())
    assert f"python -m reproductions.sample --saved_model={folder / 'saved_model'}" in printed.splitlines()[-1]


def test_the_same_command_on_a_finished_run_changes_nothing(smoke_run, script):
    folder, _ = smoke_run
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    done = script("wgan_div", "--preset=smoke", "--deterministic", f"--output_dir={folder}")
    assert done.returncode == 0
    assert done.stdout.startswith("This run is finished; nothing to do.")
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_an_interrupted_run_continues_to_the_same_bits(smoke_run, script, tmp_path):
    straight, _ = smoke_run
    flags = ["--preset=smoke", "--deterministic", f"--output_dir={tmp_path / 'run'}"]
    program = Path(__file__).parent / "programs" / "interrupted.py"
    environment = dict(os.environ, PYTHONPATH=str(ROOT))
    stopped = subprocess.run(
        [sys.executable, str(program), *flags], capture_output=True, text=True, cwd=ROOT, env=environment
    )
    assert stopped.returncode == 1 and "interrupted; the same command continues" in stopped.stderr
    assert len(read_rows(tmp_path / "run" / "metrics.csv")) == 3  # the row of step 15 will be made again

    done = script("wgan_div", *flags)
    assert "Continuing after step 10 of 20." in done.stdout
    for expected, found in both_weights(straight, tmp_path / "run"):
        np.testing.assert_array_equal(expected, found)
    for table in ("metrics.csv", "evaluations.csv"):
        assert without_seconds(read_rows(tmp_path / "run" / table)) == without_seconds(read_rows(straight / table))


def test_two_replicas_make_the_same_run(smoke_run, script, tmp_path):
    straight, _ = smoke_run
    flags = ["--preset=smoke", "--deterministic", "--strategy=mirrored", "--cpu_devices=2"]
    assert script("wgan_div", *flags, f"--output_dir={tmp_path / 'run'}").returncode == 0
    # Float32 sums in another order, over 20 steps: the tolerance that the library promises.
    for expected, found in both_weights(straight, tmp_path / "run"):
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_the_paper_preset_builds_and_takes_two_steps(configuration, tmp_path):
    photo = datasets.load("photo_patches", image_size=128).to_array(40)
    for i, image in enumerate(photo):
        keras.utils.save_img(tmp_path / f"{i}.png", image)
    paper = configuration(
        "paper",
        dataset=f"folder:{tmp_path}",
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
    assert results["measure"]["features"] is None  # a flat folder has no labels
    sheet = tf.io.decode_png((tmp_path / "run" / "samples" / "step_00000002.png").read_bytes())
    assert sheet.shape == (8 * 128 + 7 * 2, 8 * 128 + 7 * 2, 3)

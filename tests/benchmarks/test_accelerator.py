"""Runs that are trained elsewhere: what travels, what comes back, and, where there is a JAX, that it is the same run.

The last needs the interpreter of another environment, which has JAX:

    JAX_PYTHON=/path/to/python pytest -m slow tests/benchmarks/test_accelerator.py
"""

import csv
import io
import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from benchmarks.accelerator import pictures, receive, send, send_steps
from benchmarks.accelerator.parcel import Parcel, ParcelError, description_hash
from benchmarks.accelerator.training_step import training_step, variables_of
from keras_gen.datasets import batch_numbers, batches, load
from keras_gen.datasets.decoding import decode_image
from reproductions import f_vae, vae_mutual_information, wgan_div
from reproductions.harness import launch

ROOT = Path(__file__).parents[2]
STEPS = 20
FLAGS = ("--preset=smoke", f"--steps={STEPS}", "--log_every=5", "--sample_every=20", "--evaluate_every=10")


def test_contents_are_kept_once_and_damage_is_seen(tmp_path):
    parcel = Parcel(tmp_path / "parcel")
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    found_by = parcel.put_array(array)
    assert parcel.put_array(array.copy()) == found_by
    np.testing.assert_array_equal(Parcel(parcel.path).array(found_by), array)
    (path,) = (parcel.path / "contents").iterdir()
    path.write_bytes(path.read_bytes()[:-3] + b"abc")
    with pytest.raises(ParcelError, match="is damaged; copy all of"):
        parcel.array(found_by)
    path.unlink()
    with pytest.raises(ParcelError, match="is missing; copy all of"):
        parcel.array(found_by)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "int64"])
def test_arrays_of_every_type_and_shape_come_back(tmp_path, dtype):
    parcel = Parcel(tmp_path)
    for array in (tf.cast([[1.5, -2.0]], dtype).numpy(), tf.cast(3.0, dtype).numpy()):
        back = parcel.array(parcel.put_array(np.asarray(array)))
        assert back.dtype == array.dtype and back.shape == array.shape
        np.testing.assert_array_equal(back, array)


@pytest.mark.parametrize("channels", [1, 3])
def test_pixels_come_back_bit_for_bit(tmp_path, channels):
    pixels = np.random.default_rng(0).integers(0, 256, (73, 6, 5, channels), dtype=np.uint8)
    parcel = Parcel(tmp_path)
    np.testing.assert_array_equal(pictures.pixels(parcel, pictures.put_pixels(parcel, pixels)), pixels)


def test_files_come_back_as_the_pixels_that_the_data_set_has(tmp_path):
    random, files = np.random.default_rng(0), []
    for _ in range(12):
        memory = io.BytesIO()
        Image.fromarray(random.integers(0, 256, (30, 23, 3), dtype=np.uint8)).save(memory, "JPEG")
        files.append(memory.getvalue())
    pixels = np.stack([decode_image(file, (16, 16, 3)) for file in files])
    parcel = Parcel(tmp_path)
    described = pictures.put_files(parcel, files, pixels)
    np.testing.assert_array_equal(pictures.pixels(parcel, described), pixels)
    # The few that another rounding changes travel beside the files.
    assert len(parcel.array(described["places"])) < 0.001 * pixels.size
    other = {**described, "pixels": "0"}
    with pytest.raises(ParcelError, match="decodes the images to other pixels"):
        pictures.pixels(parcel, other)


def test_batch_numbers_are_those_of_batches():
    images = load("digits", "train")
    numbers = batch_numbers(len(images), 16, seed=3, first_step=200, num_steps=5)
    expected = np.stack(list(batches(images, 16, seed=3, first_step=200, num_steps=5).as_numpy_iterator()))
    np.testing.assert_array_equal(images.to_array()[numbers], expected)


def sent(tmp_path, script, *flags):
    """A run's description in a parcel, and its folder."""
    send.main([str(tmp_path / "parcel"), script, *FLAGS, f"--output_dir={tmp_path / 'run'}", *flags])
    ((name, description),) = Parcel(tmp_path / "parcel").descriptions().items()
    return name, description


def trained_here(tmp_path, name, description, num_steps=STEPS, half=False):
    """What `train` leaves after so many steps, made by TensorFlow from what travelled alone."""
    parcel, results = Parcel(tmp_path / "parcel"), Parcel(tmp_path / "results")
    model = wgan_div.build(wgan_div.Configuration(**description["flags"]), (8, 8, 1), 1)
    variables = variables_of(model)
    for found in description["variables"]:
        variables[found["place"]].assign(parcel.array(found))
    images = pictures.pixels(parcel, description["images"]).astype(np.float32) / np.float32(127.5) - 1
    step, rows, snapshots = tf.function(model.train_step), [], {}

    def put(number):
        values = tf.convert_to_tensor(variables[description["variables"][number]["place"]].value).numpy()
        return results.put_array(values.astype(np.float16) if half and values.dtype == np.float32 else values)

    for i, order in enumerate(parcel.array(description["order"])[:num_steps]):
        if i % 5 == 0:
            model.reset_metrics()
        terms = step(images[order])
        if i % 5 == 4:
            rows.append({"step": i + 1, "seconds": 0.1 * i, **{key: float(value) for key, value in terms.items()}})
        if i + 1 == 10:
            snapshots[10] = [put(number) for number in description["snapshot"]]
    results.describe(
        name,
        {
            "of": description_hash(description),
            "device": "another card",
            "jax": "0",
            "step": num_steps,
            "rows": rows,
            "snapshots": snapshots,
            "variables": [put(number) for number in range(len(description["variables"]))],
        },
    )


def received(tmp_path):
    """Takes the results into the run's folder."""
    receive.main([str(tmp_path / "parcel"), str(tmp_path / "results")])


def rows_of(path):
    """The numbers of a table, without the seconds."""
    with open(path) as file:
        return [{key: float(value) for key, value in row.items() if key != "seconds"} for row in csv.DictReader(file)]


def same_rows(path, other, tolerance):
    """Checks that two tables have the same rows."""
    rows, others = rows_of(path), rows_of(other)
    assert [row["step"] for row in rows] == [row["step"] for row in others]
    for row, expected in zip(rows, others, strict=True):
        assert row == pytest.approx(expected, rel=tolerance, abs=tolerance)


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    """A run that is made here from start to end."""
    folder = tmp_path_factory.mktemp("straight")
    launch.launch(wgan_div.REPRODUCTION, [*FLAGS, f"--output_dir={folder / 'run'}"])
    return folder / "run"


def test_what_was_trained_elsewhere_is_finished_as_the_same_run(tmp_path, straight, capsys):
    trained_here(tmp_path, *sent(tmp_path, "wgan_div"))
    received(tmp_path)
    assert "finish it with: python -m reproductions.wgan_div --preset=smoke" in capsys.readouterr().out
    launch.launch(wgan_div.REPRODUCTION, [*FLAGS, f"--output_dir={tmp_path / 'run'}"])
    # Both are TensorFlow's, one compiled by Keras: rounding alone differs, and twenty steps of Adam let it grow.
    for table in ("metrics.csv", "evaluations.csv"):
        same_rows(tmp_path / "run" / table, straight / table, 1e-3)
    assert sorted(os.listdir(tmp_path / "run" / "samples")) == sorted(os.listdir(straight / "samples"))
    note = {"device": "another card", "from": 0, "to": STEPS, "extendable": True}
    assert json.loads((tmp_path / "run" / "results.json").read_text())["trained_on"] == [note]


def test_what_was_trained_halfway_is_continued_here(tmp_path, straight):
    trained_here(tmp_path, *sent(tmp_path, "wgan_div"), num_steps=10)
    received(tmp_path)
    launch.launch(wgan_div.REPRODUCTION, [*FLAGS, f"--output_dir={tmp_path / 'run'}"])
    same_rows(tmp_path / "run" / "metrics.csv", straight / "metrics.csv", 1e-3)


def error_of(function, *args):
    """The line by which a command ends."""
    with pytest.raises(SystemExit) as ended:
        function(*args)
    return str(ended.value)


def test_receiving_twice_another_parcel_or_a_run_that_went_on(tmp_path, capsys):
    name, description = sent(tmp_path, "wgan_div")
    trained_here(tmp_path, name, description, num_steps=10)
    received(tmp_path)
    received(tmp_path)
    assert f"{name}: {tmp_path / 'run'} has it already" in capsys.readouterr().out
    launch.launch(wgan_div.REPRODUCTION, [*FLAGS, f"--output_dir={tmp_path / 'run'}"])
    Parcel(tmp_path / "parcel").describe(name, {**description, "half": True})
    assert "was trained from another parcel than this" in error_of(received, tmp_path)


def test_without_optimisers_a_run_must_be_at_its_end(tmp_path):
    name, description = sent(tmp_path, "wgan_div", "--nooptimizers")
    trained_here(tmp_path, name, description, num_steps=10)
    results = Parcel(tmp_path / "results")
    result = results.descriptions()[name]
    kinds = [found["kind"] for found in description["variables"]]
    assert kinds.count("optimizer") > 40 and kinds.count("mean") == 8
    result["variables"] = [
        None if kind == "optimizer" else one for kind, one in zip(kinds, result["variables"], strict=True)
    ]
    results.describe(name, result)
    assert "send it with --optimizers" in error_of(received, tmp_path)
    results.describe(name, {**result, "step": STEPS})
    received(tmp_path)
    launch.launch(wgan_div.REPRODUCTION, [*FLAGS, f"--output_dir={tmp_path / 'run'}"])
    longer = [flag.replace(f"={STEPS}", "=40") for flag in FLAGS]
    arguments = [*longer, f"--output_dir={tmp_path / 'run'}"]
    assert "kept its optimisers' state" in error_of(launch.launch, wgan_div.REPRODUCTION, arguments)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "give a folder and a script"),
        (["parcel", "wgan"], "give a folder and a script, one of"),
        (["parcel", "wgan_div", "--stepz=3"], "stepz"),
        (["parcel", "lipschitz", "--study=generalization"], "make them here"),
        (["parcel", "vae_clustering", "--preset=smoke", "--output_dir=run"], "does more than its step; make it here"),
    ],
)
def test_what_cannot_be_sent(tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    assert said in error_of(send.main, words)
    assert not Path("run").exists()


@pytest.mark.parametrize(
    "script", [wgan_div, f_vae, vae_mutual_information], ids=lambda script: script.REPRODUCTION.name
)
def test_a_step_gives_back_every_variable_but_the_learning_rates(script):
    configuration = script.PRESETS["smoke"]
    model = script.build(configuration, (8, 8, 1), 1)
    step = training_step(model, (configuration.batch_size * model.real_batches_per_step, 8, 8, 1))
    rest = [variable.path for i, variable in enumerate(step.variables) if i not in step.written]
    assert all(path.endswith("learning_rate") for path in rest) and rest
    assert len({id(variable) for variable in step.variables}) == len(variables_of(model))
    assert "mhlo." not in step.text and "custom_call" not in step.text


jax_python = os.environ.get("JAX_PYTHON")
needs_jax = pytest.mark.skipif(not jax_python, reason="JAX_PYTHON names no interpreter that has JAX")


def by_jax(module, *words):
    """Runs a command of the other environment."""
    environment = {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"], "JAX_PLATFORMS": "cpu"}
    command = [jax_python, "-m", f"benchmarks.accelerator.{module}", *map(str, words)]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


@needs_jax
@pytest.mark.slow
@pytest.mark.parametrize(
    "script", [wgan_div, f_vae, vae_mutual_information], ids=lambda script: script.REPRODUCTION.name
)
def test_fifty_steps_of_jax_are_fifty_of_tensorflow(tmp_path, script):
    flags = ["--preset=smoke", "--steps=50", "--evaluate_every=50", "--sample_every=50"]
    name = script.REPRODUCTION.name
    send.main([str(tmp_path / "parcel"), name, *flags, f"--output_dir={tmp_path / 'run'}"])
    done = by_jax("train", tmp_path / "parcel", f"--results={tmp_path / 'results'}")
    assert done.returncode == 0, done.stderr
    received(tmp_path)
    for folder in ("run", "straight"):
        launch.launch(script.REPRODUCTION, [*flags, f"--output_dir={tmp_path / folder}"])
    for table in ("metrics.csv", "evaluations.csv"):
        same_rows(tmp_path / "run" / table, tmp_path / "straight" / table, 1e-3)


@needs_jax
@pytest.mark.slow
def test_steps_are_timed(tmp_path):
    send_steps.main([str(tmp_path / "parcel"), "--preset=smoke", "--script=wgan_div", "--precision=float32"])
    done = by_jax("time_steps", tmp_path / "parcel", f"--output={tmp_path / 'times.json'}", "--steps=2")
    assert done.returncode == 0, done.stderr
    (step,) = json.loads((tmp_path / "times.json").read_text())["steps"].values()
    assert step["milliseconds"] > 0 and step["operations"] > 1e6


@needs_jax
@pytest.mark.slow
def test_an_empty_parcel_and_another_run_are_one_line(tmp_path):
    for module, words in (("train", []), ("time_steps", []), ("train", ["--only=other"])):
        done = by_jax(module, tmp_path, *words)
        assert done.returncode == 1
        assert [line for line in done.stderr.splitlines() if line.startswith("error: ")], done.stderr
        assert "Traceback" not in done.stderr

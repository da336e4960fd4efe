"""Runs that are trained elsewhere: what travels, what comes back, and, where there is a JAX, that it is the same run.

The last needs the interpreter of another environment, which has JAX:

    JAX_PYTHON=/path/to/python pytest -m slow tests/benchmarks/test_accelerator.py
"""

import contextlib
import csv
import io
import json
import math
import os
import shutil
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


def trained_by_tensorflow(folder, name, description):
    """What `train` leaves at step 10, in `halfway`, and at the end, in `results`, made from what travelled alone."""
    parcel = Parcel(folder / "parcel")
    model = wgan_div.build(wgan_div.Configuration(**description["flags"]), (8, 8, 1), 1)
    variables = variables_of(model)
    for found in description["variables"]:
        variables[found["place"]].assign(parcel.array(found))
    images = pictures.pixels(parcel, description["images"]).astype(np.float32) / np.float32(127.5) - 1
    step, rows, snapshots = tf.function(model.train_step), [], {}
    for i, order in enumerate(parcel.array(description["order"]), start=1):
        terms = step(images[order])
        if i % 5 == 0:
            rows.append({"step": i, "seconds": 0.1 * i, **{key: float(value) for key, value in terms.items()}})
            model.reset_metrics()
        if i in (10, STEPS):
            results = Parcel(folder / ("halfway" if i == 10 else "results"))

            def put(number, results=results):
                variable = variables[description["variables"][number]["place"]]
                return results.put_array(tf.convert_to_tensor(variable.value).numpy())

            results.describe(
                name,
                {
                    "of": description_hash(description),
                    "device": "another card",
                    "jax": "0",
                    "step": i,
                    "rows": list(rows),
                    "snapshots": dict(snapshots),
                    "variables": [put(number) for number in range(len(description["variables"]))],
                },
            )
            at_end = Parcel(folder / "results")
            snapshots[i] = [put(number, at_end) for number in description["snapshot"]]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run that was sent and trained, and in `straight` one that was made here."""
    folder = tmp_path_factory.mktemp("made")
    with contextlib.chdir(folder):
        send.main(["parcel", "wgan_div", *FLAGS, "--output_dir=run"])
        ((name, description),) = Parcel("parcel").descriptions().items()
        trained_by_tensorflow(folder, name, description)
        launch.launch(wgan_div.REPRODUCTION, [*FLAGS, "--output_dir=straight"])
    return folder


@pytest.fixture
def here(made, tmp_path, monkeypatch):
    """A copy of all that, as the working directory."""
    shutil.copytree(made, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")


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


def finish():
    """Gives the command that was sent."""
    launch.launch(wgan_div.REPRODUCTION, [*FLAGS, "--output_dir=run"])


def error_of(function, *args):
    """The line by which a command ends."""
    with pytest.raises(SystemExit) as ended:
        function(*args)
    return str(ended.value)


@pytest.mark.slow
def test_what_was_trained_elsewhere_is_finished_as_the_same_run(here, capsys):
    receive.main(["parcel", "results"])
    assert "finish it with: python -m reproductions.wgan_div --preset=smoke" in capsys.readouterr().out
    finish()
    # Both are TensorFlow's, one compiled by Keras: rounding alone differs, and twenty steps of Adam let it grow.
    for table in ("metrics.csv", "evaluations.csv"):
        same_rows(Path("run", table), Path("straight", table), 1e-3)
    assert sorted(os.listdir("run/samples")) == sorted(os.listdir("straight/samples"))
    note = {"device": "another card", "from": 0, "to": STEPS, "extendable": True}
    assert json.loads(Path("run/results.json").read_text())["trained_on"] == [note]


@pytest.mark.slow
def test_what_was_trained_halfway_is_continued_here_and_received_once(here, capsys):
    receive.main(["parcel", "halfway"])
    receive.main(["parcel", "halfway"])
    assert "run has it already" in capsys.readouterr().out
    finish()
    same_rows(Path("run/metrics.csv"), Path("straight/metrics.csv"), 1e-3)


def change(folder, **changes):
    """Changes the description in a folder."""
    ((name, description),) = Parcel(folder).descriptions().items()
    Parcel(folder).describe(name, {**description, **changes})


@pytest.mark.slow
def test_results_of_another_parcel(here):
    change("parcel", half=True)
    assert "was trained from another parcel than this" in error_of(receive.main, ["parcel", "results"])


@pytest.mark.slow
def test_results_that_are_not_finite(here):
    ((_, result),) = Parcel("results").descriptions().items()
    change("results", rows=[*result["rows"][:-1], result["rows"][-1] | {"generator_loss": math.nan}])
    assert "became NaN or infinite by step 20; send it with smaller rates" in error_of(
        receive.main, ["parcel", "results"]
    )
    assert not Path("run/checkpoints").exists()


@pytest.mark.slow
def test_results_without_optimisers(here):
    ((_, description),) = Parcel("parcel").descriptions().items()
    kinds = [found["kind"] for found in description["variables"]]
    assert kinds.count("optimizer") == 20 and kinds.count("mean") == 8
    for folder in ("halfway", "results"):
        ((_, result),) = Parcel(folder).descriptions().items()
        arrays = zip(kinds, result["variables"], strict=True)
        change(folder, variables=[None if kind == "optimizer" else array for kind, array in arrays])
    assert "send it with --optimizers" in error_of(receive.main, ["parcel", "halfway"])
    receive.main(["parcel", "results"])
    longer = [flag.replace(f"--steps={STEPS}", "--steps=40") for flag in FLAGS]
    arguments = [*longer, "--output_dir=run"]
    assert "kept its optimisers' state" in error_of(launch.launch, wgan_div.REPRODUCTION, arguments)
    for damaged in ("[", "[]", '{"devices": [1]}'):
        Path("run/trained_on.json").write_text(damaged)
        assert "is not a note of the devices" in error_of(launch.launch, wgan_div.REPRODUCTION, arguments)


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
    "script", [wgan_div, *(pytest.param(script, marks=pytest.mark.slow) for script in (f_vae, vae_mutual_information))]
)
def test_a_step_gives_back_every_variable_but_the_learning_rates(script):
    configuration = script.PRESETS["smoke"]
    model = script.build(configuration, (8, 8, 1), 1)
    step = training_step(model, (configuration.batch_size * model.real_batches_per_step, 8, 8, 1))
    rest = [variable.path for i, variable in enumerate(step.variables) if i not in step.written]
    assert all(path.endswith("learning_rate") for path in rest) and rest
    assert len({id(variable) for variable in step.variables}) == len(variables_of(model))
    assert "= mhlo." not in step.text and "custom_call" not in step.text


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
    receive.main([str(tmp_path / "parcel"), str(tmp_path / "results")])
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

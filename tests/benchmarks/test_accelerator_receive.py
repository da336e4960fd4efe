"""Runs that are trained elsewhere, here by TensorFlow from what travelled, are taken in as the same runs."""

import contextlib
import json
import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from benchmarks.accelerator import receive, send, send_steps, train
from benchmarks.accelerator.parcel import Parcel
from benchmarks.accelerator.training import Limit
from benchmarks.accelerator.training_step import training_step, variables_of
from helpers.numpy_device import Device
from helpers.sent_runs import error_of, same_rows
from keras_gen.layers import strided
from reproductions import f_vae, vae_mutual_information, wgan_div
from reproductions.harness import launch

STEPS = 20
FLAGS = ("--preset=smoke", f"--steps={STEPS}", "--log_every=5", "--sample_every=20", "--evaluate_every=10")


class TensorFlow(Device):
    """A device on which the model itself trains, from what travelled alone.

    Args:
        limit: Gets a signal at step 10, if one is given.
    """

    def __init__(self, limit=None):
        super().__init__()
        self.limit = limit

    def compiled(self, parcel, description, images, order):
        model = wgan_div.build(wgan_div.Configuration(**description["flags"]), tuple(images[1:]), 1)
        every = variables_of(model)
        variables = [every[found["place"]] for found in description["variables"]]
        step = tf.function(model.train_step)

        def call(values, images, order, first, count):
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)
            for rows in order[first : first + count]:
                terms = step(images[rows].astype(np.float32) / np.float32(127.5) - 1)
            if self.limit is not None and first + count == 10:
                self.limit.signal = signal.SIGTERM
            values = [tf.convert_to_tensor(variable.value).numpy() for variable in variables]
            return values, [terms[name] for name in description["terms"]]

        return call


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run that was sent and trained, and in `straight` one that was made here."""
    folder = tmp_path_factory.mktemp("made")
    with contextlib.chdir(folder):
        send.main(["parcel", "wgan_div", *FLAGS, "--output_dir=run"])
        assert train.train(Parcel("parcel"), Parcel("results"), TensorFlow(), Limit(), []) == 0
        limit = Limit()
        assert train.train(Parcel("parcel"), Parcel("halfway"), TensorFlow(limit), limit, []) == 143
        launch.launch(wgan_div.REPRODUCTION, [*FLAGS, "--output_dir=straight"])
    return folder


@pytest.fixture
def here(made, tmp_path, monkeypatch):
    """A copy of all that, as the working directory; the run's folder is there, for runs were sent from elsewhere."""
    shutil.copytree(made, tmp_path / "here")
    (tmp_path / "here" / "run").mkdir()
    monkeypatch.chdir(tmp_path / "here")


def finish():
    """Gives the command that was sent."""
    launch.launch(wgan_div.REPRODUCTION, [*FLAGS, "--output_dir=run"])


def contents(folder):
    """The files in a folder."""
    return {path: path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}


@pytest.mark.slow
def test_what_was_trained_elsewhere_is_finished_as_the_same_run(here, capsys):
    receive.main(["parcel", "results"])
    printed = capsys.readouterr().out
    assert f"step 20 of 20, in {Path('run').absolute()}; finish it with: python -m reproductions.wgan_div" in printed
    finish()
    # Both are TensorFlow's, one compiled by Keras: rounding alone differs, and twenty steps of Adam let it grow.
    for table in ("metrics.csv", "evaluations.csv"):
        same_rows(Path("run", table), Path("straight", table), 1e-3)
    assert sorted(os.listdir("run/samples")) == sorted(os.listdir("straight/samples"))
    note = {"device": "A device", "from": 0, "to": STEPS, "extendable": True}
    assert json.loads(Path("run/results.json").read_text())["trained_on"] == [note]
    assert ", on A device; finished" in Path("run/index.html").read_text()
    receive.main(["parcel", "results"])
    assert "run has it already" in capsys.readouterr().out


@pytest.mark.slow
def test_what_was_trained_halfway_is_continued_here_and_received_once(here, capsys):
    receive.main(["parcel", "halfway"])
    receive.main(["parcel", "halfway"])
    assert "run has it already" in capsys.readouterr().out
    finish()
    same_rows(Path("run/metrics.csv"), Path("straight/metrics.csv"), 1e-3)


@pytest.mark.slow
def test_what_was_trained_halfway_is_sent_again_into_the_same_parcel(here):
    receive.main(["parcel", "halfway"])
    send.main(["parcel", "wgan_div", *FLAGS, "--output_dir=run"])
    assert list(Parcel("parcel").descriptions("run")) == ["wgan_div-run", "wgan_div-run-from-10"]
    assert train.train(Parcel("parcel"), Parcel("halfway"), TensorFlow(), Limit(), []) == 0
    receive.main(["parcel", "halfway"])
    finish()
    same_rows(Path("run/metrics.csv"), Path("straight/metrics.csv"), 1e-3)
    assert [note["to"] for note in json.loads(Path("run/results.json").read_text())["trained_on"]] == [10, STEPS]


@pytest.mark.slow
def test_a_run_that_was_finished_here_is_left_as_it_is(here):
    finish()
    before = contents("run")
    said = error_of(receive.main, ["parcel", "results"])
    assert "run: the run there is finished, and wgan_div-run was sent at step 0; to have what was trained" in said
    assert contents("run") == before


@pytest.mark.slow
def test_results_of_which_a_file_is_missing_leave_nothing(here):
    for path in contents("results/contents"):
        kept = path.read_bytes()
        path.unlink()
        assert "is missing; copy all of results again" in error_of(receive.main, ["parcel", "results"])
        assert contents("run") == {}
        path.write_bytes(kept)


@pytest.mark.slow
def test_results_without_optimisers(here):
    ((name, description),) = Parcel("parcel").descriptions("run").items()
    kinds = [found["kind"] for found in description["variables"]]
    assert kinds.count("optimizer") == 20 and kinds.count("mean") == 8
    for folder in map(Parcel, ("halfway", "results")):
        ((_, result),) = folder.descriptions("result").items()
        arrays = zip(kinds, folder.pack(result["variables"]), strict=True)
        packed = folder.put_pack([None if kind == "optimizer" else array for kind, array in arrays])
        folder.describe(name, "result", result | {"variables": packed})
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
        (["parcel", "wgan_div", "--preset=smoke", "--log_every=7", "--output_dir=run"], "must be a multiple of"),
        (["parcel", "wgan_div", "--preset=smoke", "--batch_size=5000", "--output_dir=run"], "give a smaller batch"),
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


def test_a_step_has_kerass_gradients_of_convolutions(monkeypatch):
    """Ours are for CPUs; this machine is one, and the accelerator is not."""
    configuration = wgan_div.PRESETS["smoke"]

    def dilated():
        model = wgan_div.build(configuration, (8, 8, 1), 1)
        return training_step(model, (configuration.batch_size * model.real_batches_per_step, 8, 8, 1)).text.count(
            "lhs_dilate = [2, 2]"
        )

    found = dilated()
    monkeypatch.setattr(strided, "FEW_CHANNELS", 0)
    assert found == dilated() > 0


def test_steps_that_cannot_be_sent(tmp_path):
    folder = str(tmp_path / "parcel")
    for words, said in (
        (["--preset=nope"], "--preset=nope: "),
        (["--script=nope"], "--script=nope: choose from"),
        (["--script=wgan_div", "--precision=half"], "--precision=half: choose from"),
        (["--script", "wgan_div", "--times=1000000"], "--times=1000000: give whole numbers from 1 to 1000"),
    ):
        assert said in error_of(send_steps.main, [folder, *words])
    assert not Path(folder).exists() or not Parcel(folder).descriptions("step")

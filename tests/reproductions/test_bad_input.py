"""Bad input: one line that names the flag or the file, exit status 1, no traceback, nothing written."""

import json
import re

import keras
import pytest
import tensorflow as tf

from keras_gen import datasets
from keras_gen.errors import InputError, NonFiniteLossError
from reproductions import wgan_div
from reproductions.harness import distribution, run
from reproductions.harness.launch import guarded
from reproductions.harness.run_directory import RunDirectory


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (["--dataset=minst_5k"], "mnist_5k"),
        (["--dataset=cifar10"], "cifar10"),
        (["--steps=0"], "--steps=0"),
        (["--generator_learning_rate=-1"], "--generator_learning_rate=-1"),
        (["--no_such_flag=1"], "no_such_flag"),
        (["--study=nonsense"], "--study=nonsense: choose one of comparison, sampling, power"),
        (["laptop"], "laptop: not a flag"),
    ],
)
def test_scripts_end_with_one_line_and_no_traceback(script, tmp_path, flags, complaint):
    done = script("wgan_div", "--preset=smoke", f"--output_dir={tmp_path / 'run'}", f"--data_dir={tmp_path}", *flags)
    assert done.returncode == 1
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"dataset": "folder:/no/such/folder"}, "/no/such/folder"),
        ({"image_size": 64}, "64"),
        ({"image_size": 6}, "image_size=6x6: DCGAN makes square images of 28 or 8·2"),
        ({"batch_size": 100_000}, "--batch_size=100000"),
        ({"p": 1.0}, "p=1.0"),
        ({"log_every": 7}, "--steps=20 must be a multiple of --log_every=7"),
        ({"evaluate_every": 7}, "--evaluate_every=7 must be a multiple of --log_every=5"),
    ],
)
def test_a_wrong_configuration_is_named_and_nothing_is_written(configuration, tmp_path, changes, complaint):
    with pytest.raises(InputError, match=".+") as error:
        run.perform(wgan_div.REPRODUCTION, configuration(**changes), tmp_path / "run", strategy_name="single")
    assert complaint in str(error.value)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "run").exists()


def test_a_broken_image_in_a_folder_is_named(configuration, tmp_path):
    images = datasets.load("digits").to_array(10)
    for i, image in enumerate(images):
        keras.utils.save_img(tmp_path / f"{i}.png", image)
    whole = (tmp_path / "3.png").read_bytes()
    (tmp_path / "3.png").write_bytes(whole[: len(whole) // 2])
    broken = configuration(dataset=f"folder:{tmp_path}", image_size=8, batch_size=2)
    with pytest.raises(InputError, match=r"3\.png"):
        run.perform(wgan_div.REPRODUCTION, broken, tmp_path / "run", strategy_name="single")


def test_an_empty_folder_is_named(configuration, tmp_path):
    empty = configuration(dataset=f"folder:{tmp_path}")
    with pytest.raises(InputError, match=str(tmp_path)):
        run.perform(wgan_div.REPRODUCTION, empty, tmp_path / "run", strategy_name="single")


def test_what_the_input_pipeline_finds_in_training_is_one_line_too():
    def read_a_broken_image():
        def decode(i):
            raise InputError("cannot decode image photo.png: it ends too early")

        pixels = tf.data.Dataset.range(1).map(lambda i: tf.numpy_function(decode, [i], tf.uint8))
        list(pixels)

    with pytest.raises(SystemExit, match="^error: cannot decode image photo.png: it ends too early$"):
        guarded(read_a_broken_image)


def test_a_batch_that_the_replicas_do_not_divide(script, tmp_path):
    done = script(
        "wgan_div", "--preset=smoke", f"--output_dir={tmp_path / 'run'}", "--cpu_devices=3", "--strategy=mirrored"
    )
    assert done.returncode == 1
    assert "--batch_size=16 does not divide evenly over 3 replicas" in done.stderr
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("config", "complaint"),
    [("{", "TF_CONFIG cannot be used"), ('{"cluster": {"worker": ["a:1", "b:1"]}}', "TF_CONFIG cannot be used")],
)
def test_a_wrong_tf_config(monkeypatch, config, complaint):
    monkeypatch.setenv("TF_CONFIG", config)
    with pytest.raises(InputError, match=complaint):
        distribution.make_strategy("auto")


def test_one_worker_is_not_several(monkeypatch):
    alone = '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 0}}'
    monkeypatch.setenv("TF_CONFIG", alone)
    assert distribution.make_strategy("auto").num_replicas_in_sync == 1
    with pytest.raises(InputError, match="needs TF_CONFIG to name two workers or more"):
        distribution.make_strategy("multi_worker")


def test_a_folder_of_another_run_is_refused_and_left_alone(configuration, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="holds files, but no run"):
        run.perform(wgan_div.REPRODUCTION, configuration(), tmp_path / "run", strategy_name="single")
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["thesis.txt"]


def test_a_folder_that_cannot_be_written(configuration, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        run.perform(wgan_div.REPRODUCTION, configuration(), tmp_path / "file" / "run", strategy_name="single")


def test_a_run_that_becomes_nan_says_when_and_keeps_the_last_good_checkpoint(configuration, tmp_path):
    # At this rate the generator's tanh saturates, the critic's scores overflow, and so does their sixth power.
    breaking = configuration(discriminator_learning_rate=1e6, log_every=1, checkpoint_every=1)
    with pytest.raises(NonFiniteLossError, match=r"at step \d+"):
        run.perform(wgan_div.REPRODUCTION, breaking, tmp_path / "run", strategy_name="single")
    assert not (tmp_path / "run" / "results.json").exists()
    noted = json.loads((tmp_path / "run" / "breakdown.json").read_text())
    assert re.search(r" at step \d+$", noted["broke_down"])
    # Every step is logged, and the run breaks down before its first evaluation or keeps it.
    assert all(row["step"] % 10 == 0 and row["seconds"] > 0 for row in noted["evaluations"])


def test_other_flags_in_the_same_folder_are_named(configuration, tmp_path):
    with RunDirectory(tmp_path / "run").claimed(configuration()):
        pass
    with pytest.raises(InputError, match=r"--k=3\.0 \(there 2\.0\), --seed=1 \(there 0\)"):
        run.perform(wgan_div.REPRODUCTION, configuration(k=3.0, seed=1), tmp_path / "run", strategy_name="single")

"""`reproductions.sample`: pictures from a SavedModel, at a temperature if it has one."""

import json

import numpy as np
import pytest
import tensorflow as tf

from reproductions import sample
from reproductions.harness.errors import UsageError
from reproductions.harness.run_directory import RunDirectory
from reproductions.harness.whereabouts import whereabouts


class Grey(tf.Module):
    """Images of one grey value, the seed's hundredth."""

    @tf.function(input_signature=[tf.TensorSpec([], tf.int32)] * 2)
    def sample(self, num_samples, seed):
        return tf.fill(tf.stack([num_samples, 4, 4, 1]), tf.cast(seed, tf.float32) / 100)


class GreyAtTemperature(Grey):
    @tf.function(input_signature=[*[tf.TensorSpec([], tf.int32)] * 2, tf.TensorSpec([])])
    def sample_at_temperature(self, num_samples, seed, temperature):
        return temperature * self.sample(num_samples, seed)


class GreyByClass(Grey):
    @tf.function(input_signature=[tf.TensorSpec([], tf.int32)] * 3)
    def sample_class(self, num_samples, seed, label):
        message = ["InputError: label: must be from 0 to 2, got", label]
        with tf.control_dependencies([tf.debugging.Assert(label < 3, message)]):
            return self.sample(num_samples, seed) * tf.cast(label, tf.float32)


class GreyByCluster(Grey):
    @tf.function(input_signature=[tf.TensorSpec([], tf.int32)] * 3)
    def sample_cluster(self, cluster, num_samples, seed):
        return self.sample(num_samples, seed) * tf.cast(cluster, tf.float32)


@pytest.fixture
def draw(tmp_path):
    """Draws a picture with flags, and gives its first pixel."""

    def drawn(model, temperature=1.0, label=None, cluster=None):
        tf.saved_model.save(model, tmp_path / "model")
        picture = tmp_path / "grid.png"
        flags = {"saved_model": str(tmp_path / "model"), "num_samples": 1, "seed": 50, "output": str(picture)}
        sample.draw(sample.Command(**flags, temperature=temperature, label=label, cluster=cluster))
        return tf.io.decode_png(picture.read_bytes()).numpy()

    return drawn


def test_the_temperature(draw):
    def value(at):
        return int(np.round((at + 1) * 127.5))

    assert value(0.5) in draw(Grey(), 1.0)
    assert value(0.5) in draw(GreyAtTemperature(), 1.0)
    cool = draw(GreyAtTemperature(), 0.5)
    assert value(0.25) in cool and value(0.5) not in cool


def test_a_class(draw):
    assert 191 in draw(GreyByClass()) and 255 in draw(GreyByClass(), label=2)
    with pytest.raises(UsageError, match="--label=1: this model has no classes; leave the flag out"):
        draw(Grey(), label=1)
    with pytest.raises(UsageError, match="^--label=3: must be from 0 to 2$"):
        draw(GreyByClass(), label=3)
    with pytest.raises(UsageError, match="^--label=4294967297: give a whole number from 0 to 2147483647$"):
        draw(GreyByClass(), label=2**32 + 1)  # which TensorFlow takes for 1


def test_it_says_what_it_drew(draw, capsys):
    draw(GreyByClass(), label=2)
    draw(GreyByCluster(), cluster=1)
    draw(Grey())
    subjects = [line.partition(" in ")[0] for line in capsys.readouterr().out.splitlines() if " of " in line]
    assert subjects == [f"one sample of {of}seed 50" for of in ("class 2 and ", "cluster 1 and ", "")]


def test_a_finished_run_of_a_conditional_model_names_the_flag(tmp_path):
    for endpoints, words in ((["sample"], "--seed=1 --output"), (["sample", "sample_class"], "--seed=1 --label=0 --")):
        (tmp_path / "results.json").write_text(json.dumps({"endpoints": endpoints}))
        assert words in whereabouts(RunDirectory(tmp_path))


def test_a_finished_run_names_only_the_files_that_are_there(tmp_path):
    directory = RunDirectory(tmp_path)
    directory.results.write_text(json.dumps({"endpoints": [], "measure": {"features": None}}))
    told = whereabouts(directory)
    assert "evaluations.csv" not in told and "--features=imagenet measures them" in told
    directory.evaluations.touch()
    directory.results.write_text(json.dumps({"endpoints": [], "measure": {"features": {"network": "LeNet"}}}))
    told = whereabouts(directory)
    assert "evaluations.csv" in told and "not measured" not in told


def test_a_cluster(draw):
    assert 191 in draw(GreyByCluster()) and 255 in draw(GreyByCluster(), cluster=2)
    with pytest.raises(UsageError, match="--cluster=1: this model has no clusters; leave the flag out"):
        draw(Grey(), cluster=1)


@pytest.mark.traced
def test_an_encoder_of_the_zoo_shows_what_it_finds(tmp_path):
    flags = {"zoo": "digits_vae_mutual_information", "output": str(tmp_path / "grid.png")}
    sample.draw(sample.Command(**flags))
    # Two blocks of ten rows: a test image and its ten nearest.
    height, width, _ = tf.io.decode_png((tmp_path / "grid.png").read_bytes()).shape
    assert height > 10 * 28 and width > 22 * 28
    with pytest.raises(UsageError, match="--seed: digits_vae_mutual_information is an encoder, which draws no samples"):
        sample.draw(sample.Command(**flags, seed=1))


def test_what_cannot_be(draw):
    with pytest.raises(UsageError, match="--temperature=0.5: this model samples at 1 only"):
        draw(Grey(), 0.5)
    with pytest.raises(UsageError, match="--temperature=inf: give a finite number"):
        draw(GreyAtTemperature(), float("inf"))

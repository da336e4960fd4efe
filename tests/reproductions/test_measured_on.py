"""A run is measured on the same features and numbers of images from its beginning to its end."""

import json

import pytest

from keras_gen.callbacks import StepTable
from reproductions.harness import measured_on, run
from reproductions.harness.errors import UsageError
from reproductions.harness.run_directory import RunDirectory, read_json, write_json


def described(weights_hash="abc", num_fake=5.0):
    features = weights_hash and {"network": "LeNet", "weights_hash": weights_hash}
    return {"features": features, "test_images": {"num_real": 9.0, "num_fake": num_fake}}


@pytest.fixture
def directory(tmp_path):
    """The folder of a run that was measured once."""
    folder = RunDirectory(tmp_path)
    measured_on.note(folder, described())
    StepTable(folder.evaluations).append(10, {"num_real": 9.0, "num_fake": 5.0})
    return folder


CHANGES = [
    (described("def"), r"\(features: LeNet \(abc\), now LeNet \(def\)\)"),
    (described(num_fake=6.0), r"\(num_fake: 5, now 6\)"),
    (described(None), r"\(features: LeNet \(abc\), now None\)"),
]


@pytest.mark.parametrize("noted_in", ["measure", "results"])
@pytest.mark.parametrize(("now", "change"), CHANGES, ids=["features", "counts", "none"])
def test_a_run_is_not_measured_on_something_else(directory, noted_in, now, change):
    if noted_in == "results":  # of a run of an older version
        directory.measure.unlink()
        write_json(directory.results, {"measure": described()})
    measured_on.check_unchanged(directory, described())
    said = f"--output_dir={directory.path} holds a run that was measured on .* {change}.*; give a new --output_dir"
    with pytest.raises(UsageError, match=said):
        measured_on.check_unchanged(directory, now)


def test_before_the_first_measurement_everything_may_change(directory):
    directory.evaluations.unlink()
    measured_on.check_unchanged(directory, described("def"))
    measured_on.note(directory, described("def"))
    assert read_json(directory.measure) == described("def")


def test_what_is_noted_stays(directory):
    measured_on.note(directory, described("def"))
    assert read_json(directory.measure) == described()


def test_of_an_older_run_only_the_numbers_of_images_are_known(directory):
    directory.measure.unlink()
    measured_on.check_unchanged(directory, described("def"))
    with pytest.raises(UsageError, match="num_fake: 5, now 6"):
        measured_on.check_unchanged(directory, described("def", 6.0))
    measured_on.note(directory, described("def"))
    assert read_json(directory.measure) == described("def")


@pytest.mark.parametrize("note", ["{", "[]", '{"features": "text"}', '{"features": [1]}', '{"test_images": 3}'])
def test_a_damaged_note(directory, note):
    directory.measure.write_text(note)
    with pytest.raises(UsageError, match="measure.json is not a note of what a run is measured on; restore it, or"):
        measured_on.check_unchanged(directory, described())


def test_a_longer_run_on_other_features_is_refused_before_it_trains(smoke_run, launched, tmp_path, monkeypatch):
    folder, _ = smoke_run
    there = tmp_path / "run"
    there.mkdir()
    for name in ("flags.json", "metrics.csv", "evaluations.csv", "measure.json", "results.json"):
        (there / name).write_bytes((folder / name).read_bytes())
    note = json.loads((there / "measure.json").read_text())
    assert note == json.loads((there / "results.json").read_text())["measure"]
    note["features"]["weights_hash"] = "other"
    (there / "measure.json").write_text(json.dumps(note))
    before = {path: path.read_bytes() for path in there.iterdir()}
    monkeypatch.setattr(run.Training, "fit", lambda *arguments: pytest.fail("it trains"))
    message = launched("wgan_div", "--preset=smoke", "--deterministic", "--steps=40", f"--output_dir={there}")
    assert message.startswith(
        f"error: --output_dir={there} holds a run that was measured on something else (features: "
    )
    assert {path: path.read_bytes() for path in there.iterdir()} == before

import dataclasses
import json

import pytest
from absl import flags

from keras_gen.errors import InputError
from reproductions import wgan_div
from reproductions.harness import plots, record, summary
from reproductions.harness.run_directory import read_json, write_json
from reproductions.harness.study import Study

PAIR = Study(
    question="Two models", variants={"WGAN-div": {"model": "wgan_div"}, "SGAN": {"model": "gan"}}, plot=plots.curves
)
BREAKING = Study(
    question="Too fast?",
    variants={"so": {"discriminator_learning_rate": 1e6}, "not so": {"discriminator_learning_rate": 1e-4}},
    plot=plots.curves,
)
REPRODUCTION = dataclasses.replace(wgan_div.REPRODUCTION, studies={"pair": PAIR, "breaking": BREAKING})


@pytest.fixture
def perform(tmp_path, defined_flags):
    def run(name, *given):
        flags.FLAGS.unparse_flags()
        folders = [f"--output_dir={tmp_path / 'runs'}", f"--results_dir={tmp_path / 'results'}"]
        flags.FLAGS(["study", "--preset=smoke", *folders, *given])
        record.make(REPRODUCTION, name)

    return run


def test_a_study_records_its_runs_and_more_seeds_are_added(perform, tmp_path):
    perform("pair", "--seeds=3")
    made = json.loads((tmp_path / "results" / "pair.json").read_text())
    assert [(run["variant"], run["seed"]) for run in made["runs"]] == [("WGAN-div", 3), ("SGAN", 3)]
    assert [row["step"] for row in made["runs"][0]["evaluations"]] == [10, 20]
    assert (tmp_path / "results" / "pair.png").stat().st_size > 1000
    assert sorted(path.name for path in (tmp_path / "results" / "samples").iterdir()) == ["sgan.png", "wgan_div.png"]

    finished = {path: path.stat().st_mtime_ns for path in (tmp_path / "runs").rglob("results.json")}
    assert len(finished) == 2
    perform("pair", "--seeds=3,4")
    assert all(path.stat().st_mtime_ns == time for path, time in finished.items())  # finished runs are not made again
    made = json.loads((tmp_path / "results" / "pair.json").read_text())
    assert [(run["variant"], run["seed"]) for run in made["runs"]] == [
        ("WGAN-div", 3),
        ("WGAN-div", 4),
        ("SGAN", 3),
        ("SGAN", 4),
    ]


def test_a_study_continues_from_its_record_alone(perform, tmp_path, monkeypatch):
    def made(self, reproduction, title, seed, root):
        performed.append((title, seed))
        return recorded, None

    recorded = {"evaluations": [], "measure": {"features": {"weights_hash": "a"}}}
    performed = []
    monkeypatch.setattr(Study, "run", made)
    path = tmp_path / "results" / "pair.json"
    study = dataclasses.replace(PAIR, plot=lambda record, path: None)
    monkeypatch.setitem(REPRODUCTION.studies, "pair", study)
    perform("pair", "--seeds=3")
    record_of_one = json.loads(path.read_text())
    del record_of_one["runs"][1]
    path.write_text(json.dumps(record_of_one))
    perform("pair", "--seeds=3")
    assert performed == [("WGAN-div", 3), ("SGAN", 3), ("SGAN", 3)]

    record_of_one["runs"][0]["flags"] = {"model": "wgan"}
    path.write_text(json.dumps(record_of_one))
    with pytest.raises(InputError, match="is a record of other flags"):
        perform("pair", "--seeds=3")


def test_single_variants_are_made_and_their_seeds_named(perform, tmp_path, monkeypatch):
    sheet = tmp_path / "sheet.png"

    def made(self, reproduction, title, seed, root):
        sheet.write_text(f"{title} {seed}")
        return {"evaluations": [], "measure": {}}, sheet

    monkeypatch.setattr(Study, "run", made)
    monkeypatch.setitem(REPRODUCTION.studies, "pair", dataclasses.replace(PAIR, plot=lambda record, path: None))
    perform("pair", "--seeds=4", "--variant=SGAN")
    perform("pair", "--seeds=4,5")
    perform("pair", "--seeds=6", "--variant=SGAN")
    recorded = json.loads((tmp_path / "results" / "pair.json").read_text())
    assert [run["seed"] for run in recorded["runs"] if run["variant"] == "SGAN"] == [4, 5, 6]
    assert [run["seed"] for run in recorded["runs"] if run["variant"] == "WGAN-div"] == [4, 5]
    assert summary.seeds(recorded) == "seeds 4, 5; SGAN: seeds 4, 5, 6"
    # The picture beside the record stays that of the first seed.
    assert (tmp_path / "results" / "samples" / "sgan.png").read_text() == "SGAN 4"
    with pytest.raises(InputError, match="--variant=GAN: choose from WGAN-div; SGAN"):
        perform("pair", "--variant=GAN")


def test_pictures_of_variants_of_one_title_do_not_overwrite_each_other():
    variants = {"SGAN": {"model": "gan", "steps": 7}, "WGAN-div": {"model": "wgan_div"}}
    other = dataclasses.replace(PAIR, variants=variants)
    studies = dataclasses.replace(REPRODUCTION, studies={"pair": PAIR, "other": other})
    assert record._sheet_name(studies, "pair", "SGAN") == "pair_sgan"
    assert record._sheet_name(studies, "other", "SGAN") == "other_sgan"
    assert record._sheet_name(studies, "pair", "WGAN-div") == "wgan_div"


def test_a_run_that_breaks_down_is_recorded_and_the_others_are_made(perform, tmp_path):
    perform("breaking", "--log_every=1", "--checkpoint_every=5")
    broken, whole = json.loads((tmp_path / "results" / "breaking.json").read_text())["runs"]
    assert " at step " in broken["broke_down"] and "measure" not in broken
    assert [row["step"] for row in whole["evaluations"]] == [10, 20]


def test_bad_seeds_and_studies_are_named(perform):
    with pytest.raises(InputError, match="--study=other: choose one of pair, breaking"):
        perform("other")
    for seeds in ("0,one", "", str(2**31)):
        with pytest.raises(InputError, match=f"--seeds={seeds}: give whole numbers"):
            perform("pair", f"--seeds={seeds}")


def test_flags_that_the_study_sets_itself_are_refused(perform):
    with pytest.raises(InputError, match="--model=wgan: the study sets --model itself"):
        perform("pair", "--model=wgan")
    with pytest.raises(InputError, match="--seed=3: the study sets --seed itself; give --seeds"):
        perform("pair", "--seed=3")


def test_a_record_of_other_flags_is_refused_and_left_alone(perform, tmp_path):
    (tmp_path / "results").mkdir()
    path = tmp_path / "results" / "pair.json"
    other = '{"flags": {"steps": 7}, "runs": []}'
    for content, complaint in ((other, "is a record of other flags"), ("{", "is not a record")):
        path.write_text(content)
        with pytest.raises(InputError, match=complaint):
            perform("pair")
        assert path.read_text() == content and not (tmp_path / "runs").exists()


def test_records_have_lists_of_numbers_on_one_line(tmp_path):
    value = {"a": [1, -2.5e-07, None, True], "b": [[1, 2], [3]], "c": ["[1,\n 2]", "x"], "d": []}
    write_json(tmp_path / "record.json", value)
    assert read_json(tmp_path / "record.json") == value
    lines = (tmp_path / "record.json").read_text().splitlines()
    assert lines[1:5] == [' "a": [1, -2.5e-07, null, true],', ' "b": [', "  [1, 2],", "  [3]"]

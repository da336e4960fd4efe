import dataclasses
import json
import re

import pytest

from reproductions.harness.earlier_record import kept
from reproductions.harness.errors import UsageError
from reproductions.harness.record import read_record, readable
from reproductions.harness.run_directory import RunDirectory, write_json
from reproductions.harness.study import Study

PAIR = Study(
    question="Two?", variants={"one": {"model": "a"}, "two": {"model": "b"}}, table=lambda record: "", figure=None
)
OF_A_FUNCTION = dataclasses.replace(PAIR, perform=lambda configuration, data_dir: {})
PLAN = [("one", 0), ("two", 0)]


@pytest.fixture
def record(tmp_path):
    """Asks what is kept of a record of two runs of 20 steps, whose folders are there."""
    runs = [{"variant": title, "seed": 0, "flags": dict(PAIR.variants[title])} for title in PAIR.variants]
    write_json(tmp_path / "pair.json", {"flags": {"steps": 20, "batch_size": 8}, "runs": runs})
    for title, seed in PLAN:
        write_json(tmp_path / f"{title}{seed}" / "flags.json", {})

    def asked(study=PAIR, plan=PLAN, **flags):
        flags = {"steps": 20, "batch_size": 8, "younger": 1} | flags
        return kept(
            tmp_path / "pair.json", study, flags, plan, lambda run: RunDirectory(tmp_path / f"{run[0]}{run[1]}")
        )

    return asked


def test_runs_of_the_same_flags_are_kept_and_shorter_ones_continued(record):
    assert list(record()) == list(record(OF_A_FUNCTION)) == PLAN
    assert record(steps=30) == record(steps=30, plan=[*PLAN, ("one", 1)]) == {}


@pytest.mark.parametrize(
    "asked, complaint",
    [
        ({"steps": 10}, "a record of other flags: --steps=10 (there 20); give another --results_dir or --output_dir"),
        ({"steps": 30, "batch_size": 9}, "other flags: --batch_size=9 (there 8), --steps=30 (there 20); give another"),
        ({"steps": 30, "study": OF_A_FUNCTION}, "a record of other flags: --steps=30 (there 20); give another"),
        ({"steps": 30, "plan": [("one", 0), ("two", 1)]}, "give the seed 0 of 'two' too, or another --output_dir"),
        (
            {"study": dataclasses.replace(PAIR, variants=PAIR.variants | {"two": {"model": "c"}})},
            "a record of other flags: its variants have changed; give another",
        ),
    ],
)
def test_what_would_be_lost_or_mixed_is_refused(record, asked, complaint):
    with pytest.raises(UsageError, match=re.escape(complaint)):
        record(**asked)


def test_a_run_without_its_folder_cannot_be_continued(record, tmp_path):
    (tmp_path / "two0" / "flags.json").unlink()
    assert list(record()) == PLAN
    with pytest.raises(UsageError, match="continued together, and .*two0 is missing; bring it back, or give another"):
        record(steps=30)


@pytest.mark.parametrize(
    ("just_made", "at_fault"), [(False, "is damaged, or of another version"), (True, "lacks what")]
)
def test_who_is_at_fault_if_a_record_cannot_be_read(tmp_path, just_made, at_fault):
    message = rf"record.json {at_fault}.*\(KeyError: 'distance'\)"
    with pytest.raises(UsageError, match=message), readable(tmp_path / "record.json", just_made):
        {}["distance"]


MEASURED = {"features": {"network": "LeNet", "weights_hash": "abc"}}


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"measure": {"features": "text"}}, "runs[1].measure.features is 'text'"),
        ({"measure": {"features": {}}}, "runs[1].measure.features.network is missing"),
        ({"measure": {"features": {"network": "LeNet"}}}, "runs[1].measure.features.weights_hash is missing"),
        ({"measure": {"features": {"network": "LeNet", "weights_hash": 3}}}, "measure.features.weights_hash is 3"),
        ({"measure": []}, "runs[1].measure is []"),
        ({"measure": MEASURED, "evaluations": None}, "runs[1].evaluations is None"),
        ({"evaluations": ["text"]}, "runs[1].evaluations[0] is 'text'"),
        ({"evaluations": [{"num_fake": 2.0}]}, "runs[1].evaluations[0].num_real is missing"),
        ({"evaluations": [{"num_fake": float("nan"), "num_real": 1}]}, "runs[1].evaluations[0].num_fake is nan"),
        ({"seconds": "long"}, "runs[1].seconds is 'long'"),
        ({"seconds_per_step": {}}, "runs[1].seconds_per_step is {}"),
        ({"flags": []}, "runs[1].flags is []"),
        ({"flags": {"steps": "many"}}, "runs[1].flags.steps is 'many'"),
        ({"seed": True}, "runs[1].seed is True"),
        ({"variant": ["two"]}, "runs[1].variant is ['two']"),
        ({"variant": "one"}, "runs[1] is another run of 'one' with seed 0"),
        ({"broke_down": None}, "runs[1].broke_down is None"),
    ],
    ids=str,
)
def test_every_field_that_is_used_is_looked_at_when_a_record_is_read(record, tmp_path, change, found):
    path = tmp_path / "pair.json"
    content = json.loads(path.read_text())
    content["runs"][1] |= {"evaluations": [], "measure": MEASURED}
    path.write_text(json.dumps(content))
    assert list(record()) == PLAN
    content["runs"][1] |= change
    path.write_text(json.dumps(content))
    complaint = re.escape(f"{path} is damaged, or of another version (ValueError: ") + ".*" + re.escape(found)
    with pytest.raises(UsageError, match=complaint):
        record()


@pytest.mark.parametrize("content", [{}, {"flags": {}}, {"flags": 3, "runs": []}, {"flags": {}, "runs": ["text"]}])
def test_a_record_without_flags_or_runs(tmp_path, content):
    write_json(tmp_path / "pair.json", content)
    with pytest.raises(UsageError, match=r"pair.json is damaged, or of another version \(ValueError: (flags|runs)"):
        read_record(tmp_path / "pair.json")


def measured_as(path, *measures):
    """Gives the record's runs these features and numbers of samples."""
    content = json.loads(path.read_text())
    for run, (features, num_fake) in zip(content["runs"], measures, strict=True):
        run |= {"measure": {"features": features}, "evaluations": [{"num_real": 9.0, "num_fake": num_fake}]}
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("second", "complaint"),
    [
        ((None, 5.0), "one of its runs was not measured, because .* with labelled data or --features=imagenet"),
        (({"network": "LeNet", "weights_hash": "def"}, 5.0), "measured on different features and cannot be compared"),
        ((MEASURED["features"], 6.0), "measured on different numbers of images and cannot be compared"),
    ],
    ids=["none", "features", "counts"],
)
def test_runs_that_were_not_measured_alike_are_refused_before_others_are_made(record, tmp_path, second, complaint):
    measured_as(tmp_path / "pair.json", (MEASURED["features"], 5.0), second)
    with pytest.raises(UsageError, match=f"^{re.escape(str(tmp_path / 'pair.json'))}: .*{complaint}"):
        record(plan=[*PLAN, ("one", 1)])

import dataclasses
import re

import pytest

from reproductions.harness.earlier_record import kept
from reproductions.harness.errors import UsageError
from reproductions.harness.record import readable
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

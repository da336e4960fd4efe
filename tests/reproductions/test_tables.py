"""The command that makes tables and verdicts, and what the pages and the README show."""

import dataclasses
import json
import math

import pytest

from reproductions import tables
from reproductions.__main__ import reproductions
from reproductions.harness.claim import Above, Claim
from reproductions.harness.errors import UsageError
from reproductions.harness.run_directory import read_json
from reproductions.pages import PAGES
from reproductions.reporting import markdown, verdicts


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.5], "0.5"),
        ([1.0, 2.0, 3.0], "2 ± 1"),
        ([1.0, math.nan, 3.0], "undefined"),
        ([math.nan], "undefined"),
        ([1.0, math.inf], "undefined"),
    ],
)
def test_a_mean_with_its_deviation(values, expected):
    assert markdown.spread(values) == expected


@pytest.mark.parametrize("page", [*PAGES, tables.README, tables.GUIDE, tables.MODELS], ids=lambda page: page.stem)
def test_pages_show_what_is_recorded(page):
    differs = markdown.renew_blocks(page, tables.makers(page), only_check=True)
    assert not differs, "python -m reproductions.tables renews it"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_pages_have_a_table_of_every_recorded_study_and_of_the_claims(page):
    text = page.read_text()
    recorded = (path.stem for path in (tables.FOLDER / "results" / page.stem).glob("*.json"))
    studies = set(recorded) & reproductions()[page.stem].studies.keys()
    assert {study for study in studies if f"<!-- table {study} -->" not in text} == set()
    assert text.count("<!-- claims -->") == 1
    assert tables.README.read_text().count(f"](reproductions/{page.name})") >= 1


def claim(key, topic, values):
    return Claim(
        key=key, topic=topic, sentence=f"|{topic}|.", statistic="x", rule=Above(0), values=lambda record: record[values]
    )


@pytest.fixture
def reproduction():
    """Two studies of three claims, and a claim without a study."""
    of = reproductions()["wgan_div"]
    study = of.studies["comparison"]
    studies = {
        "first": dataclasses.replace(study, claims=(claim("X2", "two", "b"), claim("X1.1", "one", "a"))),
        "second": dataclasses.replace(study, claims=(claim("X1.2", "one", "a"),)),
    }
    without = dataclasses.replace(claim("X10", "ten", "a"), values=None)
    return dataclasses.replace(of, studies=studies, claims=(without,))


RECORDS = {"first": {"a": [1, 1, 1], "b": [-1, -1, -1]}}


class TestVerdicts:
    def test_one_row_per_claim_in_the_order_of_their_keys(self, reproduction):
        lines = verdicts.claims_table(reproduction, RECORDS.get).splitlines()
        assert lines[2:] == [
            "| X1.1 | \\|one\\|. | x | above 0 | **holds**: 1 (95 % interval 1 to 1, 3 seeds) |",
            "| X1.2 | \\|one\\|. | x | above 0 | not run yet |",
            "| X2 | \\|two\\|. | x | above 0 | **fails**: -1 (95 % interval -1 to -1, 3 seeds) |",
            "| X10 | \\|ten\\|. | x | above 0 | not run yet |",
        ]

    def test_outcomes_in_one_line(self, reproduction):
        seen = verdicts.seen_here(reproduction, RECORDS.get)
        assert seen == "**holds**: one (X1.1); **fails**: two; not run yet: one (X1.2), ten"
        agreeing = RECORDS | {"second": {"a": [2, 2, 2]}}
        assert verdicts.seen_here(reproduction, agreeing.get) == "**holds**: one; **fails**: two; not run yet: ten"

    def test_a_topic_is_named_once_for_each_outcome(self, reproduction):
        claims = tuple(claim(key, "one", "a") for key in ("X1.2", "X1.3"))
        more = dataclasses.replace(reproduction.studies["second"], claims=claims)
        reproduction = dataclasses.replace(reproduction, studies=reproduction.studies | {"second": more})
        seen = verdicts.seen_here(reproduction, RECORDS.get)
        assert seen == "**holds**: one (X1.1); **fails**: two; not run yet: one (X1.2, X1.3), ten"

    def test_only_the_column_of_what_was_seen_is_made_anew(self):
        table = "\n".join(
            [
                "| post | seen here, at laptop scale | page |",
                "| --- | --- | --- |",
                "| A | old | [a](reproductions/a.md) |",
                "| B | |[b](reproductions/b.md)|",
                "| C | kept | no page |",
            ]
        )
        assert verdicts.posts_table(table, {"a": "new", "b": "newer"}.__getitem__).splitlines()[2:] == [
            "| A | new | [a](reproductions/a.md) |",
            "| B | newer | [b](reproductions/b.md) |",
            "| C | kept | no page |",
        ]


class TestCommand:
    def test_a_page_that_differs_is_an_error_of_check_and_is_renewed(self, tmp_path, monkeypatch, capsys):
        pages = [tmp_path / PAGES[0].name, tmp_path / "README.md"]
        for page, original in zip(pages, (PAGES[0], tables.README), strict=True):
            page.write_text(original.read_text().replace("**undecided**", "**holds**"))
        monkeypatch.setattr(tables, "PAGES", pages[:1])
        monkeypatch.setattr(tables, "README", pages[1])
        with pytest.raises(UsageError, match=f"{PAGES[0].name} differs from its records; renew it with python -m"):
            tables.renew(check=True)
        assert "**undecided**" not in pages[0].read_text()
        tables.renew()
        assert capsys.readouterr().out.split() == ["renewed", PAGES[0].name, "renewed", "README.md"]
        tables.renew(check=True)
        assert "**undecided**" in pages[0].read_text() and "**undecided**" in pages[1].read_text()

    def test_records_of_ones_own_stand_beside_the_recorded_ones(self, tmp_path, capsys):
        record = read_json(tables.FOLDER / "results" / "vae_mutual_information" / "identity.json")
        for run in record["runs"]:
            run["largest_error"] = 0.25
        (tmp_path / "some").mkdir()
        (tmp_path / "some" / "identity.json").write_text(json.dumps(record))
        (tmp_path / "flags.json").write_text('{"seed": 0}')  # of a run
        tables.compare(tmp_path)
        printed = capsys.readouterr().out
        assert printed.startswith(f"\nvae_mutual_information, identity: {tmp_path / 'some' / 'identity.json'}\n")
        assert printed.count("| VAE loss, -ELBO |") == 2
        assert "here:     fails: 0.25 (95 % interval 0.25 to 0.25, 3 seeds)" in printed
        assert "recorded: holds: 2.4" in printed

    @pytest.mark.parametrize(
        "change",
        [
            {"runs": [{"variant": "VAE loss, -ELBO"}]},
            {"runs": 3},
            {"runs": {"": None}},
            {"study": ["identity"]},
            {"reproduction": {}},
            {"flags": None, "runs": [None]},
        ],
        ids=str,
    )
    def test_a_damaged_record_is_named(self, tmp_path, change):
        record = read_json(tables.FOLDER / "results" / "vae_mutual_information" / "identity.json")
        (tmp_path / "identity.json").write_text(json.dumps(record | change))
        with pytest.raises(UsageError, match=r"identity\.json is damaged, or of another version|no record of a study"):
            tables.compare(tmp_path)

    @pytest.mark.parametrize(
        ("change", "complaint"),
        [
            (lambda run: run["measure"]["features"].update(weights_hash="0"), ": its runs were .* different features"),
            (lambda run: run["evaluations"][-1].update(num_fake=9.0), ": its runs were .* different numbers of images"),
            (lambda run: run["measure"].update(features=None), ": one of its runs was not measured"),
            (lambda run: run["measure"].update(features={}), " is damaged, .*measure.features.network is missing"),
        ],
        ids=["features", "counts", "none", "damaged"],
    )
    def test_runs_that_were_not_measured_alike_are_not_averaged(self, tmp_path, change, complaint, capsys):
        record = read_json(tables.FOLDER / "results" / "wgan_div" / "power.json")
        change(record["runs"][0])
        (tmp_path / "power.json").write_text(json.dumps(record))
        with pytest.raises(UsageError, match=f"power.json{complaint}"):
            tables.compare(tmp_path)
        assert capsys.readouterr().out == ""

    @pytest.mark.parametrize("content", ["[" * 100_000, "nul", "\ud800"])
    def test_what_is_no_json_is_named(self, tmp_path, content):
        (tmp_path / "identity.json").write_bytes(content.encode(errors="surrogatepass"))
        with pytest.raises(UsageError, match=r"identity\.json is not a record"):
            tables.compare(tmp_path)

    def test_a_folder_without_records(self, tmp_path):
        with pytest.raises(UsageError, match="no record of a study; --study=NAME of a script makes one"):
            tables.compare(tmp_path)


@pytest.mark.parametrize("name", reproductions())
def test_one_seed_decides_nothing(name):
    """Whatever stands in the repository: no verdict from fewer than three seeds, none without a number."""
    for of, verdict in verdicts.verdicts(reproductions()[name], lambda study: tables.shipped(name, study)):
        if verdict.outcome in ("holds", "fails"):
            assert verdict.num_seeds >= 3, of.key
        assert verdict.value is None or math.isfinite(verdict.value)

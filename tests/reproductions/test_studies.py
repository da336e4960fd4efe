"""What holds for every study: its variants are configurations, its records are read, its claims are the posts'."""

import subprocess
import sys
from pathlib import Path

import pytest

from keras_gen.losses import f_divergences
from keras_gen.losses.gradient_sampling import SAMPLINGS, WITHIN_CLASS
from reproductions.__main__ import reproductions
from reproductions.families import gans
from reproductions.harness import launch
from reproductions.harness.claim import Above, Claim, difference, ratio, spread
from reproductions.harness.options import as_flags, options
from reproductions.harness.record import plain, shipped
from reproductions.harness.study import file_name
from reproductions.pages import SCRIPTS
from reproductions.reporting import figures, summary
from reproductions.studies import images, sampling

ROOT = Path(__file__).parents[2]

REPRODUCTIONS = reproductions()
STUDIES = {
    f"{script}-{name}": (script, name, study)
    for script, reproduction in REPRODUCTIONS.items()
    for name, study in reproduction.studies.items()
}
RECORDED = {of: found for of, found in STUDIES.items() if shipped(*found[:2])}

every_study = pytest.mark.parametrize("study", [study for *_, study in STUDIES.values()], ids=STUDIES)
every_record = pytest.mark.parametrize(("script", "name", "study"), RECORDED.values(), ids=RECORDED)


def presets_of(study):
    script = next(script for script, _, found in STUDIES.values() if found is study)
    return study.presets or REPRODUCTIONS[script].presets


@every_study
def test_variants_are_configurations_that_differ(study):
    made = {
        name: [preset.replace({**variant, "seed": 1}) for variant in study.variants.values()]
        for name, preset in presets_of(study).items()
    }
    assert all(made[study.preset][i] != made[study.preset][j] for i in range(len(study.variants)) for j in range(i))
    assert len(study.question) < 120 and not study.question.endswith(".")


@pytest.mark.parametrize("name", STUDIES)
def test_the_command_of_a_run_gives_its_values_and_no_flag_that_they_do_not_use(name):
    script, study_name, study = STUDIES[name]
    reproduction, of_study = REPRODUCTIONS[script], study_name if study.perform or study.examine else None
    for preset_name in (None, "smoke"):
        base = launch.preset(reproduction, study_name, preset_name)
        for variant in study.variants.values():
            values = base.replace({**variant, "seed": 1})
            command, changes = launch.given(launch.arguments_of(reproduction, of_study, values), type(base))
            again = launch.preset(reproduction, of_study, command.preset).replace(changes)
            again.check_used(changes)
            assert as_flags(again) == as_flags(values)


@every_study
def test_titles_are_file_names(study):
    assert len({file_name(title) for title in study.variants}) == len(study.variants)


@every_study
def test_a_study_of_its_own_runs_has_a_smoke_preset_and_its_usual_one(study):
    if study.perform is not None:
        assert study.presets.keys() == {"smoke", study.preset}
        assert type(study.presets["smoke"]) is type(study.presets[study.preset])
        assert "seed" in {one.name for one in options(type(study.presets["smoke"]))}


@every_record
def test_a_record_is_of_its_study(script, name, study):
    record = shipped(script, name)
    assert (record["reproduction"], record["study"], record["question"]) == (script, name, study.question)
    known = {one.name for one in options(type(presets_of(study)["smoke"]))}
    assert record["flags"].keys() <= known
    for run in record["runs"]:
        assert run["flags"] == {key: plain(value) for key, value in study.variants[run["variant"]].items()}


@every_record
def test_a_record_has_its_table_and_figure(script, name, study):
    record = shipped(script, name)
    table = study.table(record)
    assert all(run["variant"] in table for run in record["runs"]) or study.examine
    figure = study.figure(record)
    assert figure.get_suptitle().startswith(study.question)
    assert figure.dpi == figures.DPI and any(axes.has_data() for axes in figure.axes)


@every_record
@pytest.mark.parametrize("which", [0, -1], ids=["first", "last"])
def test_a_record_of_a_single_variant_has_them_too(script, name, study, which):
    """As after `--variant`; where all runs broke down, the study ends with a line instead."""
    record = shipped(script, name)
    title = summary.whole(record["runs"])[which]["variant"]
    record["runs"] = [run for run in record["runs"] if run["variant"] == title]
    assert "|" in study.table(record)
    assert any(axes.has_data() for axes in study.figure(record).axes)
    assert all(claim.verdict(record) for claim in study.claims)


CLAIMS = [claim for reproduction in REPRODUCTIONS.values() for claim in reproduction.all_claims]


def test_claims_have_keys_of_their_own():
    keys = [claim.key for claim in CLAIMS]
    assert len(set(keys)) == len(keys)


def test_every_claim_of_the_posts_has_its_row():
    """By letter of the post and number; parts of one claim have numbers behind a point."""
    numbers = {"W": 4, "R": 4, "L": 5, "D": 3, "V": 2, "G": 2, "F": 3, "C": 2}
    expected = {f"{letter}{number + 1}" for letter, last in numbers.items() for number in range(last)}
    assert {claim.key.partition(".")[0] for claim in CLAIMS} >= expected  # papers that are added have others


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.key)
def test_a_claim_is_one_sentence_and_a_statistic_with_a_rule(claim):
    assert claim.sentence.endswith(".") and claim.sentence[0].isupper()
    assert claim.statistic and not claim.statistic.endswith(".")
    assert str(claim.rule).startswith(("above ", "below ", "between "))
    assert len(claim.topic) < 50


@every_record
def test_claims_read_the_numbers_of_their_record(script, name, study):
    """A value per seed that has all the variants that are compared, and none where they are missing."""
    record = shipped(script, name)
    seeds = {run["seed"] for run in record["runs"]}
    for claim in study.claims:
        assert len(claim.values(record)) <= len(seeds)
        assert list(claim.values(record | {"runs": []})) == []


class TestStatistics:
    RECORD = {
        "runs": [
            {"variant": title, "seed": seed, "x": value}
            for title, values in {"a": [1.0, 2.0], "b": [4.0, 5.0], "c": [2.0, 1.0]}.items()
            for seed, value in enumerate(values)
        ]
        + [{"variant": "d", "seed": 0, "broke_down": "loss is NaN"}, {"variant": "d", "seed": 1, "x": 1.0}]
    }

    @staticmethod
    def x(run):
        return run["x"]

    def test_by_hand(self):
        assert difference("a", "b", self.x)(self.RECORD) == [-3, -3]
        assert ratio("b", "a", self.x)(self.RECORD) == [4, 2.5]
        # The means are 1.5, 4.5 and 1.5; without one seed the largest over the smallest is 5, without the other 4.
        assert spread(["a", "b", "c"], self.x)(self.RECORD) == pytest.approx([9 / 5, 9 / 4])

    def test_a_run_that_broke_down_is_not_finite_on_either_side(self):
        infinity = float("inf")
        assert difference("a", "d", self.x)(self.RECORD) == [-infinity, 1]
        assert difference("a", "d", self.x, -infinity)(self.RECORD) == [infinity, 1]
        assert ratio("d", "a", self.x)(self.RECORD) == [infinity, 0.5]
        assert ratio("a", "d", self.x)(self.RECORD) == [pytest.approx(float("nan"), nan_ok=True), 2]
        assert spread(["a", "d"], self.x)(self.RECORD) == [infinity, 2]

    def test_a_claim_that_no_study_looks_at_is_not_run_yet(self):
        claim = Claim(key="S1", topic="t", sentence="It is so.", statistic="a number", rule=Above(0))
        assert claim.values is None and str(claim.verdict(None)) == "not run yet"
        assert str(claim.verdict(self.RECORD)) == "not run yet"


def test_names_are_those_of_the_library():
    assert set(sampling.SAMPLINGS) == set(SAMPLINGS) - {WITHIN_CLASS}
    assert gans.WITHIN_CLASS == WITHIN_CLASS
    assert tuple(f_divergences.names()) == images.DIVERGENCES


def test_nothing_heavy_is_imported_to_list_tabulate_and_judge():
    program = (
        "import sys\n"
        "from reproductions import tables\n"
        f"for name in {SCRIPTS!r}: tables.reproduction_of(name)\n"
        "tables.renew(check=True)\n"
        "heavy = ('tensorflow', 'keras', 'keras_gen', 'matplotlib', 'sklearn')\n"
        "sys.exit(', '.join(name for name in heavy if name in sys.modules) or 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_the_harness_knows_no_study_figure_or_paper():
    for path in (ROOT / "reproductions" / "harness").glob("*.py"):
        text = path.read_text()
        for room in ("reporting", "studies", "families", "experiments"):
            assert f"reproductions.{room}" not in text, path.name

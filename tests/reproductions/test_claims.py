"""Claims and verdicts, against SciPy's t interval and by hand."""

import dataclasses
import math

import numpy as np
import pytest
import scipy.stats

from reproductions.harness.claim import Above, Below, Between, Claim, Verdict, beside, confidence_interval, paired


def claim(rule, values=lambda record: record["values"]):
    return Claim(key="X1", topic="x", sentence="It is so.", statistic="difference", rule=rule, values=values)


def verdict(rule, *values):
    return claim(rule).verdict({"values": values})


@pytest.mark.parametrize("count", [2, 3, 5, 12])
def test_the_interval_is_scipys(count):
    values = np.random.default_rng(count).normal(3.0, 2.0, count).tolist()
    expected = scipy.stats.t.interval(0.95, count - 1, loc=np.mean(values), scale=scipy.stats.sem(values))
    assert confidence_interval(values) == pytest.approx(expected, rel=1e-12)


# Of 1, 2, 3: mean 2, interval 2 -+ 4.303 / sqrt(3), which is -0.484 to 4.484.
@pytest.mark.parametrize(
    ("rule", "outcome"),
    [
        (Above(-0.49), "holds"),
        (Above(-0.48), "undecided"),
        (Above(4.48), "undecided"),
        (Above(4.49), "fails"),
        (Below(4.49), "holds"),
        (Below(4.48), "undecided"),
        (Below(-0.48), "undecided"),
        (Below(-0.49), "fails"),
        (Between(-0.49, 4.49), "holds"),
        (Between(-0.48, 4.49), "undecided"),
        (Between(-0.49, 4.48), "undecided"),
        (Between(4.48, 9), "undecided"),
        (Between(4.49, 9), "fails"),
        (Between(-9, -0.49), "fails"),
    ],
    ids=str,
)
def test_the_interval_decides(rule, outcome):
    found = verdict(rule, 1, 2, 3)
    assert (found.outcome, found.value, found.num_seeds) == (outcome, 2, 3)
    assert found.interval == pytest.approx((-0.4841, 4.4841), abs=1e-4)


def test_equal_values_have_an_interval_of_no_width_which_may_touch_the_bound():
    assert verdict(Above(1), 1, 1, 1).outcome == "fails"  # not above it
    assert verdict(Below(1), 1, 1, 1).outcome == "fails"
    assert verdict(Between(1, 2), 1, 1, 1).outcome == verdict(Between(0, 1), 1, 1, 1).outcome == "holds"


def test_the_interval_of_an_error_does_not_go_below_0():
    error = dataclasses.replace(claim(Below(4.49)), least=0)
    found = error.verdict({"values": [1, 2, 3]})
    assert found.outcome == "holds" and found.interval == pytest.approx((0, 4.4841), abs=1e-4)


def test_fewer_than_three_seeds_decide_nothing():
    assert verdict(Above(0), 100) == Verdict("undecided", 100, None, 1)
    assert verdict(Above(0), 100, 100.1) == Verdict("undecided", pytest.approx(100.05), None, 2)
    assert verdict(Above(0)) == Verdict("not run yet")


def test_no_record_or_no_study_decides_nothing():
    assert claim(Above(0)).verdict(None) == Verdict("not run yet")
    assert claim(Above(0), values=None).verdict({"runs": []}) == Verdict("not run yet")


def test_a_run_that_broke_down_never_makes_a_claim_hold():
    infinity = math.inf
    assert verdict(Above(0), 5, 5, infinity) == Verdict("undecided", None, None, 3, 1)
    assert verdict(Above(0), infinity, infinity, infinity).outcome == "undecided"  # the competitor broke down
    assert verdict(Above(0), -1, -2, -infinity).outcome == "fails"
    assert verdict(Above(0), -1, 2, -infinity).outcome == "undecided"
    assert verdict(Above(0), -1, -2, math.nan).outcome == "undecided"  # both broke down
    assert verdict(Below(2), infinity, infinity, infinity) == Verdict("fails", None, None, 3, 3)
    assert verdict(Below(2), infinity, infinity).outcome == "undecided"


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (Verdict("not run yet"), "not run yet"),
        (Verdict("undecided", 0.1234, None, 1), "undecided: 0.123 (one seed)"),
        (Verdict("undecided", 2e-15, None, 2), "undecided: 2e-15 (2 seeds)"),
        (Verdict("holds", 0.12, (0.05, 0.19), 3), "holds: 0.12 (95 % interval 0.05 to 0.19, 3 seeds)"),
        (Verdict("fails", None, None, 4, 2), "fails: a run broke down (2 of 4 seeds)"),
        (Verdict("undecided", None, None, 1, 1), "undecided: a run broke down (one seed)"),
    ],
)
def test_verdicts_in_words(found, text):
    assert str(found) == text


def test_rules_in_words():
    assert [str(rule) for rule in (Above(0.0), Below(0.05), Between(0.9, 1))] == [
        "above 0",
        "below 0.05",
        "between 0.9 and 1",
    ]


class TestPaired:
    RECORD = {
        "runs": [
            {"variant": "a", "seed": 1, "x": 1.0},
            {"variant": "a", "seed": 0, "x": 2.0},
            {"variant": "a", "seed": 2, "x": 3.0},
            {"variant": "b", "seed": 0, "x": 4.0},
            {"variant": "b", "seed": 1, "broke_down": "loss is NaN at step 3"},
            {"variant": "b", "seed": 3, "x": 5.0},
            {"variant": "c", "seed": 0},
        ]
    }

    def test_seeds_that_all_variants_have(self):
        found = paired(self.RECORD, ["b", "a"], lambda run: run["x"])
        assert found == [[4.0, 2.0], [math.inf, 1.0]]
        assert paired(self.RECORD, ["a", "b"], lambda run: run["x"], -1.0) == [[2.0, 4.0], [1.0, -1.0]]

    def test_a_variant_that_is_not_recorded(self):
        assert paired(self.RECORD, ["a", "other"], lambda run: run["x"]) == []

    def test_a_run_that_lacks_the_number(self):
        assert paired(self.RECORD, ["a", "c"], lambda run: run.get("x")) == []


def test_verdicts_beside_each_other():
    lines = beside([claim(Above(0))], {"values": [1, 1, 1]}, None).splitlines()
    assert lines == [
        "X1  It is so.",
        "    difference; holds if above 0",
        "    here:     holds: 1 (95 % interval 1 to 1, 3 seeds)",
        "    recorded: not run yet",
    ]

"""Claims and verdicts, against SciPy's t interval and by hand."""

import dataclasses
import math

import numpy as np
import pytest
import scipy.stats

from reproductions.harness.claim import (
    Above,
    Below,
    Between,
    Claim,
    Ratios,
    Verdict,
    beside,
    confidence_interval,
    of_means,
    paired,
    ratio,
    spread,
)


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
    ratio = dataclasses.replace(claim(Below(4.49)), least=1)
    assert ratio.verdict({"values": [0.5, 0.7, 0.9]}).value == 1  # an estimate by the jackknife


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


def test_runs_that_cannot_be_compared_decide_nothing():
    assert verdict(Above(0), 5, 5, None) == Verdict("undecided", None, None, 3, 0, 1)
    assert verdict(Above(0), -1, -2, -3, None).outcome == "undecided"
    assert verdict(Above(0), None, None, None) == Verdict("undecided", None, None, 3, 0, 3)
    assert verdict(Above(0), -math.inf, -math.inf, -math.inf, None) == Verdict("undecided", None, None, 4, 3, 1)


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (Verdict("not run yet"), "not run yet"),
        (Verdict("undecided", 0.1234, None, 1), "undecided: 0.123 (one seed)"),
        (Verdict("undecided", 2e-15, None, 2), "undecided: 2e-15 (2 seeds)"),
        (Verdict("holds", 0.12, (0.05, 0.19), 3), "holds: 0.12 (95 % interval 0.05 to 0.19, 3 seeds)"),
        (Verdict("fails", None, None, 4, 2), "fails: a run broke down (2 of 4 seeds)"),
        (Verdict("undecided", None, None, 1, 1), "undecided: a run broke down (one seed)"),
        (Verdict("undecided", None, None, 3, 0, 2), "undecided: the runs cannot be compared (2 of 3 seeds)"),
        (Verdict("undecided", None, None, 1, 0, 1), "undecided: the runs cannot be compared (one seed)"),
        (Verdict("undecided", None, None, 3, 1, 2), "undecided: a run broke down (1 of 3 seeds)"),
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


def record_of(**numbers):
    """A record with a run per variant and seed."""
    return {
        "runs": [
            {"variant": variant, "seed": seed, "number": number}
            for variant, found in numbers.items()
            for seed, number in enumerate(found)
        ]
    }


def number(run):
    return run["number"]


class TestRatios:
    def test_the_interval_is_scipys_of_the_logarithms(self):
        values = [0.3, 1.1, 2.9, 1.7]
        logarithms = np.log(values)
        found = claim(Above(1), Ratios(lambda record: values)).verdict({})
        expected = scipy.stats.t.interval(0.95, 3, loc=logarithms.mean(), scale=scipy.stats.sem(logarithms))
        assert found.value == pytest.approx(scipy.stats.gmean(values), rel=1e-12)
        assert found.interval == pytest.approx(np.exp(expected), rel=1e-12)

    def test_turning_the_ratio_round_turns_the_interval_round(self):
        # The means of these ratios are 1.83 and 1.08: both would seem to be above 1.
        record = record_of(a=[1.0, 1.0, 4.0], b=[1.0, 2.0, 1.0])
        one, other = (claim(Above(1), ratio(*pair, number)).verdict(record) for pair in ("ab", "ba"))
        assert one.value == pytest.approx(1 / other.value, rel=1e-12)
        assert one.interval == pytest.approx([1 / bound for bound in reversed(other.interval)], rel=1e-12)

    def test_a_run_that_broke_down(self):
        record = record_of(a=[1.0, 1.0, 4.0], b=[1.0, 2.0, 1.0])
        record["runs"][-1]["broke_down"] = "at step 3"
        assert claim(Above(1), ratio("a", "b", number)).verdict(record) == Verdict("undecided", None, None, 3, 1)


class TestFunctionsOfMeans:
    def test_of_a_linear_one_every_seed_has_its_own(self):
        record = record_of(a=[1.0, 5.0, 3.0], b=[2.0, 2.5, 7.0])
        assert of_means("ab", number, lambda means: means[0] - means[1])(record) == pytest.approx([-1, 2.5, -4])

    def test_of_a_square_they_have_no_bias(self):
        # The mean of x_i x_j over i != j estimates the square of the mean without bias.
        found = np.random.default_rng(0).normal(size=5)
        unbiased = (found.sum() ** 2 - (found**2).sum()) / 20
        values = of_means("a", number, lambda means: means[0] ** 2)(record_of(a=found.tolist()))
        assert np.mean(values) == pytest.approx(unbiased, rel=1e-12)

    def test_of_one_seed(self):
        assert of_means("ab", number, max)(record_of(a=[1.0], b=[2.0])) == [2.0]

    def test_where_a_run_broke_down_every_seed_has_its_own(self):
        record = record_of(a=[1.0, 5.0, 3.0], b=[2.0, 2.5, 7.0])
        record["runs"][1]["broke_down"] = "at step 3"
        assert of_means("ab", number, max)(record) == [2.0, math.inf, 7.0]
        assert of_means("ab", number, max, -math.inf)(record) == [2.0, 2.5, 7.0]

    def test_a_spread_that_is_the_same_for_every_seed(self):
        record = record_of(a=[1.0, 2.0, 4.0], b=[1.5, 3.0, 6.0], c=[1.2, 2.4, 4.8])
        assert spread("abc", number)(record) == pytest.approx([1.5, 1.5, 1.5])

    def test_variants_that_differ_by_noise_alone_have_a_spread_near_1(self):
        generator = np.random.default_rng(1)
        spreads, of_seeds = [], []
        for _ in range(300):
            numbers = np.exp(generator.normal(scale=0.08, size=(6, 5)))
            spreads.extend(spread("abcdef", number)(record_of(**dict(zip("abcdef", numbers.tolist(), strict=True)))))
            of_seeds.extend(numbers.max(axis=0) / numbers.min(axis=0))
        assert scipy.stats.gmean(spreads) == pytest.approx(1.049, abs=0.015)
        assert scipy.stats.gmean(of_seeds) == pytest.approx(1.224, abs=0.015)  # what the seeds' own spreads would say


def test_verdicts_beside_each_other():
    lines = beside([claim(Above(0))], {"values": [1, 1, 1]}, None).splitlines()
    assert lines == [
        "X1  It is so.",
        "    difference; holds if above 0",
        "    here:     holds: 1 (95 % interval 1 to 1, 3 seeds)",
        "    recorded: not run yet",
    ]

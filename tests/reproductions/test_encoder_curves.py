"""The studies `curves` and `curves_photos` of the post on the VAE and mutual information."""

import math

import numpy as np
import pytest

from reproductions import vae_mutual_information
from reproductions.studies import encoder_curves
from reproductions.studies.encoder_curves import BETA_VAE, INFO_NCE, above_beta_vae, curves, mean_difference

STUDY = vae_mutual_information.REPRODUCTION.studies["curves"]


@pytest.mark.parametrize(
    "title",
    [
        "beta-VAE, 0.3",
        *(pytest.param(f"{method}, 10", marks=pytest.mark.slow) for method in (INFO_NCE, "no decoder, Jensen-Shannon")),
    ],
)
def test_a_run(title):
    flags = {**STUDY.variants[title], "steps": 10, "dataset": "digits"}
    if "num_shuffles" in flags:
        flags["num_shuffles"] = 15
    found = STUDY.perform(STUDY.presets["smoke"].replace(flags), None)
    assert found["prior_kl"] > 0 and 0 < found["neighbor_accuracy_5"] < 1 and 0 < found["linear_probe"] < 1


def test_beta_weighs_the_prior_term_of_the_vae():
    """Trained alike, the smaller beta keeps the larger prior term."""
    costs = [
        STUDY.perform(STUDY.presets["smoke"].replace({"model": "vae", "beta": beta, "steps": 40}), None)["prior_kl"]
        for beta in (0.0, 10.0)
    ]
    assert costs[0] > 2 * costs[1]


class TestMeanDifference:
    def test_of_curves_that_a_fine_grid_integrates(self):
        one = [(2.0, 0.2), (6.0, 0.5), (40.0, 0.6)]
        other = [(1.0, 0.1), (10.0, 0.3), (20.0, 0.7)]
        grid = np.linspace(math.log(2), math.log(20), 100_001)
        at = [
            np.interp(grid, np.log([cost for cost, _ in curve]), [value for _, value in curve])
            for curve in (one, other)
        ]
        expected = float(np.trapezoid(at[0] - at[1], grid)) / math.log(10)
        assert mean_difference(one, other) == pytest.approx(expected, abs=1e-8)
        assert mean_difference(other, one) == pytest.approx(-expected, abs=1e-8)

    def test_of_curves_that_stand_nowhere_beside_each_other(self):
        assert mean_difference([(1.0, 0.2), (2.0, 0.3)], [(3.0, 0.2), (4.0, 0.3)]) is None
        assert mean_difference([(1.0, 0.2)], [(0.5, 0.2), (4.0, 0.3)]) is None
        assert mean_difference([(0.0, 0.2)], [(0.0, 0.2)]) is None

    @pytest.mark.parametrize(("last", "expected"), [(5.9, None), (6.1, 0.5)])
    def test_of_curves_that_share_little_more_or_less_than_a_factor_of_three(self, last, expected):
        found = mean_difference([(2.0, 0.7), (3.0, 0.7), (20.0, 0.7)], [(1.5, 0.2), (3.0, 0.2), (last, 0.2)])
        assert found == (expected if expected is None else pytest.approx(expected, rel=1e-12))

    def test_of_curves_of_which_one_has_a_single_point_where_both_are(self):
        curve = [(2.0, 0.7), (3.0, 0.7), (20.0, 0.7)]
        assert mean_difference(curve, [(1.5, 0.2), (10.0, 0.2)]) is None
        assert mean_difference(curve, [(1.5, 0.2), (5.0, 0.2), (10.0, 0.2)]) == pytest.approx(0.5)

    def test_a_collapsed_code_is_no_point(self):
        line = [(2.0, 0.2), (8.0, 0.4)]
        for collapsed in (0.0, 0.03, 0.99):
            assert mean_difference([(collapsed, 0.1), *line], line) == 0
        bent = mean_difference([(1.0, 0.1), *line], [(1.0, 0.2), *line])
        assert bent is not None and bent < 0


def record():
    points = {
        "beta-VAE, 1": (1.0, 0.3),
        "beta-VAE, 0.1": (10.0, 0.6),
        f"{INFO_NCE}, 10": (1.0, 0.4),
        f"{INFO_NCE}, 30": (10.0, 0.7),
        "beta-VAE, 0.3": (10**0.5, 0.45),  # on the line between the others
        "no decoder, Jensen-Shannon, 10": (1.0, 0.3),
        "no decoder, Jensen-Shannon, 30": (10**0.8, 0.3),
    }
    runs = [
        {
            "variant": title,
            "seed": seed,
            "prior_kl": cost,
            "neighbor_accuracy_5": accuracy + 0.01 * seed,
            "linear_probe": accuracy,
            "num_images": 1000,
        }
        for title, (cost, accuracy) in points.items()
        for seed in (0, 1)
    ]
    flags = {"dataset": "digits", "latent_dim": 8, "steps": 20, "batch_size": 16}
    return {"question": "Which?", "flags": flags, "runs": runs}


def test_curves_and_claims():
    traced = curves(record(), BETA_VAE)
    assert traced.keys() == {0, 1}
    assert traced[1] == [(1.0, 0.31), (10**0.5, 0.46), (10.0, 0.61)]
    assert above_beta_vae(INFO_NCE)(record()) == pytest.approx([0.1, 0.1])
    first, second = STUDY.claims
    assert first.values(record()) == pytest.approx([0.1, 0.1])
    assert second.values(record())[0] == pytest.approx(-0.12)  # from 0.3 to 0.54 in the logarithm
    apart = record()
    for run in apart["runs"]:
        run["prior_kl"] *= 100 if run["variant"].startswith(BETA_VAE) else 1
    assert first.values(apart) == [None, None]
    assert str(first.verdict(apart)) == "undecided: the runs cannot be compared (2 of 2 seeds)"
    assert "by InfoNCE" in first.sentence and "by Jensen-Shannon" in second.sentence


def test_the_table_and_the_figure():
    lines = STUDY.table(record()).splitlines()
    assert lines[-1] == "| no decoder, Jensen-Shannon, 30 | 6.31 ± 0.00 | 0.305 ± 0.007 | 0.300 ± 0.000 |"
    left, right = STUDY.figure(record()).axes
    assert len(left.lines) == len(right.lines) == 3 * 2
    assert [text.get_text() for text in left.get_legend().get_texts()] == [
        BETA_VAE,
        INFO_NCE,
        encoder_curves.JENSEN_SHANNON,
    ]

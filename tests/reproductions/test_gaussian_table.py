import numpy as np
import pytest

from reproductions.experiments import gaussian_table
from reproductions.experiments.gaussian_table import divergence_from
from reproductions.studies.gaussian_table import DEVIATIONS, DIVERGENCES, MEANS, STUDY, WEIGHTS, miss


def moments():
    mean = np.dot(WEIGHTS, MEANS)
    return mean, np.sqrt(np.dot(WEIGHTS, np.square(DEVIATIONS) + np.square(MEANS)) - mean**2)


class TestQuadrature:
    def test_of_two_gaussians(self, monkeypatch):
        """KL(N(m, s^2) || N(0, r^2)) = log(r/s) + (s^2 + m^2) / (2 r^2) - 1/2."""
        density = np.exp(-((gaussian_table.GRID - 0.5) ** 2) / 2) / np.sqrt(2 * np.pi)
        monkeypatch.setattr(gaussian_table, "MIXTURE_DENSITY", density)
        kl = np.log(1.5) + (1 + 0.25) / (2 * 2.25) - 0.5
        reverse = -np.log(1.5) + (2.25 + 0.25) / 2 - 0.5
        assert divergence_from(0.0, 1.5, "kl") == pytest.approx(kl, abs=1e-9)
        assert divergence_from(0.0, 1.5, "reverse_kl") == pytest.approx(reverse, abs=1e-9)
        assert divergence_from(0.0, 1.5, "jeffreys") == pytest.approx(kl + reverse, abs=1e-9)
        # E_q[(p/q)^2] - 1, a Gaussian integral
        precision = 2 - 1 / 2.25
        chi = 1.5 / np.sqrt(2 * np.pi) * np.sqrt(2 * np.pi / precision) * np.exp(0.5 / precision - 0.25) - 1
        assert divergence_from(0.0, 1.5, "neyman") == pytest.approx(chi, abs=1e-9)

    def test_the_draws_are_of_the_density(self):
        draws = gaussian_table.mixture().sample(200_000, seed=(0, 0)).numpy()[:, 0]
        mean, deviation = moments()
        # four standard errors; the fourth moment makes that of the deviation about 1.3 / sqrt(2 n) here
        assert draws.mean() == pytest.approx(mean, abs=4 * deviation / np.sqrt(200_000))
        assert draws.std() == pytest.approx(deviation, abs=4 * deviation / np.sqrt(200_000))
        # the distribution function at points of the grid, four of its largest standard errors
        for point in (-1.5, -1.0, -0.5, 1.0, 3.0):
            below = point >= gaussian_table.GRID
            expected = np.trapezoid(gaussian_table.MIXTURE_DENSITY[below], gaussian_table.GRID[below])
            assert np.mean(draws <= point) == pytest.approx(expected, abs=4 * 0.5 / np.sqrt(200_000))


class TestNearest:
    def test_of_kl_it_has_the_mixtures_moments(self):
        mu, sigma, divergence = gaussian_table.nearest("kl")
        assert (mu, sigma) == pytest.approx(moments(), abs=1e-5)
        assert divergence == pytest.approx(divergence_from(*moments(), "kl"), abs=1e-9)

    @pytest.mark.parametrize("name", ["reverse_kl", "sgan", "jeffreys", "neyman"])
    def test_no_neighbour_is_nearer(self, name):
        mu, sigma, least = gaussian_table.nearest(name)
        for step in (0.01, -0.01):
            assert divergence_from(mu + step, sigma, name) > least + 1e-6
            assert divergence_from(mu, sigma + step, name) > least + 1e-6


@pytest.mark.slow
def test_a_short_fit_comes_nearer_and_its_bound_stays_below():
    settings = STUDY.presets["smoke"].replace({"divergence": "kl", "steps": 300})
    found = STUDY.perform(settings, None)
    assert [row["step"] for row in found["trace"]] == list(range(6, 301, 6))
    assert found["trace"][-1] == {"step": 300, "mu": found["mu"], "sigma": found["sigma"]}
    first = divergence_from(settings.initial_mu, settings.initial_sigma, "kl")
    assert found["divergences"]["KL"] < 0.97 * first
    assert found["bound"] < found["divergences"]["KL"] + 4 * found["bound_standard_error"]
    assert found["bound"] > 0.1  # T has learnt


def test_the_tables_mark_what_is_least():
    def fit(title, mu):
        best = dict(zip(("mu", "sigma", "divergence"), (1.0, 2.0, 0.1), strict=True))
        divergences = {name: 0.5 if name == title else 0.7 for name in DIVERGENCES}
        return {
            "variant": title,
            "seed": 0,
            "mu": mu,
            "sigma": 2.01,
            "nearest": best,
            "bound": 0.2,
            "bound_standard_error": 0.01,
            "divergences": divergences,
        }

    record = {"flags": {"steps": 100, "batch_size": 64}, "runs": [fit(title, 1.03) for title in DIVERGENCES]}
    lines = STUDY.table(record).splitlines()
    assert lines[0] == "100 steps of 64 draws, one seed (0)."
    assert lines[4] == "| KL | 1.030 | 1.000 | 2.010 | 2.000 | 0.030 | 0.2000 ± 0.0100 | 0.5000 | 0.1000 |"
    assert miss(record["runs"][0]) == pytest.approx(0.03)
    others = " | ".join(["0.7000"] * (len(DIVERGENCES) - 1))
    assert lines[-len(DIVERGENCES)] == f"| KL | **0.5000** | {others} |"

"""A Gaussian fitted to a mixture of two, by f-divergences: the experiment of Nowozin et al. 2016, section 2.4.

The mixture's density is known, and so are, by quadrature, the Gaussian that is nearest under each divergence and how
near it is. Adversarial training, which knows only draws, should find the same.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reproductions.harness.claim import Below, Claim, paired
from reproductions.harness.options import Options, option
from reproductions.harness.study import Study
from reproductions.reporting import figures, markdown, summary

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# N(2, 2) has the variance 2. The paper's table agrees with this reading: its KL optimum is the mixture's own moments.
WEIGHTS, MEANS, DEVIATIONS = (0.33, 0.67), (-1.0, 2.0), (0.2548, math.sqrt(2.0))

# Divergences by their name here: the paper's, then the rest of the post's. JS is written without its half in the paper,
# which makes it the standard GAN's own.
OF_THE_PAPER = {
    "KL": "kl",
    "reverse KL": "reverse_kl",
    "JS": "sgan",
    "Jeffreys": "jeffreys",
    "(p - q)²/q": "neyman",
}
OTHERS = {
    "(p - q)²/p": "pearson",
    "squared Hellinger": "hellinger",
    "total variation": "total_variation",
}
DIVERGENCES = OF_THE_PAPER | OTHERS
TOLERANCE = 0.05


@dataclass(frozen=True, kw_only=True)
class Settings(Options):
    """A Gaussian against a mixture."""

    divergence: str = option("kl", "Which f-divergence the discriminator estimates.")
    seed: int = option(0, "Seed of everything random.", at_least=0)
    steps: int = option(6_000, "Training steps.", at_least=50)
    batch_size: int = option(512, "Draws per update.", at_least=2)
    widths: tuple[int, ...] = option((64, 64), "Units of the discriminator's hidden layers.", at_least=1)
    initial_mu: float = option(0.5, "Where mu begins.")
    initial_sigma: float = option(2.0, "Where sigma begins.", above=0)
    discriminator_steps: int = option(3, "Updates of the discriminator per step.", at_least=1)
    generator_learning_rate: float = option(2e-3, "Adam's learning rate for mu and sigma, at first.", above=0)
    discriminator_learning_rate: float = option(4e-3, "Adam's learning rate for the discriminator, at first.", above=0)
    ema_momentum: float = option(0.998, "Momentum of the average of mu and sigma.", at_least=0, at_most=0.9999)
    bound_draws: int = option(200_000, "Draws on which the bound is measured.", at_least=1)


def perform(settings: Settings, data_dir: str | None) -> dict:
    """One fit; its mu and sigma beside the best, the bound that T has learnt, and the divergence by all of them."""
    from reproductions.experiments import gaussian_table

    return gaussian_table.perform(settings, data_dir)


def miss(fit: dict) -> float:
    """How far mu or sigma, whichever is farther, is from that of the nearest Gaussian."""
    return max(abs(fit[name] - fit["nearest"][name]) for name in ("mu", "sigma"))


def table(record: dict) -> str:
    """The fits beside the best Gaussians; then each fit measured under all divergences."""
    runs = summary.by_variant(record)
    return "\n".join([f"{_conditions(record)}.", "", _fits(runs), "", _cross_table(runs)])


def _conditions(record: dict) -> str:
    flags = record["flags"]
    return f"{flags['steps']} steps of {flags['batch_size']} draws, {summary.seeds(record)}"


def _fits(runs: dict[str, list[dict]]) -> str:
    columns = ("divergence", "mu", "mu*", "sigma", "sigma*", "largest miss", "bound", "D", "D*")
    rows = []
    for title, fits in runs.items():
        best = fits[0]["nearest"]
        rows.append(
            [
                title,
                markdown.spread([fit["mu"] for fit in fits], digits=3),
                f"{best['mu']:.3f}",
                markdown.spread([fit["sigma"] for fit in fits], digits=3),
                f"{best['sigma']:.3f}",
                f"{max(map(miss, fits)):.3f}",
                f"{fits[0]['bound']:.4f} ± {fits[0]['bound_standard_error']:.4f}",
                f"{fits[0]['divergences'][title]:.4f}",
                f"{best['divergence']:.4f}",
            ]
        )
    return markdown.table(columns, rows)


def _cross_table(runs: dict[str, list[dict]]) -> str:
    """Rows: what was trained; columns: under what it is measured. The least of a column is bold.

    Columns are those divergences that every run of the record was measured under.
    """
    from statistics import mean

    names = [name for name in DIVERGENCES if all(name in fit["divergences"] for fits in runs.values() for fit in fits)]
    values = {
        title: {name: mean(fit["divergences"][name] for fit in fits) for name in names} for title, fits in runs.items()
    }
    least = {name: min(row[name] for row in values.values()) for name in names}

    def cell(value: float, name: str) -> str:
        return f"**{value:.4f}**" if value == least[name] else f"{value:.4f}"

    rows = [[title, *(cell(row[name], name) for name in names)] for title, row in values.items()]
    return markdown.table(("trained under, measured under", *names), rows)


def figure(record: dict) -> Figure:
    """The mixture and each fit beside the best Gaussian; then mu and sigma on their way, less the best."""
    import numpy as np

    def normal(mean: float, deviation: float) -> np.ndarray:
        return np.exp(-(((shown - mean) / deviation) ** 2) / 2) / (deviation * math.sqrt(2 * math.pi))

    drawn = f"curves of seed {record['runs'][0]['seed']}"
    made = figures.of_record(record, f"{_conditions(record)}; {drawn}", 9, 9.5)
    densities, *traces = made.subplots(3, 1, height_ratios=(2, 1, 1))
    shown = np.linspace(-5, 8, 600)
    parts = zip(WEIGHTS, MEANS, DEVIATIONS, strict=True)
    mixture = sum(weight * normal(mean, deviation) for weight, mean, deviation in parts)
    densities.plot(shown, mixture, color="black", label="mixture p")
    densities.set(xlim=(-5, 8), xlabel="x", ylabel="density")
    for colour, (title, fits) in enumerate(summary.by_variant(record).items()):
        fit, style = fits[0], {"color": f"C{colour}"}
        densities.plot(shown, normal(fit["mu"], fit["sigma"]), **style, label=f"{title}, trained")
        best = normal(fit["nearest"]["mu"], fit["nearest"]["sigma"])
        label = None if colour else "the best of each"
        densities.plot(shown, best, "--", color="black", linewidth=0.8, label=label)
        for axes, name in zip(traces, ("mu", "sigma"), strict=True):
            steps = [row["step"] for row in fit["trace"]]
            axes.plot(steps, [row[name] - fit["nearest"][name] for row in fit["trace"]], **style)
    for axes, name in zip(traces, ("mu", "sigma"), strict=True):
        axes.axhspan(-TOLERANCE, TOLERANCE, color="0.9")
        axes.set(xlabel="steps", ylabel=f"{name} - {name}*", ylim=(-0.4, 0.4))
    densities.legend()
    return made


def _claim(key: str, over: str, divergences: Mapping[str, str]) -> Claim:
    return Claim(
        key=key,
        topic="divergences find their nearest Gaussians",
        sentence=f"Adversarial training under an f-divergence finds what is nearest under it, {over}.",
        statistic=f"largest distance of mu or sigma from that of the nearest Gaussian, {over}",
        rule=Below(TOLERANCE),
        values=lambda record: [max(row) for row in paired(record, divergences, miss)],
    )


STUDY = Study(
    question="A Gaussian fitted to 0.33 N(-1, 0.2548²) + 0.67 N(2, 2) by adversarial training",
    variants={title: {"divergence": name} for title, name in DIVERGENCES.items()},
    claims=(
        _claim("G1.1", "over the paper's five divergences", OF_THE_PAPER),
        _claim("G1.2", "over (p - q)²/p, squared Hellinger and total variation", OTHERS),
    ),
    perform=perform,
    presets={"smoke": Settings(steps=100, batch_size=64, bound_draws=1_000), "laptop": Settings()},
    seeds=(0, 1, 2),
    minutes=1.2,
    table=table,
    figure=figure,
)

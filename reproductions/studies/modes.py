"""25 Gaussians on a grid: which GANs find all modes of a mixture, and how soon.

The grid of Lin et al. 2018 (PacGAN, arXiv 1712.04086, section 4.1): centres at -4, -2, 0, 2 and 4 in both directions,
each with the standard deviation 0.05.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from reproductions.harness.options import Options, option
from reproductions.harness.study import Study
from reproductions.reporting import figures, markdown, summary
from reproductions.studies import budgets
from reproductions.studies.search import Search, alike, rates

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CENTERS = tuple(itertools.product((-4.0, -2.0, 0.0, 2.0, 4.0), repeat=2))
DEVIATION = 0.05


@dataclass(frozen=True, kw_only=True)
class Settings(Options):
    """A GAN in the plane."""

    model: Literal["gan", "rsgan"] = option("gan", "Standard GAN or RSGAN.")
    pairs: Literal["position", "average"] = option("position", "RSGAN: what is compared; average: RaSGAN.")
    spectral_normalization: Literal["none", "persistent"] = option("none", "How the discriminator is normalised.")
    score_scale: float = option(
        20.0,
        "By what the discriminator's last layer is multiplied. With spectral normalisation a score rises by at most "
        "this much from one point to another at distance 1, by 0.15 times as much over three standard deviations.",
        above=0,
    )
    generator_steps: int = option(1, "Updates of the generator per step.", at_least=1)
    seed: int = option(0, "Seed of everything random.", at_least=0)
    steps: int = option(16_000, "Training steps; in these the rates fall to a hundredth, along a cosine.", at_least=1)
    batch_size: int = option(128, "Draws per update.", at_least=2)
    latent_dim: int = option(2, "Dimension of the latents.", at_least=1)
    widths: tuple[int, ...] = option((128, 128, 128), "Units of the hidden layers of both networks.", at_least=1)
    generator_learning_rate: float = option(2e-3, "Adam's learning rate for the generator.", above=0)
    discriminator_learning_rate: float = option(4e-3, "Adam's learning rate for the discriminator.", above=0)
    evaluate_every: int = option(250, "Steps between two evaluations.", at_least=1)
    evaluation_samples: int = option(2_500, "Samples per evaluation.", at_least=1)
    samples_shown: int = option(1_000, "Samples that are kept for the figure.", at_least=1)


PRESETS = {
    "smoke": Settings(steps=40, batch_size=32, evaluate_every=20, evaluation_samples=100),
    "laptop": Settings(),
}
MODELS: dict[str, dict[str, Any]] = {
    "SGAN": {"model": "gan", "pairs": "position", "spectral_normalization": "none"},
    "SNGAN": {"model": "gan", "pairs": "position", "spectral_normalization": "persistent"},
    "RSGAN": {"model": "rsgan", "pairs": "position", "spectral_normalization": "none"},
    "RSGAN with SN": {"model": "rsgan", "pairs": "position", "spectral_normalization": "persistent"},
    "RaSGAN": {"model": "rsgan", "pairs": "average", "spectral_normalization": "none"},
}


def missed(run: dict) -> float:
    """What is smallest if all modes are found and all samples are good: 1 less the product of the two shares."""
    last = run["evaluations"][-1]
    return 1 - last["modes_found"] / len(CENTERS) * last["good_share"]


# By good samples alone the best could be a generator of a single sharp mode.
SEARCH = Search(
    script="rsgan",
    name="modes_rates",
    contestants={
        f"{title}, 1:{generator_steps}": variant | {"generator_steps": generator_steps}
        for generator_steps in (1, 2)
        for title, variant in MODELS.items()
    },
    grid={
        **alike(2e-4, 5e-4, 2e-3),
        "rates 4e-3 and 2e-3": rates(4e-3, 2e-3),
        "rates 8e-3 and 1e-3": rates(8e-3, 1e-3),
        "rates 8e-3 and 5e-4": rates(8e-3, 5e-4),
    },
    usual="rates 4e-3 and 2e-3",
    distance=missed,
    ends=("rates 2e-4", "rates 8e-3 and 1e-3", "rates 8e-3 and 5e-4"),
    in_words="1 - (share of modes found) x (share of good samples)",
)


def perform(settings: Settings, data_dir: str | None) -> dict:
    """One training; what its samples cover on the way, and some of the last ones."""
    from reproductions.experiments import modes

    return modes.perform(settings, data_dir)


def table(record: dict) -> str:
    """One row per variant: what is covered at the end, and since when."""
    columns = ("variant", "modes found", "share of good samples", "KL from uniform (nats)", "steps to 25 modes")
    rows = []
    for title, runs in summary.by_variant(record).items():
        last = [run["evaluations"][-1] for run in runs]
        measured = [
            markdown.spread([row[name] for row in last]) for name in ("modes_found", "good_share", "kl_from_uniform")
        ]
        rows.append([title, *measured, ", ".join(_steps_to_all(run) for run in runs)])
    return f"{_conditions(record)}.\n\n{markdown.table(columns, rows)}"


def _steps_to_all(run: dict) -> str:
    """The first evaluated step at which every mode was found."""
    steps = [row["step"] for row in run["evaluations"] if row["modes_found"] == len(CENTERS)]
    return str(steps[0]) if steps else "never"


def _conditions(record: dict) -> str:
    flags = record["flags"]
    drawn = f"{flags['evaluation_samples']} samples per evaluation"
    return f"{flags['steps']} steps of {flags['batch_size']}, {drawn}, {summary.seeds(record)}"


def search_table(record: dict) -> str:
    """The table of the search, and what was chosen."""
    return f"{table(record)}\n\n{SEARCH.choice(record)}"


def search_figure(record: dict) -> Figure:
    """Modes found and good samples at the end, one row per variant."""
    variants = summary.by_variant(record)
    made = figures.of_record(record, _conditions(record), 9, 1.9 + 0.22 * len(variants))
    axes = made.subplots()
    for name, most, marker, label in (
        ("modes_found", len(CENTERS), "|", "modes found, of 25"),
        ("good_share", 1, "o", "good samples"),
    ):
        shares = [
            (run["evaluations"][-1][name] / most, row) for row, runs in enumerate(variants.values()) for run in runs
        ]
        axes.plot(*zip(*shares, strict=True), marker, markersize=7, label=label)
    axes.set_yticks(range(len(variants)), list(variants))
    axes.set(xlabel="share after the last step", xlim=(-0.02, 1.02), ylim=(len(variants) - 0.5, -0.5))
    axes.grid(alpha=0.3)
    made.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return made


def figure(record: dict) -> Figure:
    """Modes found and good samples against steps, means over the seeds; below, samples of the first seed."""
    import numpy as np

    variants = summary.by_variant(record)
    columns = (len(variants) + 1) // 2
    made = figures.of_record(record, _conditions(record), 2.6 * columns, 10)
    curves, scatters = np.asarray(made.subfigures(2, 1, height_ratios=(1, 1.3)))
    panels = curves.subplots(1, 2)
    for title, runs in variants.items():
        steps = [row["step"] for row in runs[0]["evaluations"]]
        for axes, name in zip(panels, ("modes_found", "good_share"), strict=True):
            values = np.mean([[row[name] for row in run["evaluations"]] for run in runs], axis=0)
            axes.plot(steps, values, "--" if title.endswith("1:2") else "-", label=title)
    panels[0].set(xlabel="steps", ylabel="modes found, of 25", ylim=(0, 26))
    panels[1].set(xlabel="steps", ylabel="share of good samples", ylim=(0, 1))
    curves.legend(*panels[0].get_legend_handles_labels(), loc="outside right center")
    for axes, (title, runs) in zip(scatters.subplots(2, columns).flat, variants.items(), strict=False):
        axes.plot(*np.transpose(CENTERS), "+", color="0.7", markersize=9)
        axes.plot(*np.transpose(runs[0]["samples"]), ".", markersize=2)
        axes.set(title=title, xlim=(-5, 5), ylim=(-5, 5), xticks=[], yticks=[], aspect="equal")
    return made


RATES = replace(
    SEARCH.study("laptop", {}, minutes=1),
    perform=perform,
    presets=PRESETS,
    table=search_table,
    figure=search_figure,
)
STUDY = Study(
    question="25 Gaussians on a grid: modes found, and share of samples within three standard deviations of one",
    variants=SEARCH.winners(),
    search=SEARCH.name,
    perform=perform,
    presets=PRESETS,
    seeds=budgets.SEEDS,
    minutes=1,
    table=table,
    figure=figure,
)
STUDIES = {"modes_rates": RATES, "modes": STUDY}

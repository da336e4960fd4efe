"""25 Gaussians on a grid: which GANs find all modes of a mixture, and how soon.

The grid of Lin et al. 2018 (PacGAN, arXiv 1712.04086, section 4.1): centres at -4, -2, 0, 2 and 4 in both directions,
each with the standard deviation 0.05.
"""

import itertools
from pathlib import Path
from types import SimpleNamespace

import keras
import matplotlib
import numpy as np
import tensorflow_probability as tfp

from keras_gen import datasets, metrics
from keras_gen.models import GAN, RSGAN
from keras_gen.networks import mlp
from reproductions.harness import markdown, summary
from reproductions.harness.study import Experiment

matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402

tfd = tfp.distributions

CENTERS = np.array(list(itertools.product((-4.0, -2.0, 0.0, 2.0, 4.0), repeat=2)), np.float32)
DEVIATION = 0.05


def mixture() -> tfd.Distribution:
    """The data's distribution in the plane."""
    deviations = np.full_like(CENTERS, DEVIATION)
    return tfd.MixtureSameFamily(
        tfd.Categorical(logits=np.zeros(len(CENTERS), np.float32)), tfd.MultivariateNormalDiag(CENTERS, deviations)
    )


def perform(settings: SimpleNamespace, data_dir: str | None) -> dict:
    """One training; what its samples cover on the way, and some of the last ones."""
    del data_dir
    model = _model(settings)
    coverage = _Coverage(settings)
    model.fit(
        datasets.draws(mixture(), settings.batch_size * model.real_batches_per_step, settings.seed),
        steps_per_epoch=settings.evaluate_every,
        epochs=settings.steps // settings.evaluate_every,
        shuffle=False,
        verbose=0,
        callbacks=[coverage],
    )
    shown = model.sample(settings.samples_shown, seed=0).numpy()
    return {"evaluations": coverage.rows, "samples": np.round(shown.astype(float), 3).tolist()}


def _model(settings: SimpleNamespace) -> GAN:
    generator = mlp(settings.latent_dim, 2, settings.widths, seed=settings.seed, name="generator")
    discriminator = mlp(
        2,
        1,
        settings.widths,
        spectral_normalization=settings.spectral_normalization,
        seed=settings.seed,
        name="discriminator",
    )
    arguments = {"generator_steps": settings.generator_steps, "seed": settings.seed}
    if settings.model == "gan":
        model = GAN(generator, discriminator, **arguments)
    else:
        model = RSGAN(generator, discriminator, pairs=settings.pairs, **arguments)
    model.compile(
        keras.optimizers.Adam(settings.generator_learning_rate, beta_1=0.5),
        keras.optimizers.Adam(settings.discriminator_learning_rate, beta_1=0.5),
    )
    return model


class _Coverage(keras.callbacks.Callback):
    """Measures the samples at the end of every epoch, always from the same latents."""

    def __init__(self, settings: SimpleNamespace):
        super().__init__()
        self.settings = settings
        self.rows: list[dict] = []

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        samples = self.model.sample(self.settings.evaluation_samples, seed=0).numpy()
        found = metrics.mode_coverage(samples, CENTERS, DEVIATION)
        self.rows.append({"step": (epoch + 1) * self.settings.evaluate_every, **found})


def table(record: dict) -> str:
    """A row a variant: what is covered at the end, and since when."""
    columns = ("variant", "modes found", "share of good samples", "KL from uniform (nats)", "steps to 25 modes")
    rows = []
    for title, runs in summary.by_variant(record).items():
        last = [run["evaluations"][-1] for run in runs]
        rows.append(
            [
                title,
                markdown.spread([row["modes_found"] for row in last]),
                markdown.spread([row["good_share"] for row in last]),
                markdown.spread([row["kl_from_uniform"] for row in last]),
                ", ".join(_steps_to_all(run) for run in runs),
            ]
        )
    return f"{_conditions(record)}.\n\n{markdown.table(columns, rows)}"


def _steps_to_all(run: dict) -> str:
    """The first evaluated step at which every mode was found."""
    steps = [row["step"] for row in run["evaluations"] if row["modes_found"] == len(CENTERS)]
    return str(steps[0]) if steps else "never"


def _conditions(record: dict) -> str:
    flags = record["flags"]
    drawn = f"{flags['evaluation_samples']} samples an evaluation"
    return f"{flags['steps']} steps of {flags['batch_size']}, {drawn}, {summary.seeds(record)}"


def plot(record: dict, path: Path) -> None:
    """Modes found and good samples against steps, means over the seeds; below, samples of the first seed."""
    variants = summary.by_variant(record)
    columns = (len(variants) + 1) // 2
    figure = plt.figure(figsize=(2.6 * columns, 10), layout="constrained")
    curves, scatters = figure.subfigures(2, 1, height_ratios=(1, 1.3))
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
        axes.plot(*CENTERS.T, "+", color="0.7", markersize=9)
        axes.plot(*np.transpose(runs[0]["samples"]), ".", markersize=2)
        axes.set(title=title, xlim=(-5, 5), ylim=(-5, 5), xticks=[], yticks=[], aspect="equal")
    figure.suptitle(f"{record['question']}\n{_conditions(record)}", fontsize=10)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=100)
    plt.close(figure)


MODELS = {
    "SGAN": {"model": "gan", "pairs": "position", "spectral_normalization": "none"},
    "SNGAN": {"model": "gan", "pairs": "position", "spectral_normalization": "persistent"},
    "RSGAN": {"model": "rsgan", "pairs": "position", "spectral_normalization": "none"},
    "RSGAN with SN": {"model": "rsgan", "pairs": "position", "spectral_normalization": "persistent"},
    "RaSGAN": {"model": "rsgan", "pairs": "average", "spectral_normalization": "none"},
}

LAPTOP = {
    "steps": 12_000,
    "batch_size": 256,
    "latent_dim": 2,
    "widths": [128, 128],
    "generator_learning_rate": 5e-4,
    "discriminator_learning_rate": 2e-3,
    "evaluate_every": 200,
    "evaluation_samples": 2_500,
    "samples_shown": 1_000,
}

STUDY = Experiment(
    question="25 Gaussians on a grid: modes found, and share of samples within three standard deviations of one",
    settings={
        "smoke": LAPTOP | {"steps": 40, "batch_size": 32, "evaluate_every": 20, "evaluation_samples": 100},
        "laptop": LAPTOP,
    },
    variants={
        f"{title}, 1:{generator_steps}": variant | {"generator_steps": generator_steps}
        for generator_steps in (1, 2)
        for title, variant in MODELS.items()
    },
    perform=perform,
    table=table,
    plot=plot,
)

"""What keeps a classifier insensitive, and whether that makes it generalise: four regularisers, few data and many.

The post on Lipschitz constraints argues for the spectral norm (equation 16) over L2 (equations 11 and 12), and leaves
the gradient penalty as an exercise. Each strength is the one of its grid that is best on held-out training images.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from reproductions.harness.claim import Above, Claim, of_means
from reproductions.harness.numbers import significant
from reproductions.harness.options import Options, option
from reproductions.harness.study import Study
from reproductions.reporting import figures, markdown, summary

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# What the strength multiplies has another size for each method.
STRENGTHS = {
    "nothing": (0.0,),
    "L2": (1e-5, 1e-4, 1e-3, 1e-2, 1e-1),
    "spectral norm": (1e-4, 1e-3, 1e-2, 1e-1, 1.0),
    "gradient penalty": (1e-4, 1e-3, 1e-2, 1e-1, 1.0),
}
# By data set and number of training images (None: all), the methods. The gradient penalty, whose steps take twice as
# long, is in no claim.
COMPARED: dict[tuple[str, int | None], tuple[str, ...]] = {
    ("fashion_mnist", 2_000): tuple(STRENGTHS),
    ("fashion_mnist", None): ("nothing", "L2", "spectral norm"),
    ("cifar10", None): ("nothing", "L2", "spectral norm"),
}
# Passes over the images; after so many a LeNet overfits CIFAR-10.
MIN_PASSES = {"fashion_mnist": 3, "cifar10": 15}


@dataclass(frozen=True, kw_only=True)
class Settings(Options):
    """A classifier and its regulariser."""

    dataset: str = option("mnist_5k", "Name of a data set with labels.")
    num_images: int | None = option(None, "Training images, as many of each class; by default all.", at_least=1)
    method: Literal["nothing", "L2", "spectral norm", "gradient penalty"] = option("nothing", "The regulariser.")
    strengths: tuple[float, ...] = option((0.0,), "Its strengths to choose from.", at_least=0)
    seed: int = option(0, "Seed of everything random.", at_least=0)
    steps: int = option(1_200, "Training steps.", at_least=1)
    min_passes: int = option(3, "Passes over the images that the steps must make at least.", at_least=0)
    batch_size: int = option(64, "Images per step.", at_least=1)
    learning_rate: float = option(1e-3, "Adam's learning rate, at first.", above=0)
    change_norm: float = option(1.0, "Euclidean norm of the changes that sensitivity is measured with.", above=0)
    epsilon: float = option(0.2, "Largest change of a pixel under attack.", above=0)
    attacked_images: int = option(2_000, "Test images that are changed, at most.", at_least=1)


def perform(settings: Settings, data_dir: str | None) -> dict:
    """Chooses the strength on held-out images, trains on all images of the given number, and measures."""
    from reproductions.experiments import generalization

    return generalization.perform(settings, data_dir)


def table(record: dict) -> str:
    """For each data set and number of images one row per method; then the norms of the layers."""
    runs = summary.by_variant(record)
    flags = record["flags"]
    passes = {run["flags"]["dataset"]: run["flags"]["min_passes"] for run in record["runs"]}
    least = ", ".join(f"{number} over {dataset}" for dataset, number in passes.items())
    conditions = (
        f"LeNet, {flags['steps']} steps of {flags['batch_size']}, but at least these passes: {least}; "
        f"{summary.seeds(record)}. Changes of norm {flags['change_norm']} and an attack of {flags['epsilon']} per "
        f"pixel, images being in [-1, 1]; on {flags['attacked_images']} test images at most. A strength with * is "
        "at an end of its grid. Norms are those of the first seed."
    )
    return "\n".join([conditions, "", markdown.table(_COLUMNS, map(_row, runs.values())), "", _norm_table(runs)])


_COLUMNS = (
    "data, images, regulariser",
    "strength",
    "test accuracy",
    "gap to training accuracy",
    "sensitivity, random",
    "sensitivity, gradient",
    "accuracy under FGSM",
)


def _row(runs: list[dict]) -> list[str]:
    return [
        runs[0]["variant"],
        ", ".join(map(_strength, runs)),
        markdown.spread([run["test_accuracy"] for run in runs], digits=3),
        markdown.spread([gap(run) for run in runs], digits=3),
        markdown.spread([run["sensitivity"]["random"] for run in runs]),
        markdown.spread([run["sensitivity"]["gradient"] for run in runs]),
        markdown.spread([run["attacked_accuracy"] for run in runs], digits=3),
    ]


def _strength(run: dict) -> str:
    grid = run["flags"]["strengths"]
    return f"{run['strength']:g}{'*' if len(grid) > 1 and run['strength'] in (min(grid), max(grid)) else ''}"


def gap(run: dict) -> float:
    """Training accuracy less test accuracy."""
    return run["train_accuracy"] - run["test_accuracy"]


def _norm_table(runs: dict[str, list[dict]]) -> str:
    """|W|_2 of each layer; products over the layers of |W|_2, |W|_F and of the layers' own Lipschitz constants."""
    layers = list(next(iter(runs.values()))[0]["norms"]["spectral"])
    columns = ("data, images, regulariser", *layers, "product", "product of ‖W‖_F", "Lipschitz bound")

    def row(title: str, of_variant: list[dict]) -> list[str]:
        norms = of_variant[0]["norms"]
        products = [math.prod(norms[norm].values()) for norm in ("spectral", "frobenius", "operator")]
        return [title, *(significant(norms["spectral"][layer]) for layer in layers), *map(significant, products)]

    return markdown.table(columns, [row(title, of_variant) for title, of_variant in runs.items()])


PANELS: dict[str, Callable[[dict], float]] = {
    "test accuracy": lambda run: run["test_accuracy"],
    "gap to training accuracy": gap,
    "sensitivity along the gradient": lambda run: run["sensitivity"]["gradient"],
    "accuracy under FGSM": lambda run: run["attacked_accuracy"],
}


def figure(record: dict) -> Figure:
    """What is measured with each method: a dot for every seed. A row for each data set and number of images."""
    made = figures.of_record(record, summary.seeds(record), 15, 7.5)
    variants = summary.by_variant(record)
    grid = made.subplots(len(COMPARED), len(PANELS), squeeze=False)
    for row, ((dataset, size), methods) in zip(grid, COMPARED.items(), strict=True):
        for axes, (name, value) in zip(row, PANELS.items(), strict=True):
            for place, method in enumerate(methods):
                values = [value(run) for run in variants.get(_title(dataset, size, method), [])]
                axes.plot(values, [place] * len(values), "o", color=f"C{place}", alpha=0.7)
            axes.set(title=f"{_data(dataset, size)}:\n{name}", ylim=(len(methods) - 0.5, -0.5))
            axes.set_yticks(range(len(methods)), methods if axes is row[0] else [""] * len(methods))
            if name.startswith("sensitivity"):
                axes.set_xlim(0, 1.05 * axes.get_xlim()[1])
            axes.grid(alpha=0.3)
    return made


def _data(dataset: str, size: int | None) -> str:
    return f"{dataset}, {size or 'all'}"


def _title(dataset: str, size: int | None, method: str) -> str:
    return f"{_data(dataset, size)}, {method}"


def _claim(number: int, dataset: str, size: int | None, on: str) -> Claim:
    titles = [_title(dataset, size, method) for method in ("spectral norm", "L2", "nothing")]
    return Claim(
        key=f"L1.{number}",
        topic="spectral norms generalise better than L2",
        sentence=f"Regularising the spectral norm generalises better than L2, and than nothing, here on {on}.",
        statistic="test accuracy, with the spectral norm less that of the better of L2 and nothing",
        rule=Above(0),
        values=of_means(
            titles, lambda run: run["test_accuracy"], lambda means: means[0] - max(means[1:]), broke_down=-math.inf
        ),
    )


STUDY = Study(
    question="A classifier with nothing, L2, the spectral norm or a gradient penalty, on few and on many images",
    variants={
        _title(dataset, size, method): {
            "dataset": dataset,
            "num_images": size,
            "method": method,
            "strengths": STRENGTHS[method],
            "min_passes": MIN_PASSES[dataset],
        }
        for (dataset, size), methods in COMPARED.items()
        for method in methods
    },
    claims=(
        _claim(1, "fashion_mnist", 2_000, "2,000 clothes"),
        _claim(2, "fashion_mnist", None, "all clothes"),
        _claim(3, "cifar10", None, "CIFAR-10"),
    ),
    perform=perform,
    minutes=3,
    seeds=(0, 1, 2, 3, 4),
    presets={
        "smoke": Settings(steps=5, min_passes=0, batch_size=16, attacked_images=50),
        "laptop": Settings(),
    },
    table=table,
    figure=figure,
)

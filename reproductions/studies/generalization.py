"""What keeps a classifier insensitive, and whether that makes it generalise: four regularisers, few data and many.

The post on Lipschitz constraints argues for the spectral norm (equation 16) over L2 (equations 11 and 12), and leaves
the gradient penalty as an exercise. Each strength is the one of its grid that is best on a validation split of the
training images.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import mean
from typing import TYPE_CHECKING, Literal

from reproductions.harness.claim import Above, Claim, paired
from reproductions.harness.numbers import significant
from reproductions.harness.options import Options, option
from reproductions.harness.study import Study
from reproductions.reporting import figures, markdown, summary

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# What the strength multiplies has another size for each method.
STRENGTHS = {
    "nothing": (0.0,),
    "L2": (1e-5, 1e-4, 1e-3, 1e-2),
    "spectral norm": (1e-4, 1e-3, 1e-2, 1e-1),
    "gradient penalty": (1e-4, 1e-3, 1e-2, 1e-1),
}
# Numbers of training images (None: all), and passes over them; after so many a LeNet overfits CIFAR-10.
DATASETS: dict[str, tuple[int | None, ...]] = {"fashion_mnist": (2_000, None), "cifar10": (None,)}
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
    """Chooses the strength on a validation split, trains on all images of the given number, and measures."""
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
        f"pixel, images being in [-1, 1]; on {flags['attacked_images']} test images at most."
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
        ", ".join(f"{run['strength']:g}" for run in runs),
        markdown.spread([run["test_accuracy"] for run in runs], digits=3),
        markdown.spread([gap(run) for run in runs], digits=3),
        markdown.spread([run["sensitivity"]["random"] for run in runs]),
        markdown.spread([run["sensitivity"]["gradient"] for run in runs]),
        markdown.spread([run["attacked_accuracy"] for run in runs], digits=3),
    ]


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
    """What is measured against the number of images, one line per method: means over the seeds. A row per data set."""
    made = figures.of_record(record, summary.seeds(record), 15, 7.5)
    grid = made.subplots(len(DATASETS), len(PANELS), squeeze=False)
    for row, dataset in zip(grid, DATASETS, strict=True):
        for axes, (name, value) in zip(row, PANELS.items(), strict=True):
            for method in STRENGTHS:
                of_line = [run for run in record["runs"] if run["flags"]["dataset"] == dataset]
                of_line = [run for run in of_line if run["flags"]["method"] == method]
                sizes = sorted({run["num_images"] for run in of_line})
                means = [mean(value(run) for run in of_line if run["num_images"] == size) for size in sizes]
                axes.plot(sizes, means, marker=".", label=method)
            axes.set(xscale="log", title=f"{dataset}:\n{name}", xlabel="training images")
            axes.set_xticks(sizes, sizes)
            axes.minorticks_off()
            if name.startswith("sensitivity"):
                axes.set_ylim(bottom=0)
            axes.grid(alpha=0.3, which="both")
    made.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=len(STRENGTHS))
    return made


def _title(dataset: str, size: int | None, method: str) -> str:
    return f"{dataset}, {size or 'all'}, {method}"


def spectral_norm_less_l2(record: dict) -> list[float]:
    """Test accuracy under the spectral norm less that under L2, mean over data sets and numbers of images."""
    titles = [
        [_title(dataset, size, method) for dataset, sizes in DATASETS.items() for size in sizes]
        for method in ("spectral norm", "L2")
    ]
    rows = paired(record, [*titles[0], *titles[1]], lambda run: run["test_accuracy"], -math.inf)
    return [mean(row[: len(titles[0])]) - mean(row[len(titles[0]) :]) for row in rows]


STUDY = Study(
    question="A classifier with nothing, L2, a spectral-norm or a gradient penalty, on few and on many images",
    variants={
        _title(dataset, size, method): {
            "dataset": dataset,
            "num_images": size,
            "method": method,
            "strengths": strengths,
            "min_passes": MIN_PASSES[dataset],
        }
        for dataset, sizes in DATASETS.items()
        for size in sizes
        for method, strengths in STRENGTHS.items()
    },
    claims=(
        Claim(
            key="L1",
            topic="spectral norms generalise better than L2",
            sentence="Regularising the spectral norm generalises better than L2.",
            statistic="test accuracy, with the spectral norm less with L2, mean over few and all images of "
            "Fashion-MNIST and all of CIFAR-10",
            rule=Above(0),
            values=spectral_norm_less_l2,
        ),
    ),
    perform=perform,
    minutes=5,
    seeds=(0, 1, 2),
    presets={
        "smoke": Settings(steps=5, min_passes=0, batch_size=16, attacked_images=50),
        "laptop": Settings(),
    },
    table=table,
    figure=figure,
)

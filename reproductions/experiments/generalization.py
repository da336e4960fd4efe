"""What keeps a classifier insensitive, and whether that makes it generalise: four regularisers, three amounts of data.

The post on Lipschitz constraints argues for the spectral norm (equation 16) over L2 (equations 11 and 12), and leaves
the gradient penalty as an exercise. Each strength is the one of its grid that is best on a validation split of the
training images.
"""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import keras
import matplotlib
import numpy as np

from keras_gen import datasets, metrics
from keras_gen.datasets.splits import rows_of_each_class
from keras_gen.metrics.sensitivity import gradient_changes, random_changes
from keras_gen.models import GradientPenalized
from keras_gen.networks.lenet import lenet
from keras_gen.regularizers import SpectralNorm
from reproductions.harness import markdown, summary
from reproductions.harness.study import Experiment

matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402

METHODS = ("nothing", "L2", "spectral norm", "gradient penalty")
# What the strength multiplies has another size for each method.
STRENGTHS = {
    "nothing": [0.0],
    "L2": [1e-4, 1e-3, 1e-2],
    "spectral norm": [1e-3, 1e-2, 1e-1],
    "gradient penalty": [1e-3, 1e-2, 1e-1],
}
DATASETS = ("mnist_5k", "fashion_mnist")
SIZES = (500, 2_000, None)  # None: all


def perform(settings: SimpleNamespace, data_dir: str | None) -> dict:
    """Chooses the strength on the validation split, trains on all images of the given number, and measures."""
    train, test = (datasets.load(settings.dataset, split, None, data_dir) for split in ("train", "test"))
    if settings.num_images is not None:
        train = train.subset(rows_of_each_class(train.labels, settings.num_images, settings.seed))
    several = len(settings.strengths) > 1
    validation = validation_accuracies(settings, train) if several else []
    strength = chosen(validation) if several else settings.strengths[0]
    network = trained(settings, strength, train)
    return {
        "num_images": len(train),
        "validation": validation,
        "strength": strength,
        **measured(settings, network, train, test),
    }


def validation_accuracies(settings: SimpleNamespace, train: datasets.Images) -> list[dict]:
    """The accuracy that each strength of the grid reaches on a fifth of the images when trained on the others."""
    held_out = rows_of_each_class(train.labels, len(train) // 5, settings.seed)
    rest = train.subset(np.setdiff1d(np.arange(len(train)), held_out))
    held_out = train.subset(held_out)
    return [
        {"strength": strength, "accuracy": _accuracy(trained(settings, strength, rest), held_out)}
        for strength in settings.strengths
    ]


def chosen(validation: list[dict]) -> float:
    """The strength of the highest accuracy; of several, the largest."""
    return max(validation, key=lambda row: (row["accuracy"], row["strength"]))["strength"]


def trained(settings: SimpleNamespace, strength: float, images: datasets.Images) -> keras.Model:
    """A LeNet trained under the settings' method with that strength."""
    keras.backend.clear_session()
    regularizer = {"L2": keras.regularizers.L2, "spectral norm": SpectralNorm}.get(settings.method)
    network = lenet(
        images.image_shape,
        images.num_classes,
        kernel_regularizer=regularizer and regularizer(strength),
        seed=settings.seed,
    )
    penalty = strength if settings.method == "gradient penalty" else 0.0
    model = GradientPenalized(network, penalty, seed=settings.seed)
    steps = max(settings.steps, settings.min_passes * len(images) // settings.batch_size)
    model.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(settings.learning_rate, steps)))
    batches = datasets.batches(images, settings.batch_size, settings.seed, with_labels=True)
    model.fit(batches, steps_per_epoch=steps, shuffle=False, verbose=0)
    return network


def measured(settings: SimpleNamespace, network: keras.Model, train: datasets.Images, test: datasets.Images) -> dict:
    """Accuracies, sensitivities of the logits on test images, and the norms of the layers."""
    images, labels = test.to_array(settings.attacked_images), test.labels[: settings.attacked_images]
    attacked = metrics.fast_gradient_sign(network, images, labels, settings.epsilon)
    changes = {
        "random": random_changes(images, settings.change_norm, settings.seed),
        "gradient": gradient_changes(network, images, labels, settings.change_norm),
    }
    moving = {name: change.reshape(len(change), -1).any(axis=1) for name, change in changes.items()}
    return {
        "train_accuracy": _accuracy(network, train),
        "test_accuracy": _accuracy(network, test),
        "attacked_accuracy": metrics.accuracy(network, attacked, labels),
        "sensitivity": {
            name: float(metrics.sensitivity(network, images[moving[name]], change[moving[name]]).mean())
            for name, change in changes.items()
        },
        "norms": {norm: metrics.layer_norms(network, norm) for norm in ("spectral", "frobenius", "operator")},
    }


def _accuracy(network: keras.Model, images: datasets.Images) -> float:
    return metrics.accuracy(network, images.to_array(), images.labels)


def table(record: dict) -> str:
    """For each data set and number of images, a row a method; then the norms of the layers."""
    runs = summary.by_variant(record)
    flags = record["flags"]
    conditions = (
        f"LeNet, {flags['steps']} steps of {flags['batch_size']}, but at least {flags['min_passes']} passes; "
        f"{summary.seeds(record)}. Changes of norm {flags['change_norm']} and an attack of {flags['epsilon']} a pixel, "
        f"images being in [-1, 1]; on {flags['attacked_images']} test images at most."
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
    """|W|_2 a layer, and the products over the layers: of |W|_2, |W|_F and of the layers' own Lipschitz constants."""
    layers = list(next(iter(runs.values()))[0]["norms"]["spectral"])
    columns = ("data, images, regulariser", *layers, "product", "product of ‖W‖_F", "Lipschitz bound")

    def row(title: str, of_variant: list[dict]) -> list[str]:
        norms = of_variant[0]["norms"]
        products = [np.prod(list(norms[norm].values())) for norm in ("spectral", "frobenius", "operator")]
        return [title, *(f"{norms['spectral'][layer]:.3g}" for layer in layers), *(f"{p:.3g}" for p in products)]

    return markdown.table(columns, [row(title, of_variant) for title, of_variant in runs.items()])


PANELS: dict[str, Callable[[dict], float]] = {
    "test accuracy": lambda run: run["test_accuracy"],
    "gap to training accuracy": gap,
    "sensitivity along the gradient": lambda run: run["sensitivity"]["gradient"],
    "accuracy under FGSM": lambda run: run["attacked_accuracy"],
}


def plot(record: dict, path: Path) -> None:
    """What is measured against the number of images, a line a method, means over the seeds; a row a data set."""
    figure, grid = plt.subplots(len(DATASETS), len(PANELS), figsize=(15, 7.5), layout="constrained", squeeze=False)
    for row, dataset in zip(grid, DATASETS, strict=True):
        for axes, (name, value) in zip(row, PANELS.items(), strict=True):
            for method in METHODS:
                of_line = [run for run in record["runs"] if run["flags"]["dataset"] == dataset]
                of_line = [run for run in of_line if run["flags"]["method"] == method]
                sizes = sorted({run["num_images"] for run in of_line})
                means = [np.mean([value(run) for run in of_line if run["num_images"] == size]) for size in sizes]
                axes.plot(sizes, means, marker=".", label=method)
            axes.set(xscale="log", title=f"{dataset}:\n{name}", xlabel="training images")
            axes.set_xticks(sizes, sizes)
            axes.minorticks_off()
            if name.startswith("sensitivity"):
                axes.set_ylim(bottom=0)
            axes.grid(alpha=0.3, which="both")
    figure.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=len(METHODS))
    figure.suptitle(f"{record['question']}\n{summary.seeds(record)}", fontsize=10)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=100)
    plt.close(figure)


LAPTOP = {
    "steps": 1_200,
    "min_passes": 3,
    "batch_size": 64,
    "learning_rate": 1e-3,
    "change_norm": 1.0,
    "epsilon": 0.2,
    "attacked_images": 2_000,
}

STUDY = Experiment(
    question="A classifier with nothing, L2, a spectral-norm or a gradient penalty, on few and on many images",
    settings={
        "smoke": LAPTOP | {"steps": 5, "min_passes": 0, "batch_size": 16, "attacked_images": 50},
        "laptop": LAPTOP,
    },
    variants={
        f"{dataset}, {size or 'all'}, {method}": {
            "dataset": dataset,
            "num_images": size,
            "method": method,
            "strengths": STRENGTHS[method],
        }
        for dataset in DATASETS
        for size in SIZES
        for method in METHODS
    },
    perform=perform,
    table=table,
    plot=plot,
)

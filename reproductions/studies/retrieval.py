"""Do codes retrieve by meaning? Deep InfoMax beside encoders that reconstruct, one that is untrained, PCA and pixels.

All networks have the encoder of the script's preset, all codes but the pixels its size.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import mean
from typing import TYPE_CHECKING, Any, Literal

from reproductions.families.codes import NUM_NEIGHBORS
from reproductions.harness.claim import Above, Below, Claim, of_means, paired
from reproductions.harness.configuration import RunConfiguration
from reproductions.harness.options import option
from reproductions.harness.study import Study
from reproductions.reporting import figures, markdown, prior_term, summary
from reproductions.studies import budgets
from reproductions.studies.settings import extended

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from keras_gen.datasets import Images

# The loss as the post's formulas have it, which is that of the laptop preset.
FORMULAS: dict[str, Any] = {"gamma": 0.001, "global_pairs": "image_code", "kl_reduction": "sum"}
INFOMAX: dict[str, dict[str, Any]] = {
    "Deep InfoMax": {},
    # One term weighs as much as both did: the prior's weight beside that of the information stays what it was.
    "global only, alpha = 2": {"alpha": 2.0, "beta": 0.0},
    "local only, beta = 2": {"alpha": 0.0, "beta": 2.0},
    "no prior": {"gamma": 0.0},
    "as in the author's code": {"global_pairs": "code_code", "kl_reduction": "mean", "gamma": 0.01},
}
HEAVIER = {"prior ten times as heavy": {"gamma": 0.01}}
OTHERS = {
    "untrained encoder": "untrained",
    "autoencoder": "autoencoder",
    "VAE": "vae",
    "PCA": "pca",
    "pixels": "pixels",
}
# What needs no training, and what is trained to reconstruct: Deep InfoMax is compared with the best of each.
UNTRAINED, RECONSTRUCTING = ("pixels", "untrained encoder"), ("autoencoder", "VAE", "PCA")
PHOTOS = ("cifar10",)
SMALL_IMAGES = ("mnist_5k", "fashion_mnist")
# Ten epochs of CIFAR-10.
STEPS_ON_PHOTOS = 7_810
OF_EACH = " on the same data set, mean over two data sets"
# All test images of every data set: with 2,000 of them, accuracies may differ by 0.015 through the choice alone.
QUERIES = {"evaluation_samples": 10_000}


def perform(settings: Any, data_dir: str | None) -> dict:
    """One encoder: what its codes tell of labels, how far they match the prior, and a sheet of neighbours."""
    from reproductions.experiments import retrieval

    return retrieval.perform(settings, data_dir)


def check(settings: Any, train: Images) -> None:
    """Checks that a method can make its codes of these images."""
    from reproductions.experiments import retrieval

    retrieval.check(settings, train)


def table(record: dict) -> str:
    """For each data set one row per method."""
    flags = record["flags"]
    columns = (
        "codes",
        "neighbour accuracy, k = 1 / 5 / 20",
        "by cosine",
        "precision, k = 1 / 5 / 20",
        "by cosine",
        "linear probe",
        "mean, deviation",
        "prior term, I(x, z)",
        prior_term.BOUND,
        prior_term.DISCREPANCY,
        f"effective rank, of {flags['latent_dim']}",
        "excess kurtosis",
    )
    rows = [_row(title, runs) for title, runs in summary.by_variant(record).items()]
    conditions = (
        f"Codes of {flags['latent_dim']} dimensions, {flags['steps']} steps of {flags['batch_size']}; at most "
        f"{flags['evaluation_samples']:,} test images as queries; {summary.seeds(record)}"
    )
    return f"{conditions}.\n\n{markdown.table(columns, rows)}"


def _row(title: str, runs: list[dict]) -> list[str]:
    def of_k(name: str) -> str:
        return " / ".join(f"{mean(run[f'{name}_{k}'] for run in runs):.3f}" for k in NUM_NEIGHBORS)

    code_mean, deviation = (mean(run[name] for run in runs) for name in ("code_mean", "code_deviation"))
    # Codes without a Gaussian have no prior term.
    split = " , ".join(prior_term.cell(runs, name, 1) for name in ("prior_kl", "information")).replace(" ,", ",")
    return [
        title,
        of_k("neighbor_accuracy"),
        of_k("cosine_accuracy"),
        of_k("precision"),
        of_k("cosine_precision"),
        markdown.spread([run["linear_probe"] for run in runs], digits=3),
        f"{code_mean:.2f}, {deviation:.2f}",
        "" if split == ", " else split,
        prior_term.cell(runs, "marginal_kl_upper_bound", 1),
        prior_term.discrepancy_cell(runs),
        prior_term.cell(runs, "effective_rank", 1),
        prior_term.cell(runs, "excess_kurtosis", 2),
    ]


def figure(record: dict) -> Figure:
    """Neighbour accuracy, precision and linear probe of every method, one panel per data set."""
    measures = {
        "neighbor_accuracy_5": "neighbour accuracy, k = 5",
        "precision_20": "precision, k = 20",
        "linear_probe": "linear probe",
    }
    recorded: dict[str, dict[str, list[dict]]] = {}
    for title, runs in summary.by_variant(record).items():
        dataset, _, method = title.partition(": ")
        recorded.setdefault(dataset, {})[method] = runs
    made = figures.of_record(record, summary.seeds(record), 6.5 * len(recorded), 4.8)
    panels = made.subplots(1, len(recorded), squeeze=False)
    for axes, (dataset, methods) in zip(panels.flat, recorded.items(), strict=True):
        for marker, (name, label) in zip("os^", measures.items(), strict=True):
            values = [mean(run[name] for run in runs) for runs in methods.values()]
            axes.plot(values, range(len(values)), marker, label=label)
        axes.set(title=dataset, yticks=range(len(methods)), yticklabels=list(methods), xlabel="share")
        axes.invert_yaxis()
        axes.grid(alpha=0.3)
    made.legend(*panels.flat[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(measures))
    return made


def _above_best(datasets: Sequence[str], others: Sequence[str]) -> Callable[[dict], list[float]]:
    """What gives a claim's values: Deep InfoMax's accuracy less the best of others on each data set, their mean."""
    methods = ("Deep InfoMax", *others)
    titles = [f"{dataset}: {method}" for dataset in datasets for method in methods]

    def combined(means: Sequence[float]) -> float:
        of_datasets = [means[start : start + len(methods)] for start in range(0, len(means), len(methods))]
        return mean(own - max(rest) for own, *rest in of_datasets)

    return of_means(titles, lambda run: run["neighbor_accuracy_5"], combined)


def _share_left(datasets: Sequence[str]) -> Callable[[dict], list[float]]:
    """What gives a claim's values: for every seed the discrepancy with the prior term over that without."""
    titles = [f"{dataset}: {method}" for method in ("Deep InfoMax", "no prior") for dataset in datasets]
    half = len(datasets)

    def values(record: dict) -> list[float]:
        rows = paired(record, titles, lambda run: run.get("discrepancy"))
        return [mean(row[:half]) / mean(row[half:]) for row in rows]

    return values


def _claims(number: int, on: str, datasets: Sequence[str], over: str = "", of_each: str = "") -> tuple[Claim, ...]:
    """The four claims on these data sets.

    Args:
        number: What ends their keys; the second claim on retrieval has a number of its own, greater by two.
        on: The data, in words.
        datasets: The data sets.
        over: How several data sets count, in words.
        of_each: How they do where the best is chosen on each of them.
    """
    accuracy = "neighbour accuracy, k = 5"
    return (
        Claim(
            key=f"D1.{number}",
            topic="codes retrieve by meaning",
            sentence=f"Codes that are made without reconstruction retrieve by meaning, here {on}.",
            statistic=f"{accuracy}, of Deep InfoMax less that of the better of pixels and untrained encoder{of_each}",
            rule=Above(0),
            values=_above_best(datasets, UNTRAINED),
        ),
        Claim(
            key=f"D1.{number + 2}",
            topic="codes retrieve better than those that reconstruct",
            sentence="Codes that are made without reconstruction retrieve better by meaning than those that "
            f"reconstruct, here {on}.",
            statistic=f"{accuracy}, of Deep InfoMax less that of the best of autoencoder, VAE and PCA{of_each}",
            rule=Above(0),
            values=_above_best(datasets, RECONSTRUCTING),
        ),
        Claim(
            key=f"D2.{number}",
            topic="the local term matters",
            sentence=f"The local term matters, here {on}.",
            statistic=f"{accuracy}{over}, of Deep InfoMax less that of the global term alone, which weighs as much as "
            "both (alpha = 2)",
            rule=Above(0),
            values=_above_best(datasets, ["global only, alpha = 2"]),
        ),
        Claim(
            key=f"D3.{number}",
            topic="the prior term centres and spreads codes",
            sentence=f"The prior term centres and spreads the codes: it brings them much nearer to N(0, I), here {on}.",
            statistic=f"squared maximum mean discrepancy of the codes to N(0, I){over}, with the prior term over that "
            "without",
            rule=Below(0.1),
            values=_share_left(datasets),
        ),
    )


METHOD = Literal["deep_infomax", "untrained", "autoencoder", "vae", "pca", "pixels"]
OPTIONS = [("method", METHOD, option("deep_infomax", "What makes the codes."))]


def _variants(datasets: Sequence[str], infomax: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    methods = {title: {"method": "deep_infomax", **loss} for title, loss in infomax.items()}
    methods |= {title: {"method": method} for title, method in OTHERS.items()}
    return {
        f"{dataset}: {title}": {"dataset": dataset, **variant}
        for dataset in datasets
        for title, variant in methods.items()
    }


def _of_formulas(loss: Mapping[str, Any], preset: RunConfiguration) -> dict[str, Any]:
    """A loss as the formulas have it where it does not say otherwise, without the flags of terms that it lacks."""
    whole = FORMULAS | loss
    idle = {one.name for one in preset.replace(whole).idle()}
    return {flag: value for flag, value in whole.items() if flag not in idle}


def of_photos(presets: Mapping[str, RunConfiguration]) -> Study:
    """The study of photographs, with the networks of the script's `paper` preset."""
    return Study(
        question="Neighbours and labels, on photographs, in codes that are made with and without reconstruction",
        variants=_variants(PHOTOS, {title: _of_formulas(loss, presets["paper"]) for title, loss in INFOMAX.items()}),
        claims=_claims(1, "on photographs", PHOTOS),
        perform=perform,
        check=check,
        presets=extended(presets, OPTIONS, steps=STEPS_ON_PHOTOS, preset="paper"),
        preset="paper",
        settings=QUERIES,
        seeds=budgets.SEEDS,
        minutes=9,  # of an encoder that is trained
        table=table,
        figure=figure,
    )


def of_small_images(presets: Mapping[str, RunConfiguration]) -> Study:
    """The study of digits and clothes, with the networks of the script's `laptop` preset."""
    return Study(
        question="Neighbours and labels in codes that are made with and without reconstruction",
        variants=_variants(SMALL_IMAGES, INFOMAX | HEAVIER),
        claims=_claims(2, "on digits and clothes", SMALL_IMAGES, ", mean over two data sets", OF_EACH),
        perform=perform,
        check=check,
        presets=extended(presets, OPTIONS, steps=1_200),
        settings=QUERIES,
        seeds=budgets.SEEDS,
        table=table,
        figure=figure,
    )

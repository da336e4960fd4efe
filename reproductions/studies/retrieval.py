"""Do codes retrieve by meaning? Deep InfoMax beside encoders that reconstruct, one that is untrained, PCA and pixels.

All networks have the encoder of the script's preset, all codes but the pixels its size.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import mean
from typing import TYPE_CHECKING, Any, Literal

from reproductions.families.codes import NUM_NEIGHBORS
from reproductions.harness.claim import Above, Below, Claim, paired
from reproductions.harness.configuration import RunConfiguration
from reproductions.harness.options import option
from reproductions.harness.study import Study
from reproductions.reporting import figures, markdown, prior_term, summary
from reproductions.studies.settings import extended

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# The loss as the post's formulas have it, which is that of the laptop preset.
FORMULAS: dict[str, Any] = {"gamma": 0.001, "global_pairs": "image_code", "kl_reduction": "sum"}
INFOMAX: dict[str, dict[str, Any]] = {
    "Deep InfoMax": {},
    "global only": {"beta": 0.0},
    "local only": {"alpha": 0.0},
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
PHOTOS = ("cifar10",)
SMALL_IMAGES = ("mnist_5k", "fashion_mnist")
# Ten epochs of CIFAR-10, and a quarter of the author's width, as in the studies of GANs on photographs.
STEPS_ON_PHOTOS, WIDTH_ON_PHOTOS = 7_810, 16


def perform(settings: Any, data_dir: str | None) -> dict:
    """One encoder: what its codes tell of labels, how far they match the prior, and a sheet of neighbours."""
    from reproductions.experiments import retrieval

    return retrieval.perform(settings, data_dir)


def table(record: dict) -> str:
    """For each data set one row per method."""
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
    )
    rows = [_row(title, runs) for title, runs in summary.by_variant(record).items()]
    flags = record["flags"]
    conditions = f"Codes of {flags['latent_dim']} dimensions, {flags['steps']} steps of {flags['batch_size']}"
    return f"{conditions}; {summary.seeds(record)}.\n\n{markdown.table(columns, rows)}"


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


def _means(
    datasets: Sequence[str], method: str, other: str, number: Callable[[dict], float | None]
) -> Callable[[dict], list[list[float]]]:
    """What gives, for every seed, the means over the data sets of one method's number and of another's."""
    titles = [f"{dataset}: {of}" for of in (method, other) for dataset in datasets]
    half = len(datasets)
    return lambda record: [[mean(row[:half]), mean(row[half:])] for row in paired(record, titles, number)]


def _claims(number: int, on: str, datasets: Sequence[str], over: str = "") -> tuple[Claim, ...]:
    """The three claims on these data sets.

    Args:
        number: What ends their keys.
        on: The data, in words.
        datasets: The data sets.
        over: How several data sets count, in words.
    """
    accuracy = f"neighbour accuracy, k = 5{over}"

    def less(other: str) -> Callable[[dict], list[float]]:
        rows = _means(datasets, "Deep InfoMax", other, lambda run: run["neighbor_accuracy_5"])
        return lambda record: [a - b for a, b in rows(record)]

    def share_left(record: dict) -> list[float]:
        rows = _means(datasets, "Deep InfoMax", "no prior", lambda run: run.get("discrepancy"))(record)
        return [with_prior / without for with_prior, without in rows]

    return (
        Claim(
            key=f"D1.{number}",
            topic="codes retrieve by meaning",
            sentence=f"Codes that are made without reconstruction retrieve by meaning, here {on}.",
            statistic=f"{accuracy}, of Deep InfoMax less that of the pixels",
            rule=Above(0),
            values=less("pixels"),
        ),
        Claim(
            key=f"D2.{number}",
            topic="the local term matters",
            sentence=f"The local term matters, here {on}.",
            statistic=f"{accuracy}, of Deep InfoMax less that of its global term alone",
            rule=Above(0),
            values=less("global only"),
        ),
        Claim(
            key=f"D3.{number}",
            topic="the prior term makes codes Gaussian",
            sentence=f"The prior term makes the distribution of the codes Gaussian, here {on}.",
            statistic=f"squared maximum mean discrepancy of the codes to N(0, I){over}, with the prior term over that "
            "without",
            rule=Below(0.1),
            values=share_left,
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


def of_photos(presets: Mapping[str, RunConfiguration]) -> Study:
    """The study of photographs, with the networks of the script's `paper` preset, made narrower."""
    return Study(
        question="Neighbours and labels, on photographs, in codes that are made with and without reconstruction",
        variants=_variants(PHOTOS, {title: FORMULAS | loss for title, loss in INFOMAX.items()}),
        claims=_claims(1, "on photographs", PHOTOS),
        perform=perform,
        presets=extended(presets, OPTIONS, steps=STEPS_ON_PHOTOS, preset="paper"),
        preset="paper",
        settings={"width": WIDTH_ON_PHOTOS},
        seeds=(0, 1, 2),
        minutes=6,
        table=table,
        figure=figure,
    )


def of_small_images(presets: Mapping[str, RunConfiguration]) -> Study:
    """The study of digits and clothes, with the networks of the script's `laptop` preset."""
    return Study(
        question="Neighbours and labels in codes that are made with and without reconstruction",
        variants=_variants(SMALL_IMAGES, INFOMAX | HEAVIER),
        claims=_claims(2, "on digits and clothes", SMALL_IMAGES, ", mean over two data sets"),
        perform=perform,
        presets=extended(presets, OPTIONS, steps=1_200),
        table=table,
        figure=figure,
    )

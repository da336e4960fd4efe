"""Do codes retrieve by meaning? Deep InfoMax beside encoders that reconstruct, one that is untrained, PCA and pixels.

All networks have the encoder of the script's preset, all codes but the pixels its size.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
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

METHODS: dict[str, dict[str, Any]] = {
    "Deep InfoMax": {"method": "deep_infomax"},
    "global only": {"method": "deep_infomax", "beta": 0.0},
    "local only": {"method": "deep_infomax", "alpha": 0.0},
    "no prior": {"method": "deep_infomax", "gamma": 0.0},
    "prior ten times as heavy": {"method": "deep_infomax", "gamma": 0.01},
    "as in the author's code": {
        "method": "deep_infomax",
        "global_pairs": "code_code",
        "kl_reduction": "mean",
        "gamma": 0.01,
    },
    "untrained encoder": {"method": "untrained"},
    "autoencoder": {"method": "autoencoder"},
    "VAE": {"method": "vae"},
    "PCA": {"method": "pca"},
    "pixels": {"method": "pixels"},
}
DATASETS = ("mnist_5k", "fashion_mnist")


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
        "ms per step",
    )
    rows = [_row(title, runs) for title, runs in summary.by_variant(record).items()]
    flags = record["flags"]
    conditions = f"Codes of {flags['latent_dim']} dimensions, {flags['steps']} steps of {flags['batch_size']}"
    return f"{conditions}; {summary.seeds(record)}.\n\n{markdown.table(columns, rows)}"


def _row(title: str, runs: list[dict]) -> list[str]:
    def of_k(name: str) -> str:
        return " / ".join(f"{mean(run[f'{name}_{k}'] for run in runs):.3f}" for k in NUM_NEIGHBORS)

    timed = [run["seconds_per_step"] for run in runs if run["seconds_per_step"] is not None]
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
        f"{1000 * mean(timed):.0f}" if timed else "",
    ]


def figure(record: dict) -> Figure:
    """Neighbour accuracy, precision and linear probe of every method, one panel per data set."""
    measures = {
        "neighbor_accuracy_5": "neighbour accuracy, k = 5",
        "precision_20": "precision, k = 20",
        "linear_probe": "linear probe",
    }
    of_datasets: dict[str, dict[str, list[dict]]] = {dataset: {} for dataset in DATASETS}
    for title, runs in summary.by_variant(record).items():
        dataset, _, method = title.partition(": ")
        of_datasets[dataset][method] = runs
    recorded = {dataset: methods for dataset, methods in of_datasets.items() if methods}
    made = figures.of_record(record, summary.seeds(record), 13, 4.8)
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


def _means(method: str, other: str, number: Callable[[dict], float | None]) -> Callable[[dict], list[list[float]]]:
    """What gives, for every seed, the means over the data sets of one method's number and of another's."""
    titles = [f"{dataset}: {of}" for of in (method, other) for dataset in DATASETS]
    half = len(DATASETS)
    return lambda record: [[mean(row[:half]), mean(row[half:])] for row in paired(record, titles, number)]


def _accuracy(run: dict) -> float:
    return run["neighbor_accuracy_5"]


def _less(method: str, other: str) -> Callable[[dict], list[float]]:
    return lambda record: [a - b for a, b in _means(method, other, _accuracy)(record)]


def _share_left(record: dict) -> list[float]:
    rows = _means("Deep InfoMax", "no prior", lambda run: run.get("discrepancy"))(record)
    return [with_prior / without for with_prior, without in rows]


ACCURACY = "neighbour accuracy, k = 5, mean over two data sets"

CLAIMS = (
    Claim(
        key="D1",
        topic="codes retrieve by meaning",
        sentence="Codes that are made without reconstruction retrieve by meaning.",
        statistic=f"{ACCURACY}, of Deep InfoMax less that of the pixels",
        rule=Above(0),
        values=_less("Deep InfoMax", "pixels"),
    ),
    Claim(
        key="D2",
        topic="the local term matters",
        sentence="The local term matters.",
        statistic=f"{ACCURACY}, of Deep InfoMax less that of its global term alone",
        rule=Above(0),
        values=_less("Deep InfoMax", "global only"),
    ),
    Claim(
        key="D3",
        topic="the prior term makes codes Gaussian",
        sentence="The prior term makes the distribution of the codes Gaussian.",
        statistic="squared maximum mean discrepancy of the codes to N(0, I), mean over two data sets, with the prior "
        "term over that without",
        rule=Below(0.1),
        values=_share_left,
    ),
)


METHOD = Literal["deep_infomax", "untrained", "autoencoder", "vae", "pca", "pixels"]
OPTIONS = [("method", METHOD, option("deep_infomax", "What makes the codes."))]


def study(presets: Mapping[str, RunConfiguration]) -> Study:
    """The study of the script with these presets."""
    return Study(
        question="Neighbours and labels in codes that are made with and without reconstruction",
        variants={
            f"{dataset}: {title}": {"dataset": dataset, **variant}
            for dataset in DATASETS
            for title, variant in METHODS.items()
        },
        claims=CLAIMS,
        perform=perform,
        presets=extended(presets, OPTIONS, steps=1_200),
        table=table,
        figure=figure,
        timed=True,
    )

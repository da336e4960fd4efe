"""An encoder trained by prior and information, without a decoder, beside a VAE of the same encoder."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace

import matplotlib
import numpy as np

from keras_gen import datasets
from keras_gen.layers import GaussianLikelihood
from reproductions.experiments.retrieval import vae
from reproductions.harness import codes, encoders, markdown, summary
from reproductions.harness.study import Experiment

matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402

COLUMNS = {
    "code_mean": ("mean", 2),
    "code_deviation": ("deviation", 2),
    "prior_kl": ("prior term", 2),
    "information": ("I(x, z)", 2),
    "marginal_kl": ("KL(p(z) ‖ q(z))", 2),
    "estimate": ("estimate of I in training", 2),
    "neighbor_accuracy_5": ("neighbour accuracy, k = 5", 3),
    "linear_probe": ("linear probe", 3),
}


def study(build: Callable, presets: Mapping[str, Mapping]) -> Experiment:
    """The study of a script that builds a decoder-free VAE from the settings of its presets."""

    def perform(settings: SimpleNamespace, data_dir: str | None) -> dict:
        train, test = (datasets.load(settings.dataset, split, None, data_dir) for split in ("train", "test"))
        if settings.model == "vae":
            likelihood = GaussianLikelihood(trainable_variance=settings.trainable_variance)
            model = vae(settings, train.image_shape, likelihood)
        else:
            model = build(settings, train.image_shape, 1)
        batches = datasets.batches(train, settings.batch_size, settings.seed)
        seconds = encoders.train(model, batches, settings.steps)
        # Of the last tenth of the steps.
        estimate = {metric.name: float(metric.result()) for metric in model.metrics}.get("information")
        return {
            **codes.prior_match(lambda images: model.encoder(images, training=False)[-2:], test),
            **codes.meaning(model.encode, train, test),
            "estimate": estimate,
            "num_images": min(len(test), codes.MAX_QUERIES),
            "seconds_per_step": seconds,
            "sheet": codes.neighbors_sheet(model.encode, test),
        }

    shared = {"trainable_variance": False, "dataset": "mnist_5k"}
    return Experiment(
        question="An encoder trained by prior + information, and VAEs of the same encoder",
        settings={
            "smoke": presets["smoke"] | shared | {"dataset": "digits"},
            "laptop": presets["laptop"] | shared | {"steps": 2_000},
        },
        variants={
            "VAE, variance 1": {"model": "vae"},
            "VAE, variance trained": {"model": "vae", "trainable_variance": True},
            **{
                f"no decoder, InfoNCE, weight {weight}": {
                    "model": "decoder_free",
                    "estimator": "info_nce",
                    "information_weight": float(weight),
                }
                for weight in (1, 2, 4, 10)
            },
            "no decoder, Jensen-Shannon, weight 1": {
                "model": "decoder_free",
                "estimator": "jensen_shannon",
                "information_weight": 1.0,
            },
            "no decoder, Jensen-Shannon, weight 10": {
                "model": "decoder_free",
                "estimator": "jensen_shannon",
                "information_weight": 10.0,
            },
        },
        perform=perform,
        table=table,
        plot=plot,
        timed=True,
    )


def table(record: dict) -> str:
    """A row a variant."""
    rows = []
    for title, runs in summary.by_variant(record).items():
        cells = [
            "" if runs[0][name] is None else markdown.spread([run[name] for run in runs], digits)
            for name, (_, digits) in COLUMNS.items()
        ]
        rows.append([title, *cells, f"{1000 * np.mean([run['seconds_per_step'] for run in runs]):.0f}"])
    columns = ("encoder", *(column for column, _ in COLUMNS.values()), "ms a step")
    return f"{_conditions(record)}.\n\n{markdown.table(columns, rows)}"


def _conditions(record: dict) -> str:
    flags, num_images = record["flags"], record["runs"][0]["num_images"]
    return (
        f"{flags['dataset']}, codes of {flags['latent_dim']} dimensions, {flags['steps']} steps of "
        f"{flags['batch_size']}, {summary.seeds(record)}; nats, on {num_images} test images, of which nothing can tell "
        f"more than log {num_images} = {math.log(num_images):.2f}"
    )


def plot(record: dict, path: Path) -> None:
    """The prior term as information plus marginal KL; beside it what the codes tell of labels."""
    variants = summary.by_variant(record)
    figure, (split, labels) = plt.subplots(1, 2, figsize=(13, 4.5), sharey=True, layout="constrained")
    places = np.arange(len(variants))

    def means(name: str) -> np.ndarray:
        return np.array([np.mean([run[name] for run in runs]) for runs in variants.values()])

    split.barh(places, means("information"), color="C1", label="I(x, z)")
    split.barh(places, means("marginal_kl"), left=means("information"), color="C3", label="KL(p(z) ‖ q(z))")
    split.set(xlabel="prior term (nats)", yticks=places, yticklabels=list(variants))
    split.invert_yaxis()
    for marker, name in zip("os", ("neighbor_accuracy_5", "linear_probe"), strict=True):
        labels.plot(means(name), places, marker, label=COLUMNS[name][0])
    labels.set(xlabel="share", xlim=(0, 1))
    for axes in (split, labels):
        axes.legend()
        axes.grid(alpha=0.3)
    figure.suptitle(f"{record['question']}\n{_conditions(record)}", fontsize=10)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=100)
    plt.close(figure)

"""An encoder trained by prior and information, without a decoder, beside a VAE of the same encoder."""

from __future__ import annotations

import math
from collections.abc import Mapping
from statistics import mean
from typing import TYPE_CHECKING, Any, Literal

from reproductions.harness.claim import Above, Claim, of_means
from reproductions.harness.configuration import RunConfiguration
from reproductions.harness.options import option
from reproductions.harness.study import Study
from reproductions.reporting import figures, markdown, prior_term, summary
from reproductions.studies.settings import extended

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from keras_gen.datasets import Images

COLUMNS = {
    "code_mean": ("mean", 2),
    "code_deviation": ("deviation", 2),
    "prior_kl": ("prior term", 2),
    "information": ("I(x, z)", 2),
    "marginal_kl_upper_bound": (prior_term.BOUND, 2),
    "discrepancy": (prior_term.DISCREPANCY, 2),
    "estimate": ("estimate of I in training", 2),
    "neighbor_accuracy_5": ("neighbour accuracy, k = 5", 3),
    "linear_probe": ("linear probe", 3),
}
WEIGHTS = (1, 2, 4, 10, 30, 100)


def perform(settings: Any, data_dir: str | None) -> dict:
    """One encoder: how far its codes match the prior, what they tell of labels, and a sheet of neighbours."""
    from reproductions.experiments import encoder_only

    return encoder_only.perform(settings, data_dir)


def check(settings: Any, train: Images) -> None:
    """Checks that the networks can be built for these images."""
    from reproductions.experiments import encoder_only

    encoder_only.built(settings, train.image_shape)


def table(record: dict) -> str:
    """One row per variant."""
    rows = [
        [title, *(_cell(runs, name, digits) for name, (_, digits) in COLUMNS.items())]
        for title, runs in summary.by_variant(record).items()
    ]
    columns = ("encoder", *(column for column, _ in COLUMNS.values()))
    return f"{_conditions_and_limit(record)}.\n\n{markdown.table(columns, rows)}"


def _cell(runs: list[dict], name: str, digits: int) -> str:
    if name == "discrepancy":
        return prior_term.discrepancy_cell(runs)
    values = prior_term.numbers(runs, name)
    return markdown.spread(values, digits) if values else ""


def conditions(record: dict) -> str:
    """Data, codes, steps and seeds, and how many images the numbers are of."""
    # Of a flag that the variants set, what the first one has.
    flags = record["flags"] | record["runs"][0].get("flags", {})
    return (
        f"{flags['dataset']}, codes of {flags['latent_dim']} dimensions, {flags['steps']} steps of "
        f"{flags['batch_size']}, {summary.seeds(record)}; on {record['runs'][0]['num_images']} test images"
    )


def _conditions_and_limit(record: dict) -> str:
    """The conditions, and what bounds I(x, z)."""
    num_images = record["runs"][0]["num_images"]
    limit = f"log {num_images} = {math.log(num_images):.2f}"
    return f"{conditions(record)}; information and divergences in nats, the former at most {limit}"


def figure(record: dict) -> Figure:
    """The prior term as information plus the rest; beside it what the codes tell of labels."""
    variants = summary.by_variant(record)
    made = figures.of_record(record, _conditions_and_limit(record), 13, 4.5)
    split, labels = made.subplots(1, 2, sharey=True)
    places = range(len(variants))

    def means(name: str) -> list[float]:
        return [mean(prior_term.numbers(runs, name)) for runs in variants.values()]

    information = means("information")
    split.barh(places, information, color="C1", label="I(x, z), at most log n")
    split.barh(places, means("marginal_kl_upper_bound"), left=information, color="C3", label=prior_term.BOUND)
    split.set(xlabel="prior term (nats)", yticks=places, yticklabels=list(variants))
    split.invert_yaxis()
    for marker, name in zip("os", ("neighbor_accuracy_5", "linear_probe"), strict=True):
        labels.plot(means(name), places, marker, label=COLUMNS[name][0])
    labels.set(xlabel="share", xlim=(0, 1))
    for axes in (split, labels):
        axes.legend()
        axes.grid(alpha=0.3)
    return made


INFO_NCE = [f"no decoder, InfoNCE, weight {weight}" for weight in WEIGHTS]


VARIANTS: dict[str, dict[str, Any]] = {
    "VAE, variance 1": {"model": "vae"},
    "VAE, variance trained": {"model": "vae", "trainable_variance": True},
    **{
        title: {"model": "decoder_free", "estimator": "info_nce", "information_weight": float(weight)}
        for title, weight in zip(INFO_NCE, WEIGHTS, strict=True)
    },
    **{
        f"no decoder, Jensen-Shannon, weight {weight}": {
            "model": "decoder_free",
            "estimator": "jensen_shannon",
            "information_weight": float(weight),
        }
        for weight in (1, 10, 100)
    },
}

CLAIM = Claim(
    key="V2.5",
    topic="an encoder alone has a VAE's features",
    sentence="Where only an encoder is wanted, the prior and information terms give it a VAE's features without a "
    "decoder (5,000 images of MNIST, 2,000 steps).",
    statistic="neighbour accuracy, k = 5, of InfoNCE at its best weight less that of the VAE with a trained variance",
    rule=Above(-0.02),
    values=of_means(
        ["VAE, variance trained", *INFO_NCE],
        lambda run: run["neighbor_accuracy_5"],
        lambda means: max(means[1:]) - means[0],
        -math.inf,
    ),
)


OPTIONS = [
    ("model", Literal["decoder_free", "vae"], option("decoder_free", "What trains the encoder.")),
    ("trainable_variance", bool, option(False, "VAE: train the variance of q(x|z).")),
    ("beta", float, option(1.0, "VAE: weight of the prior term.", at_least=0)),
]


def study(presets: Mapping[str, RunConfiguration]) -> Study:
    """The study of the script with these presets."""
    return Study(
        question="An encoder trained by prior + information, and VAEs of the same encoder",
        variants=VARIANTS,
        claims=(CLAIM,),
        perform=perform,
        check=check,
        presets=extended(presets, OPTIONS, steps=2_000),
        table=table,
        figure=figure,
    )

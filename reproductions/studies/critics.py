"""What bounds the critic of a Wasserstein GAN: the author's two scripts, and what he warns against."""

from collections.abc import Iterator
from typing import Any

from reproductions.harness.claim import Above, Claim, difference
from reproductions.harness.study import Study
from reproductions.reporting import summary
from reproductions.reporting.curves import curves
from reproductions.reporting.quality import quality_table
from reproductions.studies import budgets

SN: dict[str, Any] = {"critic": "spectral_normalization", "batch_norm": True}
PENALTY: dict[str, Any] = {"critic": "gradient_penalty", "batch_norm": True}
PROJECTION = {"spectral_normalization": "projection"}
LOGISTIC = {"loss": "logistic"}
WITHOUT = {"batch_norm": False}
AREA = "Fréchet distance averaged over the training (area under its curve), five critic steps for one of the generator"
SETTLED = "mean Fréchet distance of the last three evaluations"


def _fewer_steps(part: int, critic: str) -> Iterator[Claim]:
    """The parts of the claim on one kind of critic: over the whole training, and to a quality that both reach."""
    with_penalty, with_norm = f"gradient penalty{critic}", f"SN{critic}"
    topic = "SN needs fewer steps than WGAN-GP"
    yield Claim(
        key=f"L2.{part}",
        topic=topic,
        sentence=f"A critic with spectral normalisation trains faster than WGAN-GP, over the whole training{critic}.",
        statistic=f"{AREA}, WGAN-GP's less that with spectral normalisation",
        rule=Above(0),
        values=difference(with_penalty, with_norm, summary.area),
    )
    yield Claim(
        key=f"L2.{part + 1}",
        topic=topic,
        sentence="A critic with spectral normalisation needs fewer steps than WGAN-GP for the quality that both attain"
        f"{critic}.",
        statistic="steps until the distance at which the worse of the two settled, WGAN-GP's less those with spectral "
        "normalisation",
        rule=Above(0),
        values=summary.sooner(with_penalty, with_norm),
    )


def _projection_is_worse(key: str, loss: str) -> Claim:
    return Claim(
        key=key,
        topic="projection worse than reparameterisation",
        sentence="Dividing the kernels by their norm after each step is worse than having W/‖W‖ in the network"
        f"{loss or ', with the loss of WGAN'}.",
        statistic=f"{SETTLED}, with projection less with spectral normalisation",
        rule=Above(0),
        values=difference(f"SN by projection{loss}", f"SN{loss}", summary.settled),
    )


STUDY = Study(
    question="What bounds the critic of a WGAN: spectral normalisation, a gradient penalty, projection",
    variants={
        "SN": SN,
        "gradient penalty": PENALTY,
        "SN, without batch norm": SN | WITHOUT,
        "gradient penalty, without batch norm": PENALTY | WITHOUT,
        "SN by projection": SN | PROJECTION,
        "SN, with the logistic loss": SN | LOGISTIC,
        "SN by projection, with the logistic loss": SN | PROJECTION | LOGISTIC,
    },
    table=quality_table,
    figure=curves,
    preset="photos_32",
    settings=budgets.PHOTOS | {"steps": 2_000, "evaluate_every": 200, "sample_every": 200, "checkpoint_every": 200},
    seeds=budgets.SEEDS,
    minutes=budgets.MINUTES_PHOTOS,
    claims=(
        *_fewer_steps(1, ""),
        *_fewer_steps(3, ", without batch norm"),
        _projection_is_worse("L4.1", ""),
        _projection_is_worse("L4.2", ", with the logistic loss"),
    ),
)

"""What bounds the critic of a Wasserstein GAN: the author's two scripts, and what he warns against.

Critics have batch norm, as the author's, and none. With it a kernel's size changes nothing, so that its gradient keeps
to the sphere in any case: what is said of projection needs critics without.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from reproductions.harness.claim import Above, Claim, difference
from reproductions.harness.study import Study
from reproductions.reporting import summary
from reproductions.reporting.curves import curves
from reproductions.reporting.quality import quality_table
from reproductions.studies import budgets
from reproductions.studies.search import Search, alike

SN, PENALTY, WITHOUT = "SN", "gradient penalty", ", without batch norm"
CRITICS: dict[str, dict[str, Any]] = {
    f"{title}{suffix}": {"critic": critic, "batch_norm": not suffix}
    for suffix in ("", WITHOUT)
    for title, critic in ((SN, "spectral_normalization"), (PENALTY, "gradient_penalty"))
}
# Five updates of the critic for one of the generator, as the author has them, make these runs long.
STEPS = 3_000
SETTINGS = budgets.PHOTOS | {
    "steps": STEPS,
    **dict.fromkeys(("evaluate_every", "sample_every", "checkpoint_every"), 300),
}
MINUTES = 6
# From above the author's 2e-4 to where every critic is past its best.
RATES = Search(
    script="lipschitz",
    name="critic_rates",
    contestants=CRITICS,
    grid=alike(5e-4, 1e-3, 2e-3, 4e-3, 8e-3, 1.6e-2),
    usual="rates 5e-4",
)
FOUND = RATES.winners()
BY_PROJECTION = {"spectral_normalization": "projection"}
LOGISTIC = ", with the logistic loss"
PROJECTED: dict[str, dict[str, Any]] = {
    f"{SN} by projection": FOUND[SN] | BY_PROJECTION,
    f"{SN}{WITHOUT}{LOGISTIC}": FOUND[f"{SN}{WITHOUT}"] | {"loss": "logistic"},
    f"{SN} by projection{WITHOUT}{LOGISTIC}": FOUND[f"{SN}{WITHOUT}"] | BY_PROJECTION | {"loss": "logistic"},
}
PANELS = {
    "with batch norm": (SN, PENALTY, f"{SN} by projection"),
    "without batch norm": (f"{SN}{WITHOUT}", f"{PENALTY}{WITHOUT}"),
    "without batch norm, logistic loss": (f"{SN}{WITHOUT}{LOGISTIC}", f"{SN} by projection{WITHOUT}{LOGISTIC}"),
}
ON_THE_WAY = "Fréchet distance averaged over the training (area under its curve)"
AT_THE_END = f"mean Fréchet distance of the last three evaluations of {STEPS:,} steps"


def _than_wgan_gp(part: int, critic: str) -> Iterator[Claim]:
    """The parts of the claim on one kind of critic: over the training, to what both reach, and in the end."""
    pair = f"{PENALTY}{critic}", f"{SN}{critic}"
    of_kind = critic or ", with batch norm"
    less = "WGAN-GP's less that with spectral normalisation"
    faster = "SN needs fewer steps than WGAN-GP"
    yield Claim(
        key=f"L2.{part}",
        topic=faster,
        sentence=f"A critic with spectral normalisation trains faster than WGAN-GP, over the whole training{of_kind}.",
        statistic=f"{ON_THE_WAY}, {less}",
        rule=Above(0),
        values=difference(*pair, summary.area),
    )
    yield Claim(
        key=f"L2.{part + 1}",
        topic=faster,
        sentence="A critic with spectral normalisation needs fewer steps than WGAN-GP for the quality that both attain"
        f"{of_kind}.",
        statistic="steps until the distance at which the worse of the two settled, WGAN-GP's less those with spectral "
        "normalisation",
        rule=Above(0),
        values=summary.sooner(*pair),
    )
    yield Claim(
        key=f"L2.{part + 2}",
        topic="SN looks better than WGAN-GP",
        sentence=f"Samples under spectral normalisation are slightly better than WGAN-GP's{of_kind}.",
        statistic=f"{AT_THE_END}, {less}",
        rule=Above(0),
        values=difference(*pair, summary.settled),
    )


def _projection_is_worse(key: str, title: str, with_what: str) -> Claim:
    return Claim(
        key=key,
        topic="projection worse than reparameterisation",
        sentence="Dividing the kernels by their norm after each step is worse than having W/‖W‖ in the network"
        f"{with_what}.",
        statistic=f"{AT_THE_END}, with projection less with spectral normalisation",
        rule=Above(0),
        values=difference(f"{SN} by projection{title}", f"{SN}{title}", summary.settled),
    )


STUDIES = {
    "critic_rates": RATES.study("photos_32", SETTINGS, MINUTES),
    "critics": Study(
        question="What bounds the critic of a WGAN: spectral normalisation, a gradient penalty, projection",
        variants=FOUND | PROJECTED,
        search=RATES.name,
        table=quality_table,
        figure=partial(curves, panels=PANELS),
        preset="photos_32",
        settings=SETTINGS,
        seeds=budgets.SEEDS,
        minutes=MINUTES,
        claims=(
            *_than_wgan_gp(1, ""),
            *_than_wgan_gp(4, WITHOUT),
            _projection_is_worse("L4.1", "", ", with the author's loss and batch norm"),
            _projection_is_worse("L4.2", WITHOUT + LOGISTIC, WITHOUT + LOGISTIC),
        ),
    ),
}

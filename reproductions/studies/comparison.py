"""WGAN-div beside the models that its post compares it with."""

from typing import Any

from reproductions.harness.claim import Above, Claim, difference
from reproductions.harness.study import Study
from reproductions.reporting import summary
from reproductions.reporting.curves import curves
from reproductions.reporting.quality import quality_table

MODELS: dict[str, dict[str, Any]] = {
    "WGAN-div": {"model": "wgan_div"},
    "WGAN-GP": {"model": "wgan_gp"},
    "WGAN-GP one-sided": {"model": "wgan_gp", "one_sided": True},
    "WGAN clipping": {"model": "wgan"},
    "SGAN": {"model": "gan"},
}

STUDY = Study(
    question="WGAN-div beside WGAN-GP, WGAN with clipping and SGAN: same networks, steps and data",
    variants={
        f"{title}{rates}": model | of_rates
        for rates, of_rates in (("", {}), (", equal rates", {"discriminator_learning_rate": 5e-4}))
        for title, model in MODELS.items()
    },
    table=quality_table,
    figure=curves,
    timed=True,
    claims=(
        Claim(
            key="W1",
            topic="better than WGAN-GP",
            sentence="With the same budget WGAN-div draws better images than WGAN-GP.",
            statistic="Fréchet distance averaged over the training (area under its curve), WGAN-GP's less WGAN-div's",
            rule=Above(0),
            values=difference("WGAN-GP", "WGAN-div", summary.area),
        ),
    ),
)

"""How fast RSGAN trains beside the GANs that its post compares it with, two updates of G for one of T."""

from typing import Any

from reproductions.harness.claim import Above, Between, Claim, difference, ratio
from reproductions.harness.study import Study
from reproductions.reporting import summary
from reproductions.reporting.curves import curves
from reproductions.reporting.quality import quality_table
from reproductions.studies import budgets
from reproductions.studies.search import RATES_ON_CLOTHES, RATES_ON_PHOTOS, Search

MODELS: dict[str, dict[str, Any]] = {
    "SGAN": {"model": "gan", "spectral_normalization": "none"},
    "SNGAN": {"model": "gan", "spectral_normalization": "from_ones"},
    "RSGAN": {"model": "rsgan", "spectral_normalization": "none"},
    "RSGAN with SN": {"model": "rsgan", "spectral_normalization": "from_ones"},
}
AREA = "Fréchet distance averaged over the training (area under its curve)"
STEPS = "steps until the distance at which the worse of the two settled"
ON_PHOTOS = "on photographs of 16 pixels"
SETTLED = "mean Fréchet distance of the last three evaluations"

PHOTOS_SEARCH = Search(script="rsgan", name="rates", contestants=MODELS, **RATES_ON_PHOTOS)
CLOTHES_SEARCH = Search(
    script="rsgan",
    name="rates_clothes",
    contestants={title: MODELS[title] for title in ("SGAN", "RSGAN")},
    **RATES_ON_CLOTHES,
)


def _slightly_better(key: str, on: str) -> Claim:
    return Claim(
        key=key,
        topic="only slightly better in the end",
        sentence=f"In the end RSGAN is only slightly better than SGAN, here {on}.",
        statistic=f"{SETTLED}, RSGAN's over SGAN's",
        rule=Between(0.85, 1),
        values=ratio("RSGAN", "SGAN", summary.settled),
    )


CONVERGENCE = Study(
    question="RSGAN beside SGAN and SNGAN on photographs: the author's networks and updates, the same search for rates",
    variants=PHOTOS_SEARCH.winners(),
    search=PHOTOS_SEARCH.name,
    table=quality_table,
    figure=curves,
    preset="photos_32",
    settings=budgets.PHOTOS,
    seeds=budgets.SEEDS,
    minutes=budgets.MINUTES_PHOTOS,
    claims=(
        Claim(
            key="R1.1",
            topic="faster than SGAN",
            sentence=f"RSGAN trains faster than SGAN, over the whole training, here {ON_PHOTOS}.",
            statistic=f"{AREA}, SGAN's less RSGAN's",
            rule=Above(0),
            values=difference("SGAN", "RSGAN", summary.area),
        ),
        Claim(
            key="R1.2",
            topic="faster than SGAN",
            sentence=f"RSGAN needs fewer steps than SGAN for the quality that both attain, here {ON_PHOTOS}.",
            statistic=f"{STEPS}, SGAN's less RSGAN's",
            rule=Above(0),
            values=summary.sooner("SGAN", "RSGAN"),
        ),
        Claim(
            key="R2.1",
            topic="faster than SNGAN",
            sentence=f"RSGAN trains faster than SNGAN, over the whole training, here {ON_PHOTOS}.",
            statistic=f"{AREA}, SNGAN's less that of RSGAN with spectral normalisation",
            rule=Above(0),
            values=difference("SNGAN", "RSGAN with SN", summary.area),
        ),
        Claim(
            key="R2.2",
            topic="faster than SNGAN",
            sentence=f"RSGAN needs fewer steps than SNGAN for the quality that both attain, here {ON_PHOTOS}.",
            statistic=f"{STEPS}, SNGAN's less those of RSGAN with spectral normalisation",
            rule=Above(0),
            values=summary.sooner("SNGAN", "RSGAN with SN"),
        ),
        _slightly_better("R3.1", ON_PHOTOS),
    ),
)
CLOTHES = Study(
    question="RSGAN beside SGAN on clothes: same networks, steps and search for rates",
    variants=CLOTHES_SEARCH.winners(),
    search=CLOTHES_SEARCH.name,
    table=quality_table,
    figure=curves,
    settings=budgets.CLOTHES | {"generator_steps": 2},
    seeds=budgets.SEEDS,
    minutes=budgets.MINUTES_CLOTHES,
    claims=(_slightly_better("R3.2", "on clothes"),),
)

STUDIES = {
    "rates": PHOTOS_SEARCH.study("photos_32", budgets.PHOTOS, budgets.MINUTES_PHOTOS),
    "convergence": CONVERGENCE,
    "rates_clothes": CLOTHES_SEARCH.study("laptop", budgets.CLOTHES | {"generator_steps": 2}, budgets.MINUTES_CLOTHES),
    "convergence_clothes": CLOTHES,
}

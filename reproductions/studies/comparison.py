"""WGAN-div beside the models that its post compares it with, on photographs and on clothes."""

from typing import Any

from reproductions.harness.claim import Above, Claim, difference
from reproductions.harness.study import Study
from reproductions.reporting import summary
from reproductions.reporting.curves import curves
from reproductions.reporting.quality import quality_table
from reproductions.studies import budgets
from reproductions.studies.search import RATES_ON_CLOTHES, RATES_ON_PHOTOS, Search

MODELS: dict[str, dict[str, Any]] = {
    "WGAN-div": {"model": "wgan_div"},
    "WGAN-GP": {"model": "wgan_gp"},
    "SGAN": {"model": "gan"},
}


def _search(name: str, rates: dict[str, Any]) -> Search:
    return Search(script="wgan_div", name=name, contestants=MODELS, **rates)


def _contest(search: Search, key: str, on: str, preset: str, settings: dict[str, Any], minutes: float) -> Study:
    return Study(
        question=f"WGAN-div beside WGAN-GP and SGAN, {on}: same networks, steps and search for rates",
        variants=search.winners(),
        search=search.name,
        table=quality_table,
        figure=curves,
        preset=preset,
        settings=settings,
        seeds=budgets.SEEDS,
        minutes=minutes,
        claims=(
            Claim(
                key=key,
                topic="better than WGAN-GP",
                sentence=f"With the same budget WGAN-div draws better images than WGAN-GP, here {on}.",
                statistic="Fréchet distance averaged over the training (area under its curve), WGAN-GP's less "
                "WGAN-div's",
                rule=Above(0),
                values=difference("WGAN-GP", "WGAN-div", summary.area),
            ),
        ),
    )


OF_PHOTOS = _search("rates", RATES_ON_PHOTOS)
OF_CLOTHES = _search("rates_clothes", RATES_ON_CLOTHES)

STUDIES = {
    "rates": OF_PHOTOS.study("photos_32", budgets.PHOTOS, budgets.MINUTES_PHOTOS),
    "comparison": _contest(
        OF_PHOTOS,
        "W1.1",
        "on photographs of 16 pixels",
        "photos_32",
        budgets.PHOTOS,
        budgets.MINUTES_PHOTOS,
    ),
    "rates_clothes": OF_CLOTHES.study("laptop", budgets.CLOTHES, budgets.MINUTES_CLOTHES),
    "comparison_clothes": _contest(
        OF_CLOTHES, "W1.2", "on clothes", "laptop", budgets.CLOTHES, budgets.MINUTES_CLOTHES
    ),
}

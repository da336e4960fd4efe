"""Which GANs can be conditioned on classes: penalties between classes and within, spectral normalisation, WGAN-div.

All have the same networks, with labels by conditional batch norm and projection, and the critic has no batch norm,
which would mix the classes of a batch. Beside each stands the same model without labels, with the same rates.
"""

import math
from typing import Any

from reproductions.harness.claim import Above, Claim, difference
from reproductions.harness.study import Study
from reproductions.reporting.classes import class_accuracy, class_dots, class_table
from reproductions.studies import budgets
from reproductions.studies.search import RATES_ON_CLOTHES, Search, alike

WITH_LABELS = {"num_classes": 10}
# Of these, rates are searched for, with labels. What else is compared is one of them with another setting.
CRITICS: dict[str, dict[str, Any]] = {
    "WGAN-GP": {"critic": "gradient_penalty"},
    "WGAN-div": {"critic": "divergence"},
    "SN with hinge": {"critic": "spectral_normalization", "loss": "hinge"},
}
WITHIN = "interpolate_within_class"
WHY = (
    "Interpolates between classes are why WGAN-GP is harder to condition: with interpolates within a class it does "
    "better, here"
)
ACCURACY = (
    "class accuracy (share of samples that a classifier puts in the class asked for), mean of the last three "
    "evaluations"
)


def _search(name: str, rates: dict[str, Any]) -> Search:
    contestants = {title: flags | WITH_LABELS for title, flags in CRITICS.items()}
    return Search(script="lipschitz", name=name, contestants=contestants, **rates)


def variants(search: Search) -> dict[str, dict[str, Any]]:
    """The critics with the rates found for them; WGAN-GP's penalty one-sided and within classes; all without labels."""
    found = search.winners()
    penalties = {
        "WGAN-GP": found["WGAN-GP"],
        "one-sided WGAN-GP": found["WGAN-GP"] | {"critic": "one_sided_penalty"},
    }
    return {
        **found,
        **penalties,
        **{f"{title} within classes": flags | {"sampling": WITHIN} for title, flags in penalties.items()},
        **{f"{title}, no labels": flags | {"num_classes": None} for title, flags in (found | penalties).items()},
    }


def _claims(part: int, on: str) -> tuple[Claim, ...]:
    """The parts of the claim that one data set decides."""
    return (
        Claim(
            key=f"L5.{part}",
            topic="WGAN-GP is harder to condition than SN",
            sentence=f"WGAN-GP is harder to condition on classes than a critic with spectral normalisation, here {on}.",
            statistic=f"{ACCURACY}, with spectral normalisation and the hinge loss less WGAN-GP's",
            rule=Above(0),
            values=difference("SN with hinge", "WGAN-GP", class_accuracy, broke_down=-math.inf),
        ),
        Claim(
            key=f"L5.{part + 1}",
            topic="interpolates between classes are why",
            sentence=f"{WHY} {on}.",
            statistic=f"{ACCURACY}, WGAN-GP's with interpolates within a class less with those between any two images",
            rule=Above(0),
            values=difference("WGAN-GP within classes", "WGAN-GP", class_accuracy, broke_down=-math.inf),
        ),
    )


def _contest(search: Search, part: int, on: str, preset: str, settings: dict[str, Any], minutes: float) -> Study:
    return Study(
        question=f"What makes a GAN hard to condition on classes, {on}: same networks, steps and search for rates",
        variants=variants(search),
        search=search.name,
        table=class_table,
        figure=class_dots,
        preset=preset,
        settings=settings,
        seeds=budgets.SEEDS,
        minutes=minutes,
        claims=_claims(part, on),
    )


# One update of the critic in a step, as on clothes; the preset has the author's five.
PHOTOS = budgets.PHOTOS | {
    "steps": 6_000,
    "sample_every": 3_000,
    "evaluate_every": 600,
    "checkpoint_every": 600,
    "batch_norm": False,
    "discriminator_steps": 1,
}
MINUTES_PHOTOS = 6
# With labels the best rates lie at the end of the usual grid or beyond.
OF_CLOTHES = _search(
    "conditioning_rates_clothes", RATES_ON_CLOTHES | {"grid": RATES_ON_CLOTHES["grid"] | alike(1.6e-2)}
)
OF_PHOTOS = _search("conditioning_rates", {"grid": alike(5e-4, 1e-3, 2e-3, 4e-3), "usual": "rates 1e-3"})

STUDIES = {
    "conditioning_rates_clothes": OF_CLOTHES.study("laptop", budgets.CLOTHES, budgets.MINUTES_CLOTHES),
    "conditioning_clothes": _contest(OF_CLOTHES, 1, "on clothes", "laptop", budgets.CLOTHES, budgets.MINUTES_CLOTHES),
    "conditioning_rates": OF_PHOTOS.study("photos_32", PHOTOS, MINUTES_PHOTOS),
    "conditioning": _contest(OF_PHOTOS, 3, "on photographs of 16 pixels", "photos_32", PHOTOS, MINUTES_PHOTOS),
}

"""f-VAE, Glow and VAEs trained until they level off, on digits, clothes and faces, from the same search.

A sigma is searched like a rate, for where it begins decides what the model is: from a small one the f-VAE is nearly a
Glow of exact codes.
"""

from dataclasses import replace
from typing import Any

from reproductions.harness.claim import Above, Below, Claim, difference, ratio
from reproductions.harness.study import Study
from reproductions.reporting import summary
from reproductions.reporting.densities import density_curves, density_table
from reproductions.studies import budgets
from reproductions.studies.search import Search

STEPS, SEARCH_STEPS, WARM_UP = 6_000, 1_500, 200
# Glow's own couplings and mixing, for every flow.
FLOW: dict[str, Any] = {"coupling": "affine", "mixing": "convolution"}
# One Glow has as many parameters as the f-VAE of the laptop preset, the others twice and four times as many.
GLOW: dict[str, Any] = {"model": "glow", "flow_depth": 6, "flow_width": 121, **FLOW}
LARGER: dict[str, dict[str, Any]] = {
    "Glow, twice as large": {"flow_depth": 12},
    "Glow, four times as large": {"flow_depth": 24},
}
VAE: dict[str, Any] = {"model": "vae", "vae_width": 16}
LARGE_CODE = "VAE, code of the data's size"


def settings(dataset: str, steps: int) -> dict[str, Any]:
    """What every run has: data, averaged weights, and a rate that falls to nearly nothing."""
    return {
        "dataset": dataset,
        "steps": steps,
        "decay_steps": steps - WARM_UP,
        "ema_momentum": 0.99,
        "sample_every": steps // 5,
        "evaluate_every": steps // 15,
        "checkpoint_every": steps // 15,
    }


def _sigmas(sigma_1: float, sigma_2: float, rate: float = 1.0) -> dict[str, float]:
    return {"sigma_1": sigma_1, "sigma_2": sigma_2, "sigma_rate": rate}


SIGMAS = Search(
    script="f_vae",
    name="sigmas",
    contestants={"f-VAE": FLOW, LARGE_CODE: {"flow_levels": 0}},
    grid={
        "from 0.05 and 0.05": _sigmas(0.05, 0.05),
        "from 0.3 and 0.1": _sigmas(0.3, 0.1),
        "from 0.5 and 0.2, at a tenth of the rate": _sigmas(0.5, 0.2, 0.1),
        "from 1 and 1, at ten times the rate": _sigmas(1.0, 1.0, 10.0),
    },
    usual="from 0.3 and 0.1",
)
RATES = Search(
    script="f_vae",
    name="rates",
    contestants={**SIGMAS.winners(), "Glow": GLOW, "VAE": VAE},
    grid={f"rate {rate:g}": {"learning_rate": rate} for rate in (5e-4, 1e-3, 2e-3)},
    usual="rate 0.001",
)


def _search(search: Search) -> Study:
    return search.study("laptop", settings("padded:mnist", SEARCH_STEPS), minutes=2)


def _contest(dataset: str, on: str, number: int, minutes: float, larger: bool = False) -> Study:
    best = RATES.winners()
    variants = dict(best)
    if larger:
        variants |= {title: {**best["Glow"], **flags} for title, flags in LARGER.items()}
    variants["VAE, variance 1"] = {**best["VAE"], "vae_variance": 1.0, "trainable_variance": False}
    return Study(
        question=f"f-VAE, Glow and VAEs {on}, trained until they level off, from the same search",
        variants=variants,
        search=RATES.name,
        claims=(*_claims(number, on), *([_smaller(number, on)] if larger else [])),
        table=density_table,
        figure=density_curves,
        settings=settings(dataset, STEPS),
        seeds=budgets.SEEDS,
        minutes=minutes,
    )


def _claims(number: int, on: str) -> tuple[Claim, ...]:
    return (
        Claim(
            key=f"F1.{number}",
            topic="faster than Glow",
            sentence=f"The f-VAE trains faster than a Glow of its size, here {on}.",
            statistic="Fréchet distance averaged over the training (area under its curve), Glow's less the f-VAE's",
            rule=Above(0),
            values=difference("Glow", "f-VAE", summary.area),
        ),
        Claim(
            key=f"F3.{2 * number - 1}",
            topic="sharper than a VAE",
            sentence=f"The f-VAE's samples are not blurred as a VAE's are, here {on}.",
            statistic="sharpness of samples after the last step, the f-VAE's over that of the VAE of trained variance",
            rule=Above(1),
            values=ratio("f-VAE", "VAE", _sharpness),
        ),
        Claim(
            key=f"F3.{2 * number}",
            topic="not by the size of its code alone",
            sentence=f"It is not the size of the code alone that keeps the f-VAE's samples sharp, here {on}.",
            statistic="sharpness of samples after the last step, of the VAE whose code has the data's size, over the "
            "f-VAE's",
            rule=Below(1),
            values=ratio(LARGE_CODE, "f-VAE", _sharpness),
        ),
    )


def _smaller(number: int, on: str) -> Claim:
    return Claim(
        key=f"F2.{number}",
        topic="as good as a larger Glow",
        sentence=f"The f-VAE is as good as Glow with a smaller network, here {on}.",
        statistic="mean Fréchet distance of the last three evaluations, the f-VAE's over that of a Glow with twice as "
        "many parameters",
        rule=Below(1.05),
        values=ratio("f-VAE", "Glow, twice as large", summary.settled),
    )


def _sharpness(run: dict) -> float:
    return run["evaluations"][-1]["sharpness"]


STUDIES = {
    "sigmas": _search(SIGMAS),
    "rates": replace(_search(RATES), search=SIGMAS.name),
    "mnist": _contest("padded:mnist", "on MNIST", 1, minutes=16, larger=True),
    "fashion_mnist": _contest("padded:fashion_mnist", "on Fashion-MNIST", 2, minutes=8),
}

"""f-VAE, Glow and VAEs with what one search found for each, on digits, on clothes and on faces.

A sigma is searched like a rate, for where it begins decides what the model is: from a small one the f-VAE is nearly a
Glow of exact codes.
"""

from dataclasses import replace
from typing import Any

from reproductions.harness.study import Study
from reproductions.reporting import summary
from reproductions.reporting.densities import density_curves, density_table
from reproductions.studies import budgets, f_vae_claims, flow_temperatures
from reproductions.studies.f_vae_claims import (
    FIXED_VARIANCE,
    LARGE_CODE,
    MANY_CODES,
    MANY_CODES_FIXED_VARIANCE,
    VAE,
)
from reproductions.studies.search import Search

SEARCH_STEPS, STEPS, WARM_UP = 6_000, 15_000, 200
# Glow's own couplings and mixing.
FLOW: dict[str, Any] = {"coupling": "affine", "mixing": "convolution"}
AUTHORS: dict[str, Any] = {"coupling": "additive", "mixing": "permutation"}
# At this width Glow has as many parameters as the f-VAE of the laptop preset.
GLOW: dict[str, Any] = {"model": "glow", "flow_depth": 6, "flow_width": 121, **FLOW}
# Encoder and decoder are twice as wide as the f-VAE's, so that a step takes about as long without the flow as with it.
BARE: dict[str, Any] = {"flow_levels": 0, "width": 128}
OF_VAE: dict[str, Any] = {"model": "vae", "vae_width": 16}
# As many codes as images of 32 pixels have values, each with a variance of its own, and layers between them and a map.
OF_MANY_CODES: dict[str, Any] = OF_VAE | {"latent_dim": 1_024}
# That of q(x|z); otherwise it is trained, one number for all pixels.
VARIANCE_1: dict[str, Any] = {"vae_variance": 1.0, "trainable_variance": False}
LARGER = "Glow, twice as large"
# Of faces, couplings, mixing and the sigmas' start are the author's, and so is how often the f-VAE halves its maps:
# with fewer levels samples stay textures, and affine couplings of so many channels diverge at this rate.
FACES: dict[str, Any] = {
    "image_size": 64,
    "batch_size": 16,
    "features": "imagenet",
    "evaluation_samples": 1_000,
    "learning_rate": 1e-3,
}
OF_FACES: dict[str, dict[str, Any]] = {
    "f-VAE": {"stages": 3, "flow_levels": 4, "sigma_1": 1.0, "sigma_2": 1.0, "sigma_rate": 1.0, **AUTHORS},
    # A step of it takes no less time than one of the f-VAE.
    "Glow": {"model": "glow", "flow_levels": 4, "flow_depth": 6, "flow_width": 128, **AUTHORS},
    VAE: {"model": "vae", "stages": 4, "vae_width": 48},
}


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


def _rates(*rates: float) -> dict[str, dict[str, float]]:
    return {f"rate {rate:g}": {"learning_rate": rate} for rate in rates}


SIGMAS = Search(
    script="f_vae",
    name="sigmas",
    contestants={"f-VAE": FLOW, LARGE_CODE: BARE},
    grid={
        "from 0.05 and 0.05": _sigmas(0.05, 0.05),
        "from 0.3 and 0.1": _sigmas(0.3, 0.1),
        "from 0.5 and 0.2, at a tenth of the rate": _sigmas(0.5, 0.2, 0.1),
        "from 1 and 0.2, at a tenth of the rate": _sigmas(1.0, 0.2, 0.1),
        "from 1 and 0.5, at a tenth of the rate": _sigmas(1.0, 0.5, 0.1),
        "from 1 and 1, at a tenth of the rate": _sigmas(1.0, 1.0, 0.1),
        "from 1 and 1, at ten times the rate": _sigmas(1.0, 1.0, 10.0),
    },
    usual="from 0.3 and 0.1",
    distance=summary.settled,
    ends=(
        "from 0.05 and 0.05",
        "from 1 and 1, at a tenth of the rate",
        "from 1 and 1, at ten times the rate",
    ),
)
RATES = Search(
    script="f_vae",
    name="rates",
    contestants={
        **SIGMAS.winners(),
        "Glow": GLOW,
        LARGER: GLOW | {"flow_depth": 12},
        VAE: OF_VAE,
        MANY_CODES: OF_MANY_CODES,
        FIXED_VARIANCE: OF_VAE | VARIANCE_1,
        MANY_CODES_FIXED_VARIANCE: OF_MANY_CODES | VARIANCE_1,
    },
    grid=_rates(5e-4, 1e-3, 2e-3, 4e-3),
    usual="rate 0.001",
    distance=summary.settled,
    further=dict.fromkeys((MANY_CODES, FIXED_VARIANCE, MANY_CODES_FIXED_VARIANCE), _rates(8e-3, 1.6e-2)),
)


def _search(search: Search, minutes: float) -> Study:
    return search.study("laptop", settings("padded:mnist", SEARCH_STEPS), minutes)


def _study(question: str, variants: dict[str, dict[str, Any]], **more: Any) -> Study:
    return Study(
        question=question,
        variants=variants,
        table=density_table,
        figure=density_curves,
        examine=flow_temperatures.examine,
        **more,
    )


def _contest(dataset: str, on: str, number: int, minutes: float, larger_glow: bool = False) -> Study:
    best = RATES.winners()
    variants = {title: flags for title, flags in best.items() if larger_glow or title != LARGER}
    where = f", here {on} ({STEPS:,} steps)"
    claims = [f_vae_claims.faster(f"F1.{number}", f", both with Glow's own couplings{where}")]
    if larger_glow:
        claims.append(_as_good(f"F2.{number}", where))
    return _study(
        f"f-VAE, Glow and VAEs {on}, with {STEPS:,} steps each and from the same search",
        variants,
        claims=(
            *claims,
            f_vae_claims.not_blurred(f"F3.{2 * number - 1}", where),
            f_vae_claims.not_by_its_code(f"F3.{2 * number}", where),
        ),
        settings=settings(dataset, STEPS),
        search=RATES.name,
        seeds=budgets.SEEDS,
        minutes=minutes,
    )


def _as_good(key: str, where: str) -> f_vae_claims.Claim:
    in_words = "Fréchet distance after the last step, of each at its best temperature of 0.7, 0.8, 0.9 and 1"
    return f_vae_claims.as_good(
        key, where, LARGER, lambda run: summary.best_temperature(run)["frechet_distance"], in_words
    )


STUDIES = {
    "sigmas": _search(SIGMAS, minutes=9),
    "rates": replace(_search(RATES, minutes=10), search=SIGMAS.name),
    "mnist": _contest("padded:mnist", "on MNIST", 1, minutes=25, larger_glow=True),
    "fashion_mnist": _contest("padded:fashion_mnist", "on Fashion-MNIST", 2, minutes=16),
    "faces": _study(
        f"f-VAE, Glow and VAE on faces of 64 pixels, with {STEPS:,} steps each",
        OF_FACES,
        settings=settings("folder:celeba", STEPS) | FACES,
        minutes=75,
    ),
}

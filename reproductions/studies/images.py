"""Every f-divergence of the post on images."""

from typing import Any

from reproductions.harness.claim import Below, Claim, spread
from reproductions.harness.study import Study
from reproductions.reporting import summary
from reproductions.reporting.dots import dots
from reproductions.reporting.quality import quality_table
from reproductions.studies import budgets

DIVERGENCES = (
    "total_variation",
    "kl",
    "reverse_kl",
    "pearson",
    "neyman",
    "hellinger",
    "jeffreys",
    "js",
    "sgan",
)
GROUPS: dict[str, dict[str, Any]] = {
    "as in (14)": {},
    "with SN": {"spectral_normalization": "persistent"},
    "not saturating": {"non_saturating": True},
    "as in (15)": {"order": "fake_real"},
}

STUDY = Study(
    question="Every divergence of the post, and the standard GAN's own: same networks, steps and data",
    variants={
        f"{group}: {name}": {"divergence": name} | flags for group, flags in GROUPS.items() for name in DIVERGENCES
    },
    claims=tuple(
        Claim(
            key=f"G2.{number}",
            topic="divergences hardly differ on images",
            sentence=f"In practice the divergences hardly differ, {group}.",
            statistic="mean Fréchet distance of the last three evaluations, largest of the divergences' "
            "means over the smallest",
            rule=Below(1.25),
            values=spread([f"{group}: {name}" for name in DIVERGENCES], summary.settled),
        )
        for number, group in enumerate(GROUPS, 1)
    ),
    table=quality_table,
    figure=dots,
    settings=budgets.CLOTHES,
    seeds=budgets.SEEDS,
    minutes=budgets.MINUTES_CLOTHES,
)

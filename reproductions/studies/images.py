"""Every f-divergence of the post on images."""

from reproductions.harness.claim import Below, Claim, spread
from reproductions.harness.study import Study
from reproductions.reporting import summary
from reproductions.reporting.dots import dots
from reproductions.reporting.quality import quality_table

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

STUDY = Study(
    question="Every divergence of the post, and the standard GAN's own: same networks, steps and data",
    variants={
        f"{group}: {name}": {"divergence": name, "spectral_normalization": normalization}
        for group, normalization in {"as in (14)": "none", "with SN": "persistent"}.items()
        for name in DIVERGENCES
    },
    claims=(
        Claim(
            key="G2",
            topic="divergences hardly differ on images",
            sentence="In practice the divergences hardly differ.",
            statistic="mean Fréchet distance of the last three evaluations, trained as in (14), largest of all "
            "divergences over the smallest",
            rule=Below(1.25),
            values=spread([f"as in (14): {name}" for name in DIVERGENCES], summary.settled),
        ),
    ),
    table=quality_table,
    figure=dots,
)

"""How fast RSGAN trains beside the GANs that its post compares it with."""

from reproductions.harness.claim import Above, Between, Claim, difference, ratio
from reproductions.harness.study import Study
from reproductions.reporting import summary
from reproductions.reporting.curves import curves
from reproductions.reporting.quality import quality_table

MODELS = {
    "SGAN": {"model": "gan"},
    "SNGAN": {"model": "gan", "spectral_normalization": "persistent"},
    "RSGAN": {"model": "rsgan"},
    "RSGAN with SN": {"model": "rsgan", "spectral_normalization": "persistent"},
    "RaSGAN": {"model": "rsgan", "pairs": "average"},
}
AREA = "Fréchet distance averaged over the training (area under its curve), 1:2 as in the author's script"

STUDY = Study(
    question="RSGAN beside SGAN, SNGAN and RaSGAN, with one and with two steps of the generator for one of T",
    variants={
        f"{title}, 1:{generator_steps}": variant | {"generator_steps": generator_steps}
        for generator_steps in (1, 2)
        for title, variant in MODELS.items()
    },
    table=quality_table,
    figure=curves,
    timed=True,
    claims=(
        Claim(
            key="R1",
            topic="faster than SGAN",
            sentence="RSGAN trains faster than SGAN.",
            statistic=f"{AREA}, SGAN's less RSGAN's",
            rule=Above(0),
            values=difference("SGAN, 1:2", "RSGAN, 1:2", summary.area),
        ),
        Claim(
            key="R2",
            topic="faster than SNGAN",
            sentence="RSGAN trains faster than SNGAN.",
            statistic=f"{AREA}, SNGAN's less that of RSGAN with spectral normalisation",
            rule=Above(0),
            values=difference("SNGAN, 1:2", "RSGAN with SN, 1:2", summary.area),
        ),
        Claim(
            key="R3",
            topic="slightly better in the end",
            sentence="In the end RSGAN is only slightly better than SGAN on average, and not on every task.",
            statistic="mean Fréchet distance of the last three evaluations, 1:2, RSGAN's over SGAN's",
            rule=Between(0.85, 1),
            values=ratio("RSGAN, 1:2", "SGAN, 1:2", summary.settled),
        ),
    ),
)

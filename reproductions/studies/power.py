"""Weight and power of WGAN-div's gradient term."""

from reproductions.harness.claim import Above, Claim, paired
from reproductions.harness.study import Study
from reproductions.reporting import summary
from reproductions.reporting.dots import dots
from reproductions.reporting.quality import quality_table

PAIRS = ((2.0, 2.0), (2.0, 4.0), (2.0, 6.0), (2.0, 8.0), (0.5, 6.0), (8.0, 6.0))


def best_of_the_other_powers_less_that_of_6(record: dict) -> list[float]:
    """At k = 2, for every seed: k only rescales T, which Adam does not see."""
    rows = paired(record, [f"k = 2, p = {p}" for p in (6, 2, 4, 8)], summary.settled)
    return [min(others) - of_6 for of_6, *others in rows]


STUDY = Study(
    question="Weight k and power p of WGAN-div around (2, 6)",
    variants={f"k = {k:g}, p = {p:g}": {"k": k, "p": p} for k, p in PAIRS},
    claims=(
        Claim(
            key="W4",
            topic="(k, p) = (2, 6) best",
            sentence="The best weight and power are (k, p) = (2, 6).",
            statistic="mean Fréchet distance of the last three evaluations at k = 2, smallest with p = 2, 4 or 8 less "
            "that with p = 6",
            rule=Above(0),
            values=best_of_the_other_powers_less_that_of_6,
        ),
    ),
    table=quality_table,
    figure=dots,
)

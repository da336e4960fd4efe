"""The power of WGAN-div's gradient term.

Its weight k only rescales T: if T is best for k, then c T is best for k c^(1 - p), and Adam ignores the size of a
gradient. So k has no runs of its own.
"""

from reproductions.harness.claim import Above, Claim, of_means
from reproductions.harness.study import Study
from reproductions.reporting import summary
from reproductions.reporting.dots import dots
from reproductions.reporting.quality import quality_table
from reproductions.studies import budgets
from reproductions.studies.comparison import OF_CLOTHES

POWERS = (2.0, 3.0, 4.0, 6.0, 8.0)
OTHERS = tuple(p for p in POWERS if p != 6)


STUDY = Study(
    question="The power p of WGAN-div's gradient term, at k = 2",
    variants={f"p = {p:g}": OF_CLOTHES.winners()["WGAN-div"] | {"p": p} for p in POWERS},
    search=OF_CLOTHES.name,
    claims=(
        Claim(
            key="W4",
            topic="(k, p) = (2, 6) best",
            sentence="The best weight and power are (k, p) = (2, 6).",
            statistic="mean Fréchet distance of the last three evaluations at k = 2, smallest of "
            f"the means with p = {', '.join(f'{p:g}' for p in OTHERS[:-1])} and {OTHERS[-1]:g}, less that with p = 6",
            rule=Above(0),
            values=of_means(
                [f"p = {p:g}" for p in (*OTHERS, 6.0)], summary.settled, lambda means: min(means[:-1]) - means[-1]
            ),
        ),
    ),
    table=quality_table,
    figure=dots,
    settings=budgets.CLOTHES,
    seeds=budgets.SEEDS,
    minutes=budgets.MINUTES_CLOTHES,
)

"""Where WGAN-div and WGAN-GP measure the gradient."""

from reproductions.harness.claim import Above, Below, Claim, paired, spread
from reproductions.harness.study import Study
from reproductions.reporting import summary
from reproductions.reporting.dots import dots
from reproductions.reporting.quality import quality_table

SAMPLINGS = ("interpolate_real_fake", "interpolate_within", "interpolate_pooled", "real_and_fake", "fake", "real")
# Each model's own choice is its default, so that these runs are those of other studies too.
OWN_SAMPLING = {"wgan_div": "real_and_fake", "wgan_gp": "interpolate_real_fake"}
TITLES = {title: [f"{title}: {sampling}" for sampling in SAMPLINGS] for title in ("WGAN-div", "WGAN-GP")}
DISTANCE = "mean Fréchet distance of the last three evaluations"


def worst_of_one_less_best_of_the_other(record: dict) -> list[float]:
    """The smallest distance under WGAN-GP less the largest under WGAN-div, for every seed."""
    rows = paired(record, [*TITLES["WGAN-GP"], *TITLES["WGAN-div"]], summary.settled)
    return [min(row[: len(SAMPLINGS)]) - max(row[len(SAMPLINGS) :]) for row in rows]


STUDY = Study(
    question="Where the gradient is measured: the six r(x), under WGAN-div and under WGAN-GP",
    variants={
        f"{title}: {sampling}": {"model": model, "sampling": None if sampling == OWN_SAMPLING[model] else sampling}
        for title, model in (("WGAN-div", "wgan_div"), ("WGAN-GP", "wgan_gp"))
        for sampling in SAMPLINGS
    },
    claims=(
        Claim(
            key="W2.1",
            topic="insensitive to r(x)",
            sentence="Under WGAN-div it hardly matters where the gradient is measured: the six r(x) are about as good.",
            statistic=f"{DISTANCE}, largest of WGAN-div's six over the smallest",
            rule=Below(1.25),
            values=spread(TITLES["WGAN-div"], summary.settled),
        ),
        Claim(
            key="W2.2",
            topic="WGAN-GP sensitive to r(x)",
            sentence="Under WGAN-GP the six r(x) differ widely.",
            statistic=f"{DISTANCE}, largest of WGAN-GP's six over the smallest",
            rule=Above(1.25),
            values=spread(TITLES["WGAN-GP"], summary.settled),
        ),
        Claim(
            key="W3",
            topic="its worst r(x) better than WGAN-GP's best",
            sentence="The best WGAN-GP is worse than the worst WGAN-div.",
            statistic=f"{DISTANCE}, smallest of WGAN-GP's six less the largest of WGAN-div's",
            rule=Above(0),
            values=worst_of_one_less_best_of_the_other,
        ),
    ),
    table=quality_table,
    figure=dots,
)

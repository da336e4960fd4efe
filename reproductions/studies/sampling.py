"""Where WGAN-div and WGAN-GP measure the gradient, with and without batch norm in the critic."""

from collections.abc import Iterator

from reproductions.harness.claim import Above, Below, Claim, of_means, spread
from reproductions.harness.study import Study
from reproductions.reporting import summary
from reproductions.reporting.dots import dots
from reproductions.reporting.quality import quality_table
from reproductions.studies import budgets
from reproductions.studies.comparison import OF_CLOTHES

SAMPLINGS = ("interpolate_real_fake", "interpolate_within", "interpolate_pooled", "real_and_fake", "fake", "real")
# Each model's own choice is its default, so that these runs are those of other studies too.
OWN_SAMPLING = {"wgan_div": "real_and_fake", "wgan_gp": "interpolate_real_fake"}
# Each has the rates that were found for it with its own r(x).
MODELS = {title: OF_CLOTHES.winners()[title] for title in ("WGAN-div", "WGAN-GP")}
# What is added to the titles: WGAN-div's gradient of one image then depends on the others of its batch.
CRITICS = {"": False, " with batch norm": True}
DISTANCE = "mean Fréchet distance of the last three evaluations"


def titles(model: str, critic: str) -> list[str]:
    """Of the six variants of a model."""
    return [f"{model}{critic}: {sampling}" for sampling in SAMPLINGS]


def _claims(part: int, critic: str) -> Iterator[Claim]:
    """The parts of the claims on critics of one kind."""
    under, where = ("With batch norm in the critic, under", " with batch norm") if critic else ("Under", "")
    yield Claim(
        key=f"W2.{part}",
        topic=f"insensitive to r(x){where}",
        sentence=f"{under} WGAN-div it hardly matters where the gradient is measured: the six r(x) are about as good.",
        statistic=f"{DISTANCE}, largest of WGAN-div's six means over the smallest",
        rule=Below(1.25),
        least=1,
        values=spread(titles("WGAN-div", critic), summary.settled),
    )
    yield Claim(
        key=f"W2.{part + 1}",
        topic=f"WGAN-GP sensitive to r(x){where}",
        sentence=f"{under} WGAN-GP the six r(x) differ widely.",
        statistic=f"{DISTANCE}, largest of WGAN-GP's six means over the smallest",
        rule=Above(1.25),
        least=1,
        values=spread(titles("WGAN-GP", critic), summary.settled),
    )
    yield Claim(
        key=f"W3.{(part + 1) // 2}",
        topic="its worst r(x) better than WGAN-GP's best",
        sentence=f"{under} its best r(x), WGAN-GP is worse than WGAN-div under its worst.",
        statistic=f"{DISTANCE}, smallest of WGAN-GP's six means less the largest of WGAN-div's",
        rule=Above(0),
        values=of_means(
            [*titles("WGAN-GP", critic), *titles("WGAN-div", critic)],
            summary.settled,
            lambda means: min(means[: len(SAMPLINGS)]) - max(means[len(SAMPLINGS) :]),
        ),
    )


STUDY = Study(
    question="Where the gradient is measured: the six r(x), under WGAN-div and under WGAN-GP",
    variants={
        f"{title}{critic}: {sampling}": {
            **flags,
            "batch_norm": batch_norm,
            "sampling": None if sampling == OWN_SAMPLING[flags["model"]] else sampling,
        }
        for critic, batch_norm in CRITICS.items()
        for title, flags in MODELS.items()
        for sampling in SAMPLINGS
    },
    claims=tuple(claim for part, critic in zip((1, 3), CRITICS, strict=True) for claim in _claims(part, critic)),
    table=quality_table,
    figure=dots,
    search=OF_CLOTHES.name,
    settings=budgets.CLOTHES,
    seeds=budgets.SEEDS,
    minutes=budgets.MINUTES_CLOTHES,
)

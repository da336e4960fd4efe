"""What the records say to one who has to choose: the claims of all posts by the question that they answer."""

from __future__ import annotations

from collections.abc import Iterable

from reproductions.harness.claim import Claim, Verdict
from reproductions.reporting import markdown
from reproductions.reporting.verdicts import escaped, with_bold_outcome

# From the name of a question to the numbers of the claims that answer it.
QUESTIONS: dict[str, tuple[str, ...]] = {
    "quality": ("W1", "W3", "R1", "R2", "R3", "G2"),
    "stability": ("W2", "W4", "R4", "L2", "L4"),
    "cost": ("L3",),
    "labels": ("L5",),
    "codes": ("D1", "D2", "D3", "V2"),
    "clusters": ("C1", "C2"),
    "densities": ("F1", "F2", "F3"),
    "theory": ("V1", "G1"),
    "generalization": ("L1",),
}
ORDER = ("holds", "fails", "undecided")


def table(question: str, found: Iterable[tuple[str, Claim, Verdict]]) -> str:
    """One row for every claim that answers a question; those that are decided come first.

    Args:
        question: One of `QUESTIONS`.
        found: The script, the claim and the verdict of every claim there is.
    """
    numbers = QUESTIONS[question]
    rows = [(script, claim, verdict) for script, claim, verdict in found if claim.key.partition(".")[0] in numbers]
    rows.sort(key=lambda row: ORDER.index(row[2].outcome))  # otherwise in the order of their keys
    return markdown.table(
        ("", "the claim", "measured by", "holds if", "seen here"),
        [
            (
                f"[{claim.key}](../reproductions/{script}.md)",
                *map(escaped, (claim.sentence, claim.statistic)),
                str(claim.rule),
                with_bold_outcome(verdict),
            )
            for script, claim, verdict in rows
        ],
    )

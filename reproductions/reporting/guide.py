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
NOT_RUN = "not run yet"


def table(question: str, found: Iterable[tuple[str, Claim, Verdict]]) -> str:
    """One row for every claim that answers a question and was tested, those that are decided first; then the others.

    Args:
        question: One of `QUESTIONS`.
        found: The script, the claim and the verdict of every claim there is.
    """
    numbers = QUESTIONS[question]
    claims = [one for one in found if one[1].key.partition(".")[0] in numbers]
    rows = [one for one in claims if one[2].outcome != NOT_RUN]
    others = ", ".join(_linked(script, claim) for script, claim, verdict in claims if verdict.outcome == NOT_RUN)
    rows.sort(key=lambda row: ORDER.index(row[2].outcome))  # otherwise in the order of their keys
    table = markdown.table(
        ("", "the claim", "measured by", "holds if", "seen here"),
        [
            (
                _linked(script, claim),
                *map(escaped, (claim.sentence, claim.statistic)),
                str(claim.rule),
                with_bold_outcome(verdict),
            )
            for script, claim, verdict in rows
        ],
    )
    return "\n\n".join([*([table] if rows else []), *([f"Not run yet: {others}."] if others else [])])


def _linked(script: str, claim: Claim) -> str:
    return f"[{claim.key}](../reproductions/{script}.md)"

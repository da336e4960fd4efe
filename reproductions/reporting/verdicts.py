"""Verdicts on the posts' claims, as the pages and the README's table show them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, get_args

from reproductions.harness.claim import Claim, Outcome, Verdict
from reproductions.reporting import markdown

if TYPE_CHECKING:
    from reproductions.harness.reproduction import Reproduction

# From the name of a study to its record, or None where nothing is recorded.
RecordOf = Callable[[str], dict | None]
LINKED_PAGE = re.compile(r"\(reproductions/(\w+)\.md\)")
COLUMN = "seen here"


def verdicts(reproduction: Reproduction, record_of: RecordOf) -> Iterator[tuple[Claim, Verdict]]:
    """Every claim of the post with its verdict, in the order of their keys."""
    studies = {claim.key: name for name, study in reproduction.studies.items() for claim in study.claims}
    for claim in reproduction.all_claims:
        yield claim, claim.verdict(record_of(studies[claim.key]) if claim.key in studies else None)


def in_words(reproduction: Reproduction, record_of: RecordOf) -> dict[str, str]:
    """Every claim of the post with its verdict, by its key."""
    return {claim.key: f"{claim.sentence} {verdict}" for claim, verdict in verdicts(reproduction, record_of)}


def claims_table(reproduction: Reproduction, record_of: RecordOf) -> str:
    """One row per claim."""
    rows = [
        (claim.key, *map(escaped, (claim.sentence, claim.statistic)), str(claim.rule), with_bold_outcome(verdict))
        for claim, verdict in verdicts(reproduction, record_of)
    ]
    return markdown.table(("", "the post's claim", "measured by", "holds if", "verdict"), rows)


def escaped(text: str) -> str:
    """Text for a cell, in which a bar would be the cell's end."""
    return text.replace("|", "\\|")


def with_bold_outcome(verdict: Verdict) -> str:
    """The verdict, its outcome in bold, if there is one."""
    outcome, colon, rest = str(verdict).partition(":")
    return f"{_bold(outcome)}{colon}{rest}"


def _bold(outcome: str) -> str:
    return outcome if outcome == "not run yet" else f"**{outcome}**"


def seen_here(reproduction: Reproduction, record_of: RecordOf) -> str:
    """The outcomes in one line: what holds, what fails, what is undecided, what was not run.

    Claims on one topic are named once for each outcome, with their keys where the outcomes differ.
    """
    found = list(verdicts(reproduction, record_of))
    keys: dict[Outcome, dict[str, list[str]]] = {outcome: {} for outcome in get_args(Outcome)}
    for claim, verdict in found:
        keys[verdict.outcome].setdefault(claim.topic, []).append(claim.key)

    def named(topic: str, of_outcome: list[str]) -> str:
        alike = len(of_outcome) == sum(claim.topic == topic for claim, _ in found)
        return topic if alike else f"{topic} ({', '.join(of_outcome)})"

    return "; ".join(
        f"{_bold(outcome)}: {', '.join(named(*topic) for topic in topics.items())}"
        for outcome, topics in keys.items()
        if topics
    )


def posts_table(table: str, seen: Callable[[str], str]) -> str:
    """The README's table of posts with its column of what was seen here made anew.

    Args:
        table: The present table; a row belongs to the page that it links to.
        seen: From a script's name to what stands in the column.
    """
    heading, *rows = table.splitlines()
    column = next(i for i, title in enumerate(_cells(heading)) if title.startswith(COLUMN))
    made = [heading]
    for row in rows:
        page = LINKED_PAGE.search(row)
        if page:
            cells = _cells(row)
            cells[column] = seen(page[1])
            row = markdown.cells(cells)
        made.append(row)
    return "\n".join(made)


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip().strip("|").split("|")]

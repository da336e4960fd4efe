"""`reproductions/reporting/guide.py`, and the page that it serves."""

import re

import pytest

from reproductions import tables
from reproductions.harness.claim import Above, Claim
from reproductions.pages import SCRIPTS
from reproductions.reporting import guide


def test_every_claim_answers_one_question():
    numbers = [number for of_question in guide.QUESTIONS.values() for number in of_question]
    claims = {claim.key.partition(".")[0] for name in SCRIPTS for claim in tables.reproduction_of(name).all_claims}
    assert len(set(numbers)) == len(numbers)
    missing = sorted(claims - set(numbers))
    assert not missing, f"{', '.join(missing)}: add it to a question of {guide.__file__}"
    assert set(numbers) <= claims


def test_the_page_asks_every_question():
    page = tables.GUIDE.read_text(encoding="utf-8")
    assert re.findall(r"<!-- verdicts (\w+) -->", page) == list(guide.QUESTIONS)


def test_what_is_decided_comes_first():
    def claim(key, values):
        return Claim(
            key=key, topic="t", sentence=f"KL(p || q) of {key}.", statistic="s", rule=Above(0), values=lambda _: values
        )

    found = [
        ("wgan_div", one, one.verdict({"runs": []}))
        for one in (
            claim("W1.1", [1.0]),
            claim("W1.2", [-1.0, -1.1, -1.2]),
            claim("W3", [1.0, 1.1, 1.2]),
            claim("D1", [1.0, 1.1, 1.2]),
        )
    ]
    heading, _, *rows = guide.table("quality", found).splitlines()
    assert heading == "|  | the claim | measured by | holds if | seen here |"
    assert [re.findall(r"\[(.+?)\]", row)[0] for row in rows] == ["W3", "W1.2", "W1.1"]
    assert rows[0].startswith(
        "| [W3](../reproductions/wgan_div.md) | KL(p \\|\\| q) of W3. | s | above 0 | **holds**: 1.1"
    )
    assert "**fails**" in rows[1] and "**undecided**: 1 (one seed)" in rows[2]


def test_an_unknown_question():
    with pytest.raises(KeyError):
        guide.table("taste", [])

"""Formulas amid the words of docstrings and comments, found and made into TeX.

`-E_z[T(G(z))] (11); E_p[T(x)] does not depend on G.` has three. What is not surely a formula stays as it is written.
"""

from __future__ import annotations

import html
import re

from reproductions.site import equations

WORDS = ("log", "det", "grad", "exp", "KL", "sum", "mean", "max", "min", "argmin", "argmax")
NAME = re.compile(
    rf"(?P<name>d?[A-Za-z]~?|{'|'.join((*WORDS, *equations.GREEK))})(?![A-Za-z])"
    r"(?P<script>_(?:[A-Za-z0-9]{1,2}(?![A-Za-z0-9_])|\{[^{}]*\}))?(?P<power>\^-?[A-Za-z0-9]+|²)?(?![\w`])"
)
POWER = re.compile(r"²|\^[A-Za-z0-9]+")
LENGTH = re.compile(r"\|[^|\n]+\|(?=[\W²]|$)")
COUNT = re.compile(r"\d+(?![\w.])|\.\.\.")
SIGN = re.compile(r"\s+(?:=|~|-|\+|\*|\|\||<=|>=)\s+|/")
# What is no formula on its own: articles and the pronoun.
NO_LETTERS = ("a", "A", "I")
SKIPPED = re.compile(r"`[^`]*`|\[[^\]]*\]|[\w.'-]+|.", re.DOTALL)
CLOSING = {"(": ")", "[": "]"}


def with_formulas(text: str) -> str:
    """Text in Markdown with its formulas in TeX, each in an element whose title is what the source has."""
    found, at = [], 0
    while at < len(text):
        end = _formula(text, at)
        if end is not None:
            found.append(_element(text[at:end]))
        else:
            end = at + len(_skipped(text, at))
            found.append(html.escape(text[at:end], quote=False).replace("*", r"\*"))
        at = end
    return "".join(found)


def begins_with_one(text: str) -> bool:
    """Whether a formula stands at the beginning of a text."""
    return _formula(text, 0) is not None


def _skipped(text: str, at: int) -> str:
    found = SKIPPED.match(text, at)
    return found[0] if found else text[at]


def _element(source: str) -> str:
    # As numbers, so that Markdown sees nothing in the title that it knows.
    title = "".join(letter if letter.isalnum() or letter == " " else f"&#{ord(letter)};" for letter in source)
    return f'<span class="formula" title="{title}">${equations.inline(source)}$</span>'


def _formula(text: str, at: int) -> int | None:
    """Where the formula ends that begins here, if one does."""
    begin = at + 1 if text[at] == "-" and (at == 0 or text[at - 1] in " (\n") else at
    first = _term(text, begin)
    if first is None:
        return None
    end, sure = first
    signs = 0
    while True:
        sign = SIGN.match(text, end)
        following = _term(text, sign.end() + (text[sign.end() : sign.end() + 1] == "-"), inside=True) if sign else None
        if following is None and text[end : end + 1] == " ":
            sign, following = None, _term(text, end + 1, inside=True)
            if following is not None and not _adjoins(text[at:end], text[end + 1 : following[0]], sure, following[1]):
                following = None
        if following is None:
            break
        signs += sign is not None
        end, sure = following[0], sure or following[1]
    if sure or signs:
        return end
    # A letter on its own, but for that of (i), (ii), and that of f-GAN.
    lone = end - at == 1 and text[at:end] not in NO_LETTERS and text[at - 1 : end + 1] != f"({text[at]})"
    return end if lone and text[end : end + 1] != "-" else None


def _adjoins(before: str, term: str, sure: bool, term_sure: bool) -> bool:
    """Whether a term behind a space belongs to what is before it, as in `log p(x)`, `sigma_1 u` and `k E_r[x]`."""
    if term.startswith("("):
        return sure and bool(re.search(r" [-+] |_", term))
    function = re.search(rf"(?:^|\W)(?:{'|'.join(WORDS)})(?:_\w+)?$", before)
    return term not in NO_LETTERS and bool(function or term_sure or (sure and not before.endswith((")", "]"))))


def _term(text: str, at: int, inside: bool = False) -> tuple[int, bool] | None:
    """Where a term ends, and whether it is one for sure; numbers and brackets are terms only inside a formula."""
    if length := LENGTH.match(text, at):
        return _powered(text, length.end()), True
    if inside and (count := COUNT.match(text, at)):
        return count.end(), False
    if inside and text[at : at + 1] == "(":
        end = _closed(text, at)
        return None if end is None else (_powered(text, end), False)
    name = NAME.match(text, at)
    if name is None:
        return None
    end, sure = name.end(), bool(name["script"] or name["power"]) or name["name"] in equations.GREEK
    while text[end : end + 1] in CLOSING:  # E_q(z)[T(z)] has two
        closed = _closed(text, end)
        if closed is None:
            return None
        end, sure = _powered(text, closed), True
    return end, sure


def _powered(text: str, at: int) -> int:
    power = POWER.match(text, at)
    return power.end() if power else at


def _closed(text: str, at: int) -> int | None:
    """Behind the bracket that closes the one here."""
    open_ones: list[str] = []
    for place in range(at, len(text)):
        if text[place] in CLOSING:
            open_ones.append(CLOSING[text[place]])
        elif text[place] in CLOSING.values():
            if text[place] != open_ones.pop():
                return None
            if not open_ones:
                return place + 1
    return None

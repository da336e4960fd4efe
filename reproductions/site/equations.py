"""Equations as docstrings have them, in plain text, made into TeX.

They are written in one way throughout the library: `E_p[T(x)]`, `sum_y p(y|z)`, `|grad T(x)|^p`, `argmin_G`, a number
in brackets at the end of a line, remarks after a wide gap.
"""

from __future__ import annotations

import re

GREEK = ("alpha", "beta", "gamma", "epsilon", "lambda", "mu", "phi", "sigma")
FUNCTIONS = {
    **{name: rf"\{name}" for name in (*GREEK, "log", "max", "min", "det", "exp")},
    **{"argmax": r"\arg\max", "argmin": r"\arg\min", "grad": r"\nabla", "sum": r"\sum", "KL": r"\mathrm{KL}"},
    "mean": r"\operatorname{mean}",
}
SYMBOLS = {
    **{"||": r"\,\|\,", "~": r"\sim ", "*": r"\cdot ", ">=": r"\ge ", "<=": r"\le ", "²": "^2", "{": r"\{", "}": r"\}"},
    "%": r"\%",
}
NUMBER = re.compile(r"\s{2,}(?P<number>\(\d+\), \(\d+\)|\(\d+(?:, \d+)?\))(?P<more>.*)$")
GAP = re.compile(r"\s{2,}")
TOKEN = re.compile(
    r"(?P<tilde>[a-z]~)"
    r"|(?P<code>`[^`]*`|(?!(?:sum|mean|mu|max|min)_)[a-z]{2,}(?:_[a-z]{2,})+)"
    r"|(?P<script>[_^](?:\{|-?[A-Za-z0-9]+(?:,[a-z])?))"
    r"|(?P<differential>\bd[A-Za-z]\b)"
    r"|(?P<word>[A-Za-z]{2,})"
    r"|(?P<symbol>\|\||>=|<=|[~*²%{}])"
    r"|(?P<rest>.)"
)


def to_tex(lines: list[str]) -> str:
    """Lines of equations as one aligned display, a row each; what begins further to the right stays there."""
    margin = min(len(line) - len(line.lstrip()) for line in lines)
    rows = []
    for line in lines:
        inside = line[margin:].rstrip()
        indented = len(inside) - len(inside.lstrip())
        rows.append(r"\quad" * (indented // 4) + row(inside.strip()))
    return "$$\n\\begin{array}{l}\n" + " \\\\\n".join(rows) + "\n\\end{array}\n$$"


def inline(text: str) -> str:
    """A formula amid words, without remarks and numbers."""
    return _symbols(_braced(text)).strip(" ")


def row(line: str) -> str:
    """One line."""
    number = NUMBER.search(line)
    if number is None:
        return _parts(line)
    more = number["more"].strip(" ,")
    numbered = rf"{_parts(line[: number.start()])} \qquad \text{{{number['number']}}}"
    return rf"{numbered}\ {_text(more)}" if more else numbered


def _parts(line: str) -> str:
    """Parts between wide gaps, each an equation or a remark."""
    return r" \quad ".join(_text(part) if _is_remark(part) else _symbols(_braced(part)) for part in GAP.split(line))


def _is_remark(part: str) -> bool:
    words = [word for word in re.findall(r"[a-z]{3,}", part) if word not in FUNCTIONS]
    if re.fullmatch(r"\([ivx]+\)", part):  # names a term
        return True
    return part.startswith("`") or (len(words) > 1 and not re.search(r"=|E_", part))


def _text(words: str) -> str:
    plain = words.replace("`", "").replace("_", r"\_").replace("%", r"\%")
    return rf"\text{{{plain}}}"


def _braced(text: str) -> str:
    """The text with exponents in braces that stand in brackets: e^(T - 1)."""
    while (start := text.find("^(")) >= 0:
        depth, end = 0, start + 1
        while True:
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            if not depth:
                break
            end += 1
        text = f"{text[:start]}^{{{text[start + 2 : end]}}}{text[end + 1 :]}"
    return text


def _symbols(text: str) -> str:
    """The text with its words and signs in TeX; braces of indices are kept as they are."""
    found, depth = [], 0
    for token in TOKEN.finditer(text):
        kind, part = str(token.lastgroup), token[0]
        if kind == "script" and part[1:] == "{":
            depth += 1
            found.append(part)
        elif part == "}" and depth:
            depth -= 1
            found.append(part)
        else:
            found.append(_in_tex(kind, part))
    return "".join(found)


def _in_tex(kind: str, part: str) -> str:
    match kind:
        case "tilde":
            return rf"\tilde {part[0]}"
        case "script":
            return f"{part[0]}{{{FUNCTIONS.get(part[1:], part[1:])}}}"
        case "code":
            return _text(part)
        case "differential":
            return part
        case "word":
            return FUNCTIONS.get(part, rf"\text{{{part}}}") + " "
        case "symbol":
            return SYMBOLS[part]
    return r"\ " if part == " " else part

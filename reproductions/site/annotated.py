"""Annotated pages: a model's module with its lines on the right, and its equations and docstrings on the left.

Beside a method stand the equations whose numbers its docstring or its comments have, and the formulas of its comments.
All is read from the source, so that nothing can drift.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

from reproductions.site import equations
from reproductions.site.documents import ROOT
from reproductions.site.formulas import begins_with_one, with_formulas

FOLDER = "annotated"
# What keeps arguments, and gives them back.
LEFT_OUT = ("__init__", "get_config")
# Without what stands beside it a page is wider.
WIDE = "---\nhide: [navigation, toc]\n---\n\n"
# What begins the parts of a docstring that say how to call, not what is computed.
CALLING = re.compile(r"^(Args|Returns|Raises|Yields|Attributes):$|^>>> ", re.MULTILINE)


def modules() -> list[Path]:
    """The models' modules that have equations, by their names."""
    found = sorted((ROOT / "keras_gen" / "models").glob("*.py"))
    return [path for path in found if any(_has_equations(one) for one in _classes(path))]


def write(folder: Path) -> list[str]:
    """Writes the pages.

    Args:
        folder: The folder of the site's pages.

    Returns:
        The pages, for the navigation.
    """
    (folder / FOLDER).mkdir(parents=True, exist_ok=True)
    pages = {f"{FOLDER}/{path.stem}.md": page(path) for path in modules()}
    for name, text in pages.items():
        (folder / name).write_text(text, encoding="utf-8")
    return list(pages)


def page(path: Path) -> str:
    """The page of a module, in Markdown."""
    source = path.read_text(encoding="utf-8")
    parts = [f"# {_model(path)}, line by line", _results(path), notes(ast.get_docstring(ast.parse(source)) or "")]
    for one in _classes(path):
        title = f"class {one.name}({', '.join(map(ast.unparse, one.bases))}):"
        parts += [f"```python\n{title}\n```", _own(notes(ast.get_docstring(one) or ""))]
        parts += [_row(note, code) for note, code in _methods(one, source)]
    others = [f"[{_model(other)}]({other.stem}.md)" for other in modules() if other != path]
    return WIDE + "\n\n".join([*parts, f"Other models, line by line: {', '.join(others)}."]) + "\n"


def _model(path: Path) -> str:
    """The name of the first class of a module that has equations."""
    return next(one.name for one in _classes(path) if _has_equations(one))


def _results(path: Path) -> str:
    """Links to the pages that show what was measured with a module's model."""
    documents = {page: page.read_text(encoding="utf-8") for page in sorted((ROOT / "reproductions").glob("*.md"))}
    links = [
        f"[{text.split(chr(10))[0].removeprefix('# ')}](../reproductions/{page.name})"
        for page, text in documents.items()
        if f"models/{path.name}" in text
    ]
    return f"What was measured with it: {', '.join(links)}." if links else ""


def notes(docstring: str) -> str:
    """A docstring up to where it says how to call, with its equations in TeX."""
    found = CALLING.search(docstring)
    text = docstring[: found.start()] if found else docstring
    blocks = re.split(r"\n{2,}", text.strip())
    return "\n\n".join(_block(block) for block in blocks)


def _block(block: str) -> str:
    lines = block.split("\n")
    if not all(line.startswith("    ") for line in lines):
        return with_formulas(block)
    if _is_code(block):
        return f"```python\n{textwrap.dedent(block)}\n```"
    return equations.to_tex(lines)


def _is_code(block: str) -> bool:
    """Whether lines are Python that calls something by a dotted name, which no equation does."""
    try:
        parsed = ast.parse(textwrap.dedent(block))
    except SyntaxError:
        return False
    calls = [node.func for node in ast.walk(parsed) if isinstance(node, ast.Call)]
    return any(isinstance(called, ast.Attribute) for called in calls)


def _methods(one: ast.ClassDef, source: str) -> Iterator[tuple[str, str]]:
    """Of each method of a class what it says, with the equations that it refers to, and its lines."""
    numbered = numbered_equations(ast.get_docstring(one) or "")
    for function in one.body:
        if isinstance(function, ast.FunctionDef) and function.name not in LEFT_OUT:
            said, lines = notes(ast.get_docstring(function) or ""), _without_docstring(function, source)
            numbers = _numbers(" ".join([ast.get_docstring(function) or "", *re.findall("# .*", lines)]))
            shown = dict.fromkeys(numbered[number] for number in numbers if number in numbered)
            of_lines = [f"- {formula}" for formula in _of_comments(lines)]
            yield "\n\n".join([said, *map(_block, shown), "\n".join(of_lines)]).strip(), lines


def numbered_equations(docstring: str) -> dict[str, str]:
    """The lines of each equation of a docstring, with those that continue it, by each of its numbers."""
    found: dict[str, str] = {}
    text = CALLING.split(docstring)[0]
    for block in re.split(r"\n{2,}", text):
        lines = block.split("\n")
        if not all(line.startswith("    ") for line in lines):
            continue
        margin = min(len(line) - len(line.lstrip()) for line in lines)
        begins = [i for i, line in enumerate(lines) if i == 0 or len(line) - len(line.lstrip()) == margin]
        for begin, end in zip(begins, [*begins[1:], len(lines)], strict=True):
            equation = "\n".join(lines[begin:end])
            at_ends = [found_one["number"] for found_one in map(equations.NUMBER.search, lines[begin:end]) if found_one]
            for number in _numbers(" ".join(at_ends)):
                found[number] = f"{found[number]}\n{equation}" if number in found else equation
    return found


def _numbers(text: str) -> list[str]:
    """Numbers of equations, as in `(7)` and `(12, 13)`, in their order."""
    groups = re.findall(r"(?<![\w\])])\((\d+(?:, \d+)*)\)", text)
    return list(dict.fromkeys(number for group in groups for number in group.split(", ")))


def _of_comments(lines: str) -> Iterator[str]:
    """The formulas that stand as comments behind lines, each with the name that its line gives to it."""
    for line in lines.split("\n"):
        code, _, comment = line.partition("  # ")
        if comment and begins_with_one(comment):
            name = re.match(r"\s*(\w+(?:, \w+)*) [-+*]?= ", code)
            before = f"`{name[1]}`: " if name else "returned: " if code.strip().startswith("return ") else ""
            yield f"{before}{with_formulas(comment)}"


def _without_docstring(function: ast.FunctionDef, source: str) -> str:
    lines = source.splitlines()
    first = min([function.lineno, *(decorator.lineno for decorator in function.decorator_list)])
    docstring = function.body[0] if ast.get_docstring(function) is not None else None
    kept = [
        line
        for number, line in enumerate(lines[first - 1 : function.end_lineno], start=first)
        if docstring is None or not docstring.lineno <= number <= (docstring.end_lineno or 0)
    ]
    return textwrap.dedent("\n".join(kept))


def _own(note: str) -> str:
    return f'<div class="equations" markdown="1">\n\n{note}\n\n</div>'


def _row(note: str, code: str) -> str:
    return (
        f'<div class="annotated" markdown="1">\n<div class="note" markdown="1">\n\n{note}\n\n</div>\n'
        f'<div class="lines" markdown="1">\n\n```python\n{code}\n```\n\n</div>\n</div>'
    )


def _classes(path: Path) -> list[ast.ClassDef]:
    return [one for one in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(one, ast.ClassDef)]


def _has_equations(one: ast.ClassDef) -> bool:
    text = CALLING.split(ast.get_docstring(one) or "")[0]
    return any(re.match(r"    .*(=|E_)", line) for line in text.split("\n"))

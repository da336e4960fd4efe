"""The API reference: one page per module of the library, made from its docstrings without importing it."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

from reproductions.site.documents import ROOT, module_page

PACKAGE = ROOT / "keras_gen"
FOLDER = "reference"


def write(folder: Path) -> list[Any]:
    """Writes the pages.

    Args:
        folder: The folder of the site's pages.

    Returns:
        The pages for the navigation, by packages.
    """
    return _package(PACKAGE, folder)


def _package(package: Path, folder: Path) -> list[Any]:
    """The pages of a package: its own, those of its packages, those of its modules."""
    inner = sorted(path for path in package.iterdir() if (path / "__init__.py").exists())
    modules = sorted(path for path in package.glob("*.py") if path.name != "__init__.py")
    lines = [
        f"- [`{path.stem}`]({_page(path).name if path.suffix else f'{path.name}/index.md'}): {_summary(path)}"
        for path in (*inner, *modules)
    ]
    own = _write(package / "__init__.py", folder, "\n".join(["", *lines]), "members: false")
    entries: list[Any] = [own]
    entries += [{path.name: _package(path, folder)} for path in inner]
    entries += [{path.stem: _write(path, folder, "", "show_root_toc_entry: false")} for path in modules]
    return entries


def _write(file: Path, folder: Path, more: str, options: str) -> str:
    """Writes the page of a module; gives its path in the folder."""
    inside = file.relative_to(ROOT)
    name = ".".join(inside.parent.parts if file.name == "__init__.py" else inside.with_suffix("").parts)
    page = Path(FOLDER, module_page(inside))
    (folder / page).parent.mkdir(parents=True, exist_ok=True)
    (folder / page).write_text(f"# {name}\n\n::: {name}\n    options:\n      {options}\n{more}\n", encoding="utf-8")
    return page.as_posix()


def _page(file: Path) -> Path:
    return module_page(file.relative_to(ROOT))


def _summary(path: Path) -> str:
    """The first line of a module's docstring."""
    file = path if path.suffix else path / "__init__.py"
    return (ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or "").split("\n")[0]

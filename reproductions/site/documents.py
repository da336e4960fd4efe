"""The repository's documents as pages of the site, and whatever they link to."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

ROOT = Path(__file__).parents[2]
README, TEMPLATE = ROOT / "README.md", ROOT / "docs" / "page_template.md"
CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"(\]\()([^)\s#]+)((?:#[^)\s]*)?\))")
LANGUAGES = {".py": "python", ".json": "json", ".js": "javascript"}


def all_documents() -> list[Path]:
    """The documents of the repository that people read."""
    found = {*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("reproductions/*.md")} - {TEMPLATE}
    return sorted(found)


def write(folder: Path, with_reference: bool) -> None:
    """Writes the documents with their links, and the files that they lead to.

    Modules of the library are found in the reference. Other files of code are pages, with their text; pictures are
    copied; a folder is a page with a list.

    Args:
        folder: The folder of the site's pages.
        with_reference: Whether there is a reference; otherwise its modules are pages with their text, too.
    """
    documents = {document: place(document) for document in all_documents()}
    linked: dict[Path, Path] = {}

    def target(document: Path, link: str) -> str:
        path = (document.parent / link).resolve()
        if re.match(r"[a-z]+:", link) or not path.is_relative_to(ROOT) or not path.exists():
            return link
        if path not in documents and path not in linked:
            linked[path] = place(path, with_reference)
        found = documents.get(path) or linked[path]
        return os.path.relpath(found, documents[document].parent)

    for document, where in documents.items():
        page = folder / where
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(with_links(document, target), encoding="utf-8")
    while linked:  # a folder's list links further files
        path, where = linked.popitem()
        if where.parts[0] not in ("reference", "notebooks"):  # whose pages are made elsewhere
            _write_linked(path, folder / where, with_reference)


def with_links(document: Path, target) -> str:  # noqa: ANN001 (a local function of `write`)
    """The text of a document whose links lead where the function says; code is left as it is."""
    text = document.read_text(encoding="utf-8")

    def replaced(plain: str) -> str:
        return LINK.sub(lambda found: found[1] + target(document, found[2]) + found[3], plain)

    parts, end = [], 0
    for code in CODE.finditer(text):
        parts += [replaced(text[end : code.start()]), code[0]]
        end = code.end()
    return "".join([*parts, replaced(text[end:])])


def place(path: Path, with_reference: bool = True) -> Path:
    """Where something of the repository lies among the site's pages."""
    inside = path.relative_to(ROOT)
    if path == README:
        return Path("index.md")
    if path.suffix == ".py" and inside.parts[0] == "notebooks":
        return inside.with_suffix(".md")
    if path.suffix == ".py" and inside.parts[0] == "keras_gen" and with_reference:
        return Path("reference", module_page(inside))
    if path.is_dir():
        return Path("source", inside, "index.md")
    if path.suffix in LANGUAGES or path.suffix == "":
        return Path("source", f"{inside}.md")
    return inside


def module_page(inside: Path) -> Path:
    """The page of a module in the reference, by the path of its file in the repository."""
    return inside.with_name("index.md") if inside.name == "__init__.py" else inside.with_suffix(".md")


def _write_linked(path: Path, page: Path, with_reference: bool) -> None:
    page.parent.mkdir(parents=True, exist_ok=True)
    name = path.relative_to(ROOT)
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix in (".py", ".png"))
        page.write_text(f"# {name}\n\n" + "\n".join(_entry(file, page) for file in files) + "\n", encoding="utf-8")
    elif page.suffix == ".md":
        text = path.read_text(encoding="utf-8")
        language = LANGUAGES.get(path.suffix, "text")
        page.write_text(f"# {name}\n\n````{language}\n{text}\n````\n", encoding="utf-8")
    else:
        shutil.copyfile(path, page)


def _entry(file: Path, page: Path) -> str:
    """A file in the list of a folder; its picture, or its code, is put beside the list."""
    if file.suffix == ".png":
        shutil.copyfile(file, page.parent / file.name)
        return f"![{file.stem.replace('_', ' ')}]({file.name})\n\n*{file.stem.replace('_', ' ')}*\n"
    _write_linked(file, page.parent / f"{file.name}.md", with_reference=False)
    return f"- [{file.name}]({file.name}.md)"

"""Builds the site with MkDocs from the repository's documents, docstrings, records and trained models."""

from __future__ import annotations

import importlib.util
import logging
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from reproductions.harness import silence
from reproductions.harness.errors import UsageError
from reproductions.site import annotated, documents, mathematics, notebooks, npm, play, reference

HERE = Path(__file__).parent
PACKAGES = {"mkdocs": "mkdocs", "material": "mkdocs-material", "mkdocstrings": "mkdocstrings[python]"}
PACKAGES |= {name: name for name in ("jupytext", "nbclient", "nbconvert", "ipykernel")}
MARK = ".site"  # a file in every site, so that nothing else is replaced by one
HEADING = re.compile(r"^# (.+)$", re.MULTILINE)

# By its name, what gives a model, and its card.
Models = Mapping[str, tuple[Callable[[], Any], dict[str, Any]]]


def check(output: Path, with_play: bool) -> None:
    """Checks what a build needs, before it begins.

    Raises:
        UsageError: A package, npm or a folder cannot be used.
    """
    missing = [name for module, name in PACKAGES.items() if importlib.util.find_spec(module) is None]
    if missing:
        raise UsageError(f"the site needs {', '.join(missing)}: pip install -e '.[site]'")
    if output.exists() and not (output / MARK).exists() and (not output.is_dir() or any(output.iterdir())):
        raise UsageError(f"--output={output} holds something else than a site; give a new folder")
    if with_play:
        npm.check_installed()


def zoo_models() -> Models:
    """All models of the zoo."""
    from keras_gen import zoo

    return {name: (lambda name=name: zoo.load(name), zoo.card(name)) for name in zoo.names()}


def build(
    output: Path,
    models: Models,
    with_reference: bool = True,
    notebook_steps: int | None = None,
    data_dir: str | None = None,
) -> None:
    """Builds the site, in the place of one that may be there.

    Args:
        output: Its folder.
        models: Those of the page to play on; without any there is no such page.
        with_reference: Whether there is an API reference.
        notebook_steps: For how many steps the notebooks train; 0 to run none of them, None for as many as each has.
        data_dir: Where the images are found among which the page looks for neighbours; TFDS's own folder by default.

    Raises:
        UsageError: A package cannot be fetched, a link on a page is broken, or a model cannot be exported.
    """
    with tempfile.TemporaryDirectory() as aside:
        folder = Path(aside, "pages")
        silence.say("Collecting the pages")
        documents.write(folder, with_reference)
        shutil.copy(HERE / "site.css", folder)
        navigation = [{"Home": "index.md"}, *([{"Play": "play/index.md"}] if models else []), *_sections(folder)]
        of_notebooks = notebooks.write(folder, notebook_steps)
        for title, pages in (("Notebooks", of_notebooks), ("Line by line", annotated.write(folder))):
            navigation.insert(-2, {title: [_entry(folder, page) for page in pages]})
        # Without npm, equations stay as they are written.
        settings = mathematics.write(folder) if models else {}
        if with_reference:
            navigation.append({"Reference": reference.write(folder)})
        if models:
            play.write(folder / "play", models, data_dir)
        silence.say("Building the site")
        _run_mkdocs(folder, Path(aside, "site"), navigation, settings)
        Path(aside, "site", MARK).touch()
        shutil.rmtree(output, ignore_errors=True)
        shutil.copytree(Path(aside, "site"), output)


def _sections(folder: Path) -> list[dict[str, Any]]:
    """The documents for the navigation."""
    posts, guides = (
        [page.relative_to(documents.ROOT).as_posix() for page in documents.all_documents() if page.parent.name == name]
        for name in ("reproductions", "docs")
    )
    project = ["BUILD.md", "CONTRIBUTING.md", "CHANGELOG.md"]
    return [
        {"Posts": [_entry(folder, page) for page in posts]},
        {"Guides": [_entry(folder, page) for page in guides]},
        {"Project": [_entry(folder, page) for page in project]},
    ]


def _entry(folder: Path, page: str) -> dict[str, str]:
    heading = HEADING.search(
        documents.CODE.sub(
            lambda code: code[0] if "\n" not in code[0] else "", (folder / page).read_text(encoding="utf-8")
        )
    )
    return {heading[1].replace("`", "") if heading else page: page}


def _run_mkdocs(folder: Path, output: Path, navigation: list[Any], more: Mapping[str, list[str]]) -> None:
    from mkdocs.commands import build as mkdocs_build
    from mkdocs.config import load_config
    from mkdocs.exceptions import MkDocsException

    warnings = _Warnings()
    logger = logging.getLogger("mkdocs")
    logger.addHandler(warnings)
    try:
        settings = load_config(str(HERE / "mkdocs.yml"), docs_dir=str(folder), site_dir=str(output), nav=navigation)
        for name, values in more.items():
            settings[name] = [*settings[name], *values]
        settings.plugins.run_event("startup", command="build", dirty=False)
        mkdocs_build.build(settings)
    except MkDocsException as error:
        raise UsageError(f"MkDocs could not build the site: {'; '.join(warnings.messages) or error}") from error
    finally:
        logger.removeHandler(warnings)


class _Warnings(logging.Handler):
    """Keeps what MkDocs complains of."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())

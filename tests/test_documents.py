"""README, BUILD, CONTRIBUTING, docs/ and the pages of the posts: their links, and what they say of the version."""

import re
from pathlib import Path

import pytest

import keras_gen

ROOT = Path(__file__).parents[1]
TEMPLATE = ROOT / "docs" / "page_template.md"  # its links are those of the page that it becomes
DOCUMENTS = sorted({*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("reproductions/*.md")} - {TEMPLATE})

BLOCK_OF_CODE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
SPAN_OF_CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"\]\(([^)\s]+)\)")


def anchors(document):
    """The anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", BLOCK_OF_CODE.sub("", document.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(document):
    broken = []
    for link in LINK.findall(SPAN_OF_CODE.sub("", BLOCK_OF_CODE.sub("", document.read_text()))):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    return broken


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: str(document.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(document):
    assert not broken_links(document)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: str(document.relative_to(ROOT)))
def test_nothing_is_left_of_a_merge(document):
    assert not re.search(r"^(<{7}|={7}|>{7})( |$)", document.read_text(), re.MULTILINE)


# What the template has in the place of a page's own words.
TO_FILL_IN = re.compile(
    r"YYYY|\(address\)|\bAUTHOR\b|arXiv NUMBER|\bNAME\b|\bDATA, PIXELS\b|\bUNITS\b|\bSTUDY\b"
    r"|^Three to six sentences|loss = \.\.\.|^1\. What we do otherwise|^What the table shows, in sentences",
    re.MULTILINE,
)


@pytest.mark.parametrize("page", sorted(ROOT.glob("reproductions/*.md")), ids=lambda page: page.stem)
def test_a_page_has_filled_in_the_template(page):
    assert not TO_FILL_IN.findall(page.read_text(encoding="utf-8"))


def test_what_is_left_of_the_template_is_found():
    assert len(set(TO_FILL_IN.findall(TEMPLATE.read_text(encoding="utf-8")))) == 12


def test_a_broken_link_is_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "# One heading: here\n[a](page.md) [b](#one-heading-here) [c](#other) [d](none.md)\n`[e](none.md)`\n"
    )
    assert broken_links(page) == ["#other", "none.md"]


def test_every_page_of_docs_is_on_the_list_in_build():
    listed = set(LINK.findall((ROOT / "BUILD.md").read_text()))
    assert {f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")} - {"docs/page_template.md"} <= listed


def test_build_fits_one_screen():
    assert len((ROOT / "BUILD.md").read_text().splitlines()) <= 50


def test_the_citation_is_of_this_version():
    cited = re.search(r"^version: (.+)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)[1]
    assert cited == keras_gen.__version__

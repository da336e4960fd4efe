"""The pages of the posts, and the scripts that they stand beside."""

from pathlib import Path

FOLDER = Path(__file__).parent
PAGES = sorted(FOLDER.glob("*.md"))
SCRIPTS = [page.stem for page in PAGES]


def in_checkout() -> bool:
    """Whether this is a checkout of the repository, whose pages can be renewed, and no installed package."""
    return (FOLDER.parent / "setup.py").exists()

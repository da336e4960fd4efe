"""The pages of the posts, and the scripts that they stand beside."""

from pathlib import Path

PAGES = sorted(Path(__file__).parent.glob("*.md"))
SCRIPTS = [page.stem for page in PAGES]

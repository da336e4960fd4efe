"""The pages of the posts, and the scripts that they stand beside."""

from pathlib import Path

FOLDER = Path(__file__).parent
PAGES = sorted(FOLDER.glob("*.md"))
SCRIPTS = [page.stem for page in PAGES]

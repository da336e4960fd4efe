"""Runs one notebook as the site does: python notebook.py NOTEBOOK FOLDER."""

import sys
from pathlib import Path

from reproductions.harness.failures import guarded
from reproductions.site import notebooks

notebook, folder = map(Path, sys.argv[1:])
notebooks.NOTEBOOKS = [notebook]
guarded(notebooks.write, folder, None)

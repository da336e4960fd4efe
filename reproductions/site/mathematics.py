"""What sets equations in the browser: KaTeX, from npm."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from reproductions.site import npm

KATEX = npm.Package(
    "katex", "0.19.1", "sha512-jG8uKntjSEcm2EpQOh0XturpPuuC9r3Sq5HLHdsFdWZT27E672SF19QEi+of0/YeOy15lDgRhKvr5614uRrEfA=="
)
FOLDER = "katex"
SCRIPTS = ("katex.min.js", "contrib/auto-render.min.js")
STYLE = "katex.min.css"
# An element whose id is `exports` or `module` is a variable of that name, by which KaTeX takes the page for CommonJS.
WRAPPED = "(function (exports, module, define) {{\n{}\n}}).call(window);\n"
# The pages' equations stand between \( and \) or \[ and \], in elements of this class.
START = """document$.subscribe(() => {
  for (const element of document.querySelectorAll(".arithmatex")) renderMathInElement(element);
});
"""


def write(folder: Path) -> dict[str, list[str]]:
    """Writes KaTeX's files.

    Args:
        folder: The folder of the site's pages.

    Returns:
        MkDocs's settings that put them on every page.

    Raises:
        UsageError: The package cannot be fetched.
    """
    where = folder / FOLDER
    with tempfile.TemporaryDirectory() as aside:
        npm.fetch(KATEX, Path(aside))
        files = Path(aside, "package", "dist")
        (where / "fonts").mkdir(parents=True)
        for name in SCRIPTS:
            script = WRAPPED.format((files / name).read_text(encoding="utf-8"))
            (where / Path(name).name).write_text(script, encoding="utf-8")
        shutil.copy(files / STYLE, where)
        for font in files.glob("fonts/*.woff2"):
            shutil.copy(font, where / "fonts")
    (where / "start.js").write_text(START, encoding="utf-8")
    return {
        "extra_javascript": [f"{FOLDER}/{Path(name).name}" for name in (*SCRIPTS, "start.js")],
        "extra_css": [f"{FOLDER}/{STYLE}"],
    }

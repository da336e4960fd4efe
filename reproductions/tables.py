"""Makes the tables on the pages from the recorded results: `python -m reproductions.tables`.

A page holds a line `<!-- table NAME -->`, which names a study of its script and the record
`results/PAGE/NAME.json`, and a line `<!-- end -->`; what stands between the two is made here. With --check nothing is
written, and a page that differs is an error.
"""

import importlib
import re
from pathlib import Path

from absl import flags

from keras_gen.errors import InputError
from keras_gen.utils.files import replacing
from reproductions.harness.launch import run_script
from reproductions.harness.run_directory import read_json

FOLDER = Path(__file__).parent
BLOCK = re.compile(r"(<!-- table (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def pages() -> list[Path]:
    """The pages of the posts."""
    return sorted(FOLDER.glob("*.md"))


def renewed(page: Path) -> str:
    """The text of a page with its tables made anew."""
    studies = importlib.import_module(f"reproductions.{page.stem}").REPRODUCTION.studies

    def block(match: re.Match) -> str:
        path = FOLDER / "results" / page.stem / f"{match[2]}.json"
        made = studies[match[2]].table(read_json(path)) if path.exists() else "Not recorded yet."
        return f"{match[1]}\n{made}\n\n{match[3]}"

    return BLOCK.sub(block, page.read_text())


def main() -> None:
    """Renews all pages, or checks them.

    Raises:
        InputError: With --check, a page differs from its records.
    """
    for page in pages():
        text = renewed(page)
        if text == page.read_text():
            continue
        if flags.FLAGS.check:
            raise InputError(f"{page.name} differs from its records; python -m reproductions.tables renews it")
        with replacing(page) as aside:
            aside.write_text(text)
        print(f"renewed {page.name}")


if __name__ == "__main__":
    flags.DEFINE_boolean("check", False, "Only check.")
    run_script(main)

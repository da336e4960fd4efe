"""Makes the tables on the pages from the recorded results: `python -m reproductions.tables`.

A page holds a line `<!-- table NAME -->`, which names a study of its script and the record
`results/PAGE/NAME.json`, and a line `<!-- end -->`; what stands between the two is made here. With --check nothing is
written, and a page that differs is an error.
"""

import importlib
from collections.abc import Callable
from pathlib import Path

from absl import flags

from keras_gen.errors import InputError
from reproductions.harness import markdown
from reproductions.harness.launch import run_script
from reproductions.harness.run_directory import read_json
from reproductions.pages import PAGES

FOLDER = Path(__file__).parent


def table_of(page: Path) -> Callable[[str], str | None]:
    """What makes the table of a study of the page's script; None where nothing is recorded."""
    studies = importlib.import_module(f"reproductions.{page.stem}").REPRODUCTION.studies

    def made(name: str) -> str | None:
        path = FOLDER / "results" / page.stem / f"{name}.json"
        return studies[name].table(read_json(path)) if path.exists() else None

    return made


def main() -> None:
    """Renews all pages, or checks them.

    Raises:
        InputError: With --check, a page differs from its records.
    """
    for page in PAGES:
        if not markdown.renew(page, table_of(page), only_check=flags.FLAGS.check):
            continue
        if flags.FLAGS.check:
            raise InputError(f"{page.name} differs from its records; python -m reproductions.tables renews it")
        print(f"renewed {page.name}")


if __name__ == "__main__":
    flags.DEFINE_boolean("check", False, "Only check.")
    run_script(main)

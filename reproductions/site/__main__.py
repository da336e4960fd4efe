"""Builds the site: all pages, the API reference, and a page on which the models of the zoo draw in the browser.

    python -m reproductions.site --output=build/site
    python -m http.server --directory build/site

It is static files, which load nothing from other hosts. What the browser runs models with comes from npm the first
time, and from npm's cache afterwards.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reproductions import pages
from reproductions.harness.command_line import parsed
from reproductions.harness.errors import UsageError
from reproductions.harness.failures import guarded
from reproductions.harness.options import Options, option
from reproductions.harness.run_directory import check_writable
from reproductions.harness.tensorflow_quietly import import_tensorflow

USAGE = "python -m reproductions.site --output=FOLDER [--data_dir=FOLDER] [--play=false]"


@dataclass(frozen=True, kw_only=True)
class Command(Options):
    """What to build."""

    output: str | None = option(None, "Folder of the site, made anew; must be given.")
    play: bool = option(True, "With the page to play on, for which npm and the packages of the extra site are needed.")
    reference: bool = option(True, "With the API reference.")
    data_dir: str | None = option(
        None, "Where data sets are found, of which the page to play on shows images; TFDS's own folder by default."
    )
    notebook_steps: int | None = option(
        None,
        "Steps that each notebook trains; 0 to show them without running them, by default each has its own.",
        at_least=0,
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Does what the command line says."""
    guarded(_main, argv)


def _main(argv: Sequence[str] | None) -> None:
    command = parsed(argv, Command(), USAGE, "Builds the site as static files.")
    if command.output is None:
        raise UsageError(f"give a folder: {USAGE}")
    if not pages.in_checkout():
        raise UsageError("the site is built from a checkout of the repository; run this in one")
    output = Path(command.output).expanduser()
    check_writable(output, "--output")
    from reproductions.site import build

    build.check(output, command.play)
    if command.play:
        import_tensorflow()
        logging.getLogger("tensorflow").setLevel(logging.ERROR)  # every model is traced, which it warns of as slow
    models = build.zoo_models() if command.play else {}
    build.build(output, models, command.reference, command.notebook_steps, command.data_dir)
    print(f"{output}/index.html; to look at it: python -m http.server --directory {output}")


if __name__ == "__main__":
    main()

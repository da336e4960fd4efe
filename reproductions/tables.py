"""Makes the tables and verdicts on the pages, in README, guide and the zoo's cards from the recorded results.

    python -m reproductions.tables                     # renews them; of an installed package, prints the tables
    python -m reproductions.tables --check             # only says whether they agree with the records
    python -m reproductions.tables --settings          # renews the tables of the author's settings too: slower
    python -m reproductions.tables --results_dir=runs  # prints those of records of one's own, beside the recorded ones

A page has blocks, which end with a line `<!-- end -->` and begin with `<!-- table NAME -->`, for a study of its script
whose record is `results/PAGE/NAME.json`; with `<!-- claims -->`; with `<!-- run NAME -->`, for one run that was kept;
or with `<!-- settings NAME -->`, for the settings of the author's script NAME beside those of the networks that are
built. The README's table of posts is `<!-- posts -->`. docs/which_loss.md has `<!-- verdicts NAME -->`, for a question,
and docs/zoo.md `<!-- models table -->` and `<!-- models commands -->`, from the cards of the zoo.
"""

import importlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from reproductions.harness import claim
from reproductions.harness.command_line import parsed
from reproductions.harness.errors import UsageError
from reproductions.harness.failures import guarded
from reproductions.harness.launch import command_of
from reproductions.harness.options import Options, option
from reproductions.harness.record import check_features, readable, shipped, shipped_path
from reproductions.harness.record_fields import check_fields
from reproductions.harness.reproduction import Reproduction
from reproductions.harness.run_directory import read_json, write_json
from reproductions.harness.trained import ZOO
from reproductions.pages import FOLDER, PAGES, SCRIPTS, in_checkout
from reproductions.reporting import guide, markdown, single_run, trained_models, verdicts

README = FOLDER.parent / "README.md"
GUIDE = FOLDER.parent / "docs" / "which_loss.md"
MODELS = FOLDER.parent / "docs" / "zoo.md"


@dataclass(frozen=True, kw_only=True)
class Command(Options):
    """What to do."""

    check: bool = option(False, "Write nothing; fail if a page differs from its records.")
    settings: bool = option(False, "Look at the tables of the author's settings too, for which networks are built.")
    results_dir: str | None = option(None, "Print the tables and verdicts of the records in this folder instead.")


def reproduction_of(name: str) -> Reproduction:
    """The reproduction of a script."""
    return importlib.import_module(f"reproductions.{name}").REPRODUCTION


def makers(page: Path, settings: bool = False) -> dict[str, Callable[[str, str], str]]:
    """What makes the blocks of a page, by their kind; those of settings, for which networks are built, if wanted."""
    if page.name == README.name:
        return {"posts": lambda _, table: verdicts.posts_table(table, _seen_here)}
    if page.name == GUIDE.name:
        return {"verdicts": lambda question, _: guide.table(question, _all_verdicts())}
    if page.name == MODELS.name:
        return {"models": lambda what, _: trained_models.BLOCKS[what](_cards())}
    reproduction = reproduction_of(page.stem)

    def record_of(study: str) -> dict | None:
        return shipped(page.stem, study)

    def table(study: str, _: str) -> str:
        record = record_of(study)
        with readable(shipped_path(page.stem, study)):
            return "Not recorded yet." if record is None else reproduction.studies[study].table(record)

    def run(name: str, _: str) -> str:
        path = shipped_path(page.stem, name)
        with readable(path):
            return single_run.table(read_json(path)) if path.exists() else "Not recorded yet."

    from_records = {
        "table": table,
        "run": run,
        "claims": lambda *_: verdicts.claims_table(reproduction, record_of),
    }
    return from_records | ({"settings": lambda script, _: reproduction.settings[script]()} if settings else {})


def _seen_here(name: str) -> str:
    return verdicts.seen_here(reproduction_of(name), lambda study: shipped(name, study))


def _all_verdicts() -> Iterator[tuple[str, claim.Claim, claim.Verdict]]:
    for name in SCRIPTS:
        for one, verdict in verdicts.verdicts(reproduction_of(name), lambda study, name=name: shipped(name, study)):
            yield name, one, verdict


def _cards() -> dict[str, dict]:
    return {path.stem: read_json(path) for path in sorted(ZOO.glob("*.json"))}


def _command(card: dict) -> str:
    reproduction = reproduction_of(card["script"])
    return command_of(reproduction, reproduction.configuration_class(**card["flags"]))


def _verdicts(name: str) -> dict[str, str]:
    return verdicts.in_words(reproduction_of(name), lambda study: shipped(name, study))


def renew(check: bool = False, settings: bool = False) -> None:
    """Renews all pages and the cards of the zoo's models, or checks them.

    Raises:
        UsageError: With `check`, a page or a card differs from the records.
    """
    for path in sorted(ZOO.glob("*.json")):  # first, since a page shows them
        card = read_json(path)
        renewed = {**card, "command": _command(card), "verdicts": _verdicts(card["script"])}
        if card == renewed:
            continue
        if check:
            raise UsageError(
                f"{path.name} differs from the presets or the records; renew it with python -m reproductions.tables"
            )
        write_json(path, renewed)
        print(f"renewed {path.name}")
    for page in filter(Path.exists, (*PAGES, README, GUIDE, MODELS)):
        if not markdown.renew_blocks(page, makers(page, settings), only_check=check):
            continue
        if check:
            raise UsageError(f"{page.name} differs from its records; renew it with python -m reproductions.tables")
        print(f"renewed {page.name}")


def show() -> None:
    """Prints the recorded tables and verdicts."""
    for name in SCRIPTS:
        for study_name, study in reproduction_of(name).studies.items():
            recorded = shipped(name, study_name)
            if recorded is not None:
                with readable(shipped_path(name, study_name)):
                    print(f"\n{name}, {study_name}\n\n{study.table(recorded)}\n")
            for one in study.claims:
                print(
                    f"{one.key}  {one.sentence}\n    {one.statistic}; holds if {one.rule}\n    {one.verdict(recorded)}"
                )


def compare(folder: Path) -> None:
    """Prints the tables and verdicts of every record in a folder, those of the repository's records beside them.

    Raises:
        UsageError: There is no record in it, or one that is damaged or whose runs were not measured alike.
    """
    found = False
    for path in sorted(folder.rglob("*.json")):
        with readable(path):
            record = _record(path)
            if record is not None:
                found = True
                print(_beside_the_recorded_one(record, path))
    if not found:
        raise UsageError(f"--results_dir={folder}: no record of a study; --study=NAME of a script makes one")


def _beside_the_recorded_one(record: dict, path: Path) -> str:
    name, study_name = record["reproduction"], record["study"]
    study, recorded = reproduction_of(name).studies[study_name], shipped(name, study_name)
    parts = [f"\n{name}, {study_name}: {path}", f"{study.table(record)}\n"]
    with readable(shipped_path(name, study_name)):
        parts.append("Not recorded in the repository." if recorded is None else f"Recorded:\n\n{study.table(recorded)}")
    return "\n\n".join(parts) + (f"\n\n{claim.beside(study.claims, record, recorded)}" if study.claims else "")


def _record(path: Path) -> dict | None:
    """The record in a file; None where the file is another, such as the results of a single run.

    Raises:
        UsageError: Its runs were not measured alike, so that their means would say nothing.
        ValueError: A field is missing or of another kind.
    """
    content = read_json(path)
    if not {"reproduction", "study", "runs"} <= content.keys() or not content["runs"]:
        return None
    if (
        content["reproduction"] not in SCRIPTS
        or content["study"] not in reproduction_of(content["reproduction"]).studies
    ):
        return None
    check_fields(content)
    check_features(content, path)
    return content


def main(argv: Sequence[str] | None = None) -> None:
    """Does what the command line says."""
    guarded(_main, argv)


def _main(argv: Sequence[str] | None) -> None:
    command = parsed(
        argv,
        Command(),
        "python -m reproductions.tables [--check] [--settings] [--results_dir=FOLDER]",
        "Makes the tables and verdicts on the pages from the recorded results.",
    )
    if command.results_dir is not None:
        compare(Path(command.results_dir).expanduser())
    elif command.check or in_checkout():
        renew(command.check, command.settings)
    else:
        show()


if __name__ == "__main__":
    main()

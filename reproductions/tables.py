"""Makes the tables on the pages from the recorded results: `python -m reproductions.tables`.

A page holds a line `<!-- table NAME -->`, which names the record `results/PAGE/NAME.json`, and a line `<!-- end -->`;
what stands between the two is made here. With --check nothing is written, and a page that differs is an error.
"""

import re
from pathlib import Path
from statistics import mean, stdev

from absl import app, flags

from keras_gen.errors import InputError
from keras_gen.utils.files import replacing
from reproductions.harness import summary
from reproductions.harness.launch import guarded
from reproductions.harness.run_directory import read_json

FOLDER = Path(__file__).parent
BLOCK = re.compile(r"(<!-- table (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def pages() -> list[Path]:
    """The pages of the posts."""
    return sorted(FOLDER.glob("*.md"))


def renewed(page: Path) -> str:
    """The text of a page with its tables made anew."""

    def block(match: re.Match) -> str:
        path = FOLDER / "results" / page.stem / f"{match[2]}.json"
        if not path.exists():
            return f"{match[1]}\nNot recorded yet.\n\n{match[3]}"
        record = read_json(path)
        return f"{match[1]}\n{table(record)}\n{match[3]}"

    return BLOCK.sub(block, page.read_text())


def table(record: dict) -> str:
    """The table of a study, a row a variant, in Markdown, with the conditions and a row for real test images."""
    columns = ["variant", "final", "best", "kernel distance (final)", "precision / recall", "density / coverage"]
    columns += ["ms a step"] if record["timed"] else []
    rows = [_row(variant, runs, record["timed"]) for variant, runs in summary.by_variant(record).items()]
    title = f"{summary.distance_title(record)}; {summary.conditions(record)}."
    heading = [_cells(columns), _cells(["---"] * len(columns))]
    return "\n".join([title, "", *heading, *rows, _test_images_row(record), *_group_rows(record), ""])


def _group_rows(record: dict) -> list[str]:
    """A table of how far the variants of a group lie apart, for studies that have groups."""
    groups = summary.final_by_group(record)
    if not groups:
        return []
    heading = ["", _cells(["group", "smallest final", "largest final", "ratio"]), _cells(["---"] * 4)]
    return heading + [_group_row(group, distances) for group, distances in groups.items()]


def _group_row(group: str, distances: list[float]) -> str:
    smallest, largest = min(distances), max(distances)
    return _cells([group, f"{smallest:.3g}", f"{largest:.3g}", f"{largest / smallest:.3g}"])


def _row(variant: str, runs: list[dict], timed: bool) -> str:
    last = [run["evaluations"][-1] for run in runs]
    cells = [
        variant,
        _spread([summary.final(run) for run in runs]),
        _spread([summary.best(run) for run in runs]),
        _spread([row["kernel_distance"] for row in last]),
        f"{mean(row['precision'] for row in last):.2f} / {mean(row['recall'] for row in last):.2f}",
        f"{mean(row['density'] for row in last):.2f} / {mean(row['coverage'] for row in last):.2f}",
    ]
    if timed:
        cells.append(f"{mean(summary.milliseconds_per_step(run) for run in runs):.0f}")
    return _cells(cells)


def _test_images_row(record: dict) -> str:
    found = record["runs"][0]["measure"]["test_images"]
    cells = [
        f"*{found['num_fake']} real test images*",
        f"{found['frechet_distance']:.3g}",
        "",
        f"{found['kernel_distance']:.3g}",
        f"{found['precision']:.2f} / {found['recall']:.2f}",
        f"{found['density']:.2f} / {found['coverage']:.2f}",
        *([""] if record["timed"] else []),
    ]
    return _cells(cells)


def _cells(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _spread(values: list[float]) -> str:
    """The mean and, of several seeds, the standard deviation."""
    return f"{mean(values):.3g}" + (f" ± {stdev(values):.2g}" if len(values) > 1 else "")


def main(argv: list[str]) -> None:
    """Renews all pages, or checks them.

    Raises:
        InputError: With --check, a page differs from its records.
    """
    del argv
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
    app.run(lambda argv: guarded(main, argv))

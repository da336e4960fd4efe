import pytest

from reproductions import tables
from reproductions.harness import markdown, plots, summary
from reproductions.harness.quality import quality_table
from reproductions.pages import PAGES


def run(variant, seed, distances, seconds_per_step=0.01):
    evaluations = [
        {
            "step": 100 * i,
            "seconds": 5 + 100 * i * seconds_per_step,
            "frechet_distance": distance,
            "kernel_distance": distance / 10,
            "kernel_distance_std": 0.1,
            "precision": 0.5,
            "recall": 0.25,
            "density": 0.75,
            "coverage": 1.0,
            "num_real": 40,
            "num_fake": 20,
        }
        for i, distance in enumerate(distances, start=1)
    ]
    measure = {"features": {"network": "LeNet"}, "test_images": evaluations[0]}
    return {"variant": variant, "seed": seed, "evaluations": evaluations, "measure": measure}


RECORD = {
    "question": "Which?",
    "timed": True,
    "flags": {"dataset": "digits", "steps": 300, "batch_size": 16},
    "runs": [
        run("one", 0, [9, 2, 4]),
        run("one", 1, [9, 4, 6]),
        run("other", 0, [8, 7, 3]),
        run("other", 1, [8, 7, 3]),
    ],
}


def test_summary_of_runs():
    runs = summary.by_variant(RECORD)
    assert list(runs) == ["one", "other"]
    assert [summary.final(run) for run in runs["one"]] == [4, 6]
    assert [summary.best(run) for run in runs["one"]] == [2, 4]
    assert summary.mean_curve(runs["one"]) == ([100, 200, 300], [6.0, 7.0, 8.0], [9, 3, 5])
    assert summary.milliseconds_per_step(runs["one"][0]) == pytest.approx(10)
    assert summary.conditions(RECORD) == "digits, 300 steps of 16, seeds 0, 1"


def test_table_rows_by_hand():
    lines = quality_table(RECORD).splitlines()
    # Means of 4 and 6, and of 2 and 4; their standard deviation is sqrt(2).
    assert lines[4] == "| one | 5 ± 1.4 | 3 ± 1.4 | 0.5 ± 0.14 | 0.50 / 0.25 | 0.75 / 1.00 | 10 |"
    assert lines[5] == "| other | 3 ± 0 | 3 ± 0 | 0.3 ± 0 | 0.50 / 0.25 | 0.75 / 1.00 | 10 |"
    assert "Fréchet distance on LeNet features (40 real, 20 fake)" in lines[0]


def test_groups_show_how_far_their_variants_lie_apart():
    runs = [run("GP: fake", 0, [9, 8, 3]), run("GP: real", 0, [9, 8, 12]), run("div: real", 0, [9, 8, 5])]
    record = RECORD | {"runs": runs}
    assert quality_table(record).splitlines()[-2:] == ["| GP | 3 | 12 | 4 |", "| div | 5 | 5 | 1 |"]


def test_a_variant_that_broke_down_says_so(tmp_path):
    broken = {"variant": "GP: real", "seed": 0, "broke_down": "loss is nan at step 7", "evaluations": []}
    record = RECORD | {"runs": [broken, run("GP: fake", 0, [9, 8, 3]), run("div: real", 0, [9, 8, 5])]}
    lines = quality_table(record).splitlines()
    assert lines[4] == "| GP: real | loss is nan at step 7 |  |  |  |  |  |"
    assert lines[-2:] == ["| GP | 3 | 3 | 1 |", "| div | 5 | 5 | 1 |"]
    for draw in (plots.curves, plots.dots):
        draw(record, tmp_path / "plot.png")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_pages_show_what_is_recorded(page):
    assert not markdown.renew(page, tables.table_of(page), only_check=True), "python -m reproductions.tables renews it"


def test_only_what_stands_between_the_lines_is_renewed(tmp_path):
    page = tmp_path / "page.md"
    text = "# Page\n<!-- table one -->\nold\n<!-- end -->\nkept\n<!-- table two -->\n<!-- end -->\n"
    page.write_text(text)
    assert markdown.renew(page, {"one": "| new |"}.get, only_check=True) and page.read_text() == text
    assert markdown.renew(page, {"one": "| new |"}.get)
    assert page.read_text() == (
        "# Page\n<!-- table one -->\n\n| new |\n\n<!-- end -->\nkept\n"
        "<!-- table two -->\n\nNot recorded yet.\n\n<!-- end -->\n"
    )
    assert not markdown.renew(page, {"one": "| new |"}.get)

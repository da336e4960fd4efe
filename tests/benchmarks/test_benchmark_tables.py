"""The tables of what benchmarks recorded: made from records by hand, and those on the pages."""

import re

import pytest

from benchmarks import tables
from reproductions.reporting.markdown import renew


def last_row(table):
    return table.splitlines()[-1]


def test_kills():
    result = {
        "steps": 420,
        "kills": {"in training": 2, "while it finished": 1},
        "rows": 84,
        "pictures": 42,
        "weights": {"straight": "aaa", "killed": "bbb"},
        "differences": ["model.keras: other weights", "metrics.csv: no step 10"],
    }
    assert last_row(tables.kill_and_resume({"f_vae --model=glow": result})) == (
        "| `f_vae --model=glow` | 2 | 1 | 420 | 84 | 42 | `aaa` | `bbb` "
        "| model.keras: other weights; metrics.csv: no step 10 |"
    )
    assert last_row(tables.kill_and_resume({"f_vae": result | {"differences": []}})).endswith("| none |")


def test_fuzz():
    result = {"seed": 0, "cases": 6, "worked": 3, "refused": 2, "failed": 1}
    found = tables.fuzz({"pictures": result, "checkpoints": result}).splitlines()
    assert found[-3:] == ["| pictures | 6 | 3 | 2 | 1 |", "| checkpoints | 6 | 3 | 2 | 1 |", "| all | 12 | 6 | 4 | 2 |"]


def test_accelerator():
    step = {"script": "rsgan", "batch_size": 64, "image_shape": [64, 64, 3], "parameters": 9.7e6}
    record = {
        "device": "A card",
        "jax": "0.11.2",
        "matrix_rate": {"float32": 400.0, "mixed_bfloat16": 800.0},
        "steps": {
            "a": step | {"precision": "float32", "milliseconds": 5.0, "operations": 1e12},  # 200 of 400
            "b": step | {"precision": "mixed_bfloat16", "error": "RESOURCE_EXHAUSTED"},
        },
    }
    *_, row, _, last = tables.accelerator(record).splitlines()
    assert row == "| `rsgan` | 64, 3 | 9.7 | 64 | 5.00 | 0.50 | too large |  |"
    assert last.startswith("A card, JAX 0.11.2; products") and last.endswith("float32 400, bfloat16 800.")
    record["matrix_rate"] = {"float32": 0.0512, "mixed_bfloat16": 0.00421}  # a CPU's
    assert tables.accelerator(record).endswith("float32 0.0512, bfloat16 0.00421.")


@pytest.mark.parametrize("name", tables.TABLES)
@pytest.mark.parametrize("content", ["{}", "[", '{"steps": {"a": 1}}'])
def test_a_record_of_something_else_is_one_line(name, content, tmp_path, monkeypatch):
    (tmp_path / f"{name}.json").write_text(content)
    monkeypatch.setattr(tables, "RESULTS", tmp_path)
    monkeypatch.setattr(tables, "renew", lambda page, made: made(name))
    with pytest.raises(SystemExit) as ended:
        tables.main([])
    assert str(ended.value).startswith(f"error: {tmp_path / name}.json is not a record")


def test_memory():
    record = {"wgan_div": {"bytes": {"500": 500e6, "5000": 495e6}, "change": -0.01}}
    assert last_row(tables.memory(record)) == "| `wgan_div` | 500 | 495 | -1.0 % |"


def test_noise():
    result = {"milliseconds": {"ours": 1.234, "kernels": 1.2}, "ratios": {"ours / kernels": 1.0283, "again": 0.99}}
    expected = "| step of gan | 1.23 | 1.20 | ours / kernels: 1.028; again: 0.990 |"
    assert last_row(tables.noise({"step of gan": result})) == expected


@pytest.mark.parametrize("page", tables.PAGES, ids=lambda page: page.name)
def test_the_tables_on_the_pages_are_those_of_the_records(page):
    assert not renew(page, tables.made, only_check=True), "python -m benchmarks.tables renews it"


def test_what_is_recorded_has_one_place():
    places = [name for page in tables.PAGES for name in re.findall(r"<!-- table (\w+) -->", page.read_text())]
    assert len(places) == len(set(places)) and set(places) <= set(tables.TABLES)
    assert {record.stem for record in tables.RESULTS.glob("*.json")} <= set(places)

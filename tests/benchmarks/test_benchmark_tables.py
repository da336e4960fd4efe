"""The tables of what benchmarks recorded, made from records by hand."""

from benchmarks import tables


def last_row(table):
    return table.splitlines()[-1]


def test_kills():
    record = {
        "f_vae --model=glow": {
            "kills": {"in training": 2, "while it finished": 1},
            "steps": 1_200,
            "rows": 240,
            "pictures": 120,
            "weights": {"left alone": "aaa", "killed": "bbb"},
            "differences": ["model.keras: other weights", "metrics.csv: no step 10"],
        }
    }
    assert last_row(tables.kill_and_resume(record)) == (
        "| `f_vae --model=glow` | 2 in training, 1 while it finished | 1,200 | 240 | 120 | `aaa` | `bbb` "
        "| model.keras: other weights; metrics.csv: no step 10 |"
    )
    record["f_vae --model=glow"]["differences"] = []
    assert last_row(tables.kill_and_resume(record)).endswith("| none |")


def test_memory():
    record = {"wgan_div": {"steps": [500, 5_000], "bytes": [500 * 2**20, 495 * 2**20]}}
    assert last_row(tables.memory(record)) == "| `wgan_div` | 500.0 at 500 | 495.0 at 5,000 | -1.0% |"

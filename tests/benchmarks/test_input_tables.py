"""The tables of what the benchmarks of input recorded, made from records by hand."""

from benchmarks import tables


def last_row(table):
    return table.splitlines()[-1]


def test_input_pipeline():
    record = {"folder, 128 pixels": {"read": 400.0, "step": 16.0, "operations": 2e9, "gpu": 1_200.0, "cores": 1}}
    assert last_row(tables.input_pipeline(record)) == "| folder, 128 pixels | 1 | 400 | 16.0 | 25 | 1,200 | 3.0 |"


def test_large_sets():
    def state(seconds, processor_seconds, megabytes):
        return {"seconds": seconds, "processor_seconds": processor_seconds, "bytes": megabytes * 10**6}

    states = {"imported": state(10, 5, 400), "loaded": state(10.5, 5.25, 410), "batch 1": state(12, 6, 500)}
    trained = {"batch 100": state(20, 9, 600), "batch 20": state(14, 7, 550)}
    record = {
        "folder, large": {"images": 900_000, "states": states, "peak_bytes": 510 * 10**6, "gigabytes": 49.152},
        "folder, small": {"images": 9_000, "states": states | trained, "peak_bytes": 650 * 10**6, "gigabytes": 0.49},
    }
    heading, _, small, large = tables.large_sets(record).splitlines()
    assert heading.endswith("| MB before | after batch 1 | after batch 20 | after batch 100 | at most |")
    assert small == "| folder, small | 0.5 | 5.0 | 0.5 (0.2) | 1.5 (0.8) | 400 | 500 | 550 | 600 | 650 |"
    assert large == "| folder, large | 49.2 | 5.0 | 0.5 (0.2) | 1.5 (0.8) | 400 | 500 |  |  | 510 |"

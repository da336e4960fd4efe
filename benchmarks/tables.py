"""What benchmarks recorded, and the tables of it in `docs/`: `python -m benchmarks.tables`.

With --record a benchmark keeps its result in `benchmarks/results/NAME.json`. Its table stands on a page of `docs/`,
between the line `<!-- table NAME -->` and the line `<!-- end -->`.
"""

from collections.abc import Callable
from pathlib import Path

from absl import app

from benchmarks import scaling_tables
from reproductions.harness.errors import UsageError
from reproductions.harness.failures import guarded
from reproductions.harness.run_directory import read_json, write_json
from reproductions.reporting.markdown import renew, table

RESULTS = Path(__file__).parent / "results"
PAGES = sorted((Path(__file__).parents[1] / "docs").glob("*.md"))


def keep(benchmark: str, case: str, result: dict) -> None:
    """Adds the result of one case to a benchmark's record, replacing an earlier one."""
    path = RESULTS / f"{benchmark}.json"
    write_json(path, (read_json(path) if path.exists() else {}) | {case: result})
    print(f"recorded in {path}; `python -m benchmarks.tables` renews the table")


def train_step(record: dict) -> str:
    """One row per model: the step in `fit`, its own in a loop, by hand; and PyTorch's, where it was there."""
    rows = []
    for model, result in record.items():
        times, ratios = result["milliseconds"], result["ratios"]
        torch = [f"{ratio:.2f}" for name, ratio in ratios.items() if name.startswith("PyTorch")]
        rows.append(
            [
                f"`{model}`",
                f"{times['written by hand']:.1f}",
                f"{ratios['bare loop']:.3f}",
                f"{ratios['model.fit']:.3f}",
                *(torch or [""]),
                f"{result['rate']:.2f}",
            ]
        )
    columns = ("step", "by hand, ms", "the model's, in a loop", "in `fit`", "PyTorch, eager", "of the matrix rate")
    return table(columns, rows)


def flows(record: dict) -> str:
    """One row per contestant, for each width."""
    rows = [
        [
            f"{width}: {name}",
            f"{values['step']:.0f}",
            f"{values['step_ratio']:.2f}",
            f"{values['rate']:.2f}",
            f"{values['sample']:.0f}",
            f"{values['sample_ratio']:.2f}",
            f"{values['trace']:.1f}",
            f"{values['trace_ratio']:.2f}",
            f"{values['memory']:.2f}",
        ]
        for width, measured in record.items()
        for name, values in measured.items()
    ]
    columns = ("", "ms per step", "ratio", "of the matrix rate", "ms to sample", "ratio", "s to trace", "ratio", "GiB")
    return table(columns, rows)


def flow_depths(record: dict) -> str:
    """One row per width: the seconds to trace each depth, and the exponent of their growth."""
    depths = next(iter(record.values()))["seconds"]
    rows = [
        [width, *(f"{seconds:.1f}" for seconds in result["seconds"].values()), f"{result['exponent']:.2f}"]
        for width, result in record.items()
    ]
    return table(("seconds to trace", *(f"3 levels of {depth}" for depth in depths), "exponent"), rows)


def input_pipeline(record: dict) -> str:
    """One row per source: images per second that a core reads, and that a step takes, on that core and on a GPU."""
    rows = [
        [
            case,
            str(result["cores"]),
            f"{result['read']:,.0f}",
            f"{result['step']:,.1f}",
            f"{result['read'] / result['step']:.0f}",
            f"{result['gpu']:,.0f}",
            f"{result['gpu'] / result['read']:.1f}",
        ]
        for case, result in record.items()
    ]
    columns = ("images per second", "cores in use", "read by a core", "the step's, on a core", "ratio")
    return table((*columns, "the step's, on a GPU", "cores that read as many"), rows)


def large_sets(record: dict) -> str:
    """One row per start, small sets first: seconds of the clock and of the processor, and resident megabytes."""
    looks = {look for result in record.values() for look in result["states"] if look.startswith("batch ")}
    looks = sorted(looks, key=lambda look: int(look.removeprefix("batch ")))
    rows = []
    for case, result in sorted(record.items(), key=lambda item: (item[0].split()[0], item[1]["images"], item[0])):
        states = result["states"]
        rows.append(
            [
                case,
                f"{result['gigabytes']:.1f}",
                f"{states['imported']['processor_seconds']:.1f}",
                _taken(states["imported"], states["loaded"]),
                _taken(states["loaded"], states["batch 1"]),
                *(f"{states[look]['bytes'] / 1e6:.0f}" if look in states else "" for look in ("imported", *looks)),
                f"{result['peak_bytes'] / 1e6:.0f}",
            ]
        )
    columns = ("data set", "GB of pixels", "s to import", "s to load", "to the first batch", "MB before")
    return table((*columns, *(f"after {look}" for look in looks), "at most"), rows)


def _taken(before: dict[str, float], after: dict[str, float]) -> str:
    """Seconds between two states, of the clock, and of the processor in brackets."""
    clock, processor = (after[key] - before[key] for key in ("seconds", "processor_seconds"))
    return f"{clock:.1f} ({processor:.1f})"


def kill_and_resume(record: dict) -> str:
    """One row per script: its kills by their moments, and what both runs ended with."""
    moments = next(iter(record.values()))["kills"]
    rows = [
        [
            f"`{case}`",
            *(str(count) for count in result["kills"].values()),
            *(str(result[count]) for count in ("steps", "rows", "pictures")),
            *(f"`{digits}`" for digits in result["weights"].values()),
            "; ".join(result["differences"]) or "none",
        ]
        for case, result in sorted(record.items())
    ]
    columns = ("script", *moments, "steps", "rows", "pictures")
    return table((*columns, "weights, left alone", "weights, killed", "differences"), rows)


def fuzz(record: dict) -> str:
    """One row per kind of input, and their sum: cases, and how they ended."""
    columns = ("cases", "worked", "refused", "failed")
    rows = [[subject, *(str(result[column]) for column in columns)] for subject, result in record.items()]
    total = [str(sum(result[column] for result in record.values())) for column in columns]
    return table(("what was damaged", *columns), [*rows, ["all", *total]])


def memory(record: dict) -> str:
    """One row per script: its resident megabytes early and late."""
    steps = next(iter(record.values()))["bytes"]
    rows = [
        [f"`{script}`", *(f"{size / 1e6:.0f}" for size in result["bytes"].values()), f"{100 * result['change']:+.1f} %"]
        for script, result in sorted(record.items())
    ]
    return table(("script", *(f"MB after {step} steps" for step in steps), "change"), rows)


def noise(record: dict) -> str:
    """One row per step or draw: its time with our noise and with TensorFlow's, and ratios."""
    rows = [
        [case, *(f"{result['milliseconds'][name]:.2f}" for name in ("ours", "kernels")), _ratios(result["ratios"])]
        for case, result in record.items()
    ]
    return table(("", "ours, ms", "TensorFlow's kernels, ms", "ratios"), rows)


def accelerator(record: dict) -> str:
    """One row per script and batch size: the times of its step in both precisions, and shares of the matrix rate."""
    precisions = {"float32": "float32", "mixed_bfloat16": "bfloat16"}
    steps: dict[tuple[str, int], dict[str, dict]] = {}
    for step in record["steps"].values():
        steps.setdefault((step["script"], step["batch_size"]), {})[step["precision"]] = step

    def cells(precision: str, step: dict | None) -> list[str]:
        if step is None or "error" in step:
            return ["" if step is None else "too large", ""]
        rate = step["operations"] / (step["milliseconds"] * 1e-3) / 1e12
        return [f"{step['milliseconds']:.2f}", f"{rate / record['matrix_rate'][precision]:.2f}"]

    rows = []
    for (script, batch_size), found in sorted(steps.items()):
        any_of_them = next(iter(found.values()))
        height, _, channels = any_of_them["image_shape"]
        row = [f"`{script}`", f"{height}, {channels}", f"{any_of_them['parameters'] / 1e6:.1f}", str(batch_size)]
        rows.append([*row, *(cell for name in precisions for cell in cells(name, found.get(name)))])
    columns = [column for name in precisions.values() for column in (f"{name}, ms", "share of the matrix rate")]
    # A CPU's rate is a fraction of one.
    found = {name: record["matrix_rate"][key] for key, name in precisions.items()}
    rates = ", ".join(f"{name} {rate:.0f}" if rate >= 10 else f"{name} {rate:.3g}" for name, rate in found.items())
    made = table(("script", "pixels, channels", "10⁶ weights", "batch", *columns), rows)
    where = f"{record['device']}, JAX {record['jax']}"
    return f"{made}\n\n{where}; products of large matrices there, 10¹² operations/s: {rates}."


def _ratios(ratios: dict[str, float]) -> str:
    return "; ".join(f"{name}: {ratio:.3f}" for name, ratio in ratios.items())


TABLES: dict[str, Callable[[dict], str]] = {
    "scaling": scaling_tables.measured,
    "scaling_predicted": scaling_tables.predicted,
    "train_step": train_step,
    "flows": flows,
    "flow_depths": flow_depths,
    "input_pipeline": input_pipeline,
    "large_sets": large_sets,
    "kill_and_resume": kill_and_resume,
    "fuzz": fuzz,
    "memory": memory,
    "noise": noise,
    "accelerator": accelerator,
}


def made(name: str) -> str | None:
    """The table of a benchmark; None where there is no record.

    Raises:
        UsageError: The record is damaged, or something else.
    """
    path = RESULTS / f"{name}.json"
    if not path.exists():
        return None
    record = read_json(path)
    try:
        if not record:
            raise ValueError("it is empty")
        return TABLES[name](record)
    except (KeyError, TypeError, ValueError, AttributeError, StopIteration, ZeroDivisionError) as error:
        raise UsageError(f"{path} is not a record of {name}; restore it, or remove it and record it again") from error


def main(argv: list[str]) -> None:
    """Renews the tables on all pages."""
    del argv
    guarded(_renew, break_silence=False)


def _renew() -> None:
    renewed = [page.name for page in PAGES if renew(page, made)]
    print(f"renewed {', '.join(renewed)}" if renewed else "nothing to renew")


if __name__ == "__main__":
    app.run(main)

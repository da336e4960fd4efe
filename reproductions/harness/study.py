"""A study: a named set of runs of one script that tests a claim, and its record."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from absl import flags

from keras_gen.errors import InputError
from reproductions.harness import flags as script_flags
from reproductions.harness.reproduction import Reproduction
from reproductions.harness.run_directory import RunDirectory, check_writable, read_json, write_json

FLAGS = flags.FLAGS
RESULTS = Path(__file__).parents[1] / "results"


@dataclass(frozen=True)
class Study:
    """What a study runs and how its record is drawn.

    Attributes:
        question: What it asks, in one line.
        variants: The flags of each variant, by the variant's title.
        plot: Draws the record to a PNG file.
        timed: Whether seconds are part of the answer; then nothing else should run on the machine.
    """

    question: str
    variants: Mapping[str, Mapping]
    plot: Callable[[dict, Path], None]
    timed: bool = False


def perform(reproduction: Reproduction, name: str) -> None:
    """Makes the study's runs one after another, continues those that were interrupted, and writes its record.

    Runs of a seed that an earlier record of the same flags holds are kept in it. All that can be wrong with the flags
    is found before the first run.

    Raises:
        InputError: There is no such study, a flag cannot be used with it, the record's place holds another record or
            cannot be written, a run failed, or the runs were not measured alike.
    """
    if name not in reproduction.studies:
        raise InputError(f"--study={name}: choose one of {', '.join(reproduction.studies) or '(there are none)'}")
    study = reproduction.studies[name]
    seeds = _seeds()
    _check_flags(reproduction, study)
    root = Path(FLAGS.output_dir or f"runs/{reproduction.name}_studies")
    record_path = Path(FLAGS.results_dir or RESULTS / reproduction.name) / f"{name}.json"
    shared = vars(script_flags.configuration(reproduction.presets))
    record = {
        "reproduction": reproduction.name,
        "study": name,
        "question": study.question,
        "timed": study.timed,
        "flags": {key: value for key, value in shared.items() if key != "seed"},
        "runs": [],
    }
    runs = _earlier_runs(record_path, record["flags"])
    check_writable(record_path.parent, "--results_dir")
    for seed in seeds:
        for title, variant in study.variants.items():
            directory = _run(reproduction, shared, variant | {"seed": seed}, root)
            results = _recorded(read_json(directory.results))
            runs[title, seed] = {"variant": title, "seed": seed, "flags": dict(variant), **results}
            if seed == seeds[0]:
                _keep_samples(directory, record_path.parent / "samples", title)
    record["runs"] = [run for title in study.variants for (name, _), run in sorted(runs.items()) if name == title]
    _check_measures(record)
    write_json(record_path, record)
    study.plot(record, record_path.with_suffix(".png"))
    print(f"Recorded in {record_path}; `python -m reproductions.tables` renews the page's tables.")


def _seeds() -> list[int]:
    if not FLAGS.seeds or not all(seed.isdigit() and int(seed) < 2**31 for seed in FLAGS.seeds):
        raise InputError(f"--seeds={','.join(FLAGS.seeds)}: give whole numbers, for example --seeds=0,1,2")
    return [int(seed) for seed in FLAGS.seeds]


def _check_flags(reproduction: Reproduction, study: Study) -> None:
    """Checks that no flag given by hand is one that the study sets itself."""
    varied = {"seed"}.union(*study.variants.values())
    for flag in script_flags.given_by_hand(reproduction.presets):
        name = flag.removeprefix("--").partition("=")[0]
        if name in varied:
            raise InputError(f"{flag}: the study sets --{name} itself" + ("; give --seeds" if name == "seed" else ""))


def _check_measures(record: dict) -> None:
    """Checks that the runs were measured, and on the same features: distances on others cannot be compared."""
    features = [run["measure"]["features"] for run in record["runs"]]
    if None in features:
        raise InputError(f"--dataset={record['flags']['dataset']}: a study needs labels, or --features=inception")
    if len({described["weights_hash"] for described in features}) > 1:
        raise InputError("the runs were measured on different features; make them again in a new --output_dir")


def _run(reproduction: Reproduction, shared: Mapping, variant: Mapping, root: Path) -> RunDirectory:
    """Makes one run, in a process of its own, and gives its folder.

    The folder is named by the flags in which the run differs from the preset, so that studies share runs.
    """
    changed = {key: value for key, value in variant.items() if value != shared[key] or key == "seed"}
    directory = RunDirectory(root / (" ".join(f"{key}={value}" for key, value in sorted(changed.items()))))
    arguments = dict(FLAGS.flag_values_dict())
    command = [
        sys.executable,
        "-m",
        f"reproductions.{reproduction.name}",
        f"--preset={FLAGS.preset}",
        *script_flags.given_by_hand(reproduction.presets),
        *(f"--{key}={value}" for key, value in variant.items() if value is not None),
        f"--output_dir={directory.path}",
        f"--strategy={arguments['strategy']}",
        f"--cpu_devices={arguments['cpu_devices']}",
        *([f"--data_dir={FLAGS.data_dir}"] if FLAGS.data_dir else []),
    ]
    print(f"\n{directory.path}", flush=True)
    if subprocess.run(command, check=False).returncode:
        raise InputError(f"the run in {directory.path} failed; mend that and give the same command again")
    return directory


def _keep_samples(directory: RunDirectory, folder: Path, title: str) -> None:
    """Keeps a run's last sheet of samples beside the records, for the page."""
    if directory.newest_sheet is not None:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(directory.newest_sheet, folder / f"{re.sub(r'[^a-z0-9.]+', '_', title.lower())}.png")


def _recorded(results: dict) -> dict:
    """What a record keeps of a run's results."""
    return {key: results[key] for key in ("steps", "seconds", "evaluations", "measure", "versions", "finished")}


def _earlier_runs(path: Path, same_flags: dict) -> dict:
    if not path.exists():
        return {}
    try:
        record = read_json(path)
    except ValueError as error:
        raise InputError(f"{path} is not a record; remove it, or give another --results_dir") from error
    if record["flags"] != same_flags:
        raise InputError(f"{path} is a record of other flags; give another --results_dir")
    return {(run["variant"], run["seed"]): run for run in record["runs"]}

"""The record of a study: its runs, made one after another, in one JSON file and its plot.

The record is written after every run. A study that was stopped, even one whose folder of runs is lost, so continues
after the last run that its record holds.
"""

import shutil
from pathlib import Path

from absl import flags

from keras_gen.errors import InputError
from reproductions.harness.reproduction import Reproduction
from reproductions.harness.run_directory import check_writable, read_json, write_json
from reproductions.harness.study import Study, file_name
from reproductions.harness.summary import whole

FLAGS = flags.FLAGS
RESULTS = Path(__file__).parents[1] / "results"


def make(reproduction: Reproduction, name: str) -> None:
    """Makes the study's runs one after another, continues those that were interrupted, and writes its record.

    Runs that an earlier record of the same flags holds are kept, not made again. All that can be wrong with the flags
    is found before the first run.

    Raises:
        InputError: There is no such study or variant, a flag cannot be used with it, the record's place holds another
            record or cannot be written, a run failed, or the runs were not measured alike.
    """
    if name not in reproduction.studies:
        raise InputError(f"--study={name}: choose one of {', '.join(reproduction.studies) or '(there are none)'}")
    study = reproduction.studies[name]
    seeds, variants = _seeds(), _variants(study)
    root = Path(FLAGS.output_dir or f"runs/{reproduction.name}_studies")
    path = Path(FLAGS.results_dir or RESULTS / reproduction.name) / f"{name}.json"
    record = {
        "reproduction": reproduction.name,
        "study": name,
        "question": study.question,
        "timed": study.timed,
        "flags": study.shared(reproduction),
    }
    runs = _earlier_runs(path, record["flags"], study)
    check_writable(path.parent, "--results_dir")
    for seed in seeds:
        for title, variant in variants.items():
            if (title, seed) in runs:
                print(f"{title}, seed {seed}: {path} holds it; remove the file to make it again", flush=True)
                continue
            results, sheet = study.run(reproduction, title, seed, root if isinstance(study, Study) else root / name)
            runs[title, seed] = {"variant": title, "seed": seed, "flags": dict(variant), **results}
            study.check(record | {"runs": list(runs.values())})
            write_json(path, record | {"runs": _in_order(runs, study)})
            if sheet is not None and seed == min(made for of, made in runs if of == title):
                _keep_samples(sheet, path.parent / "samples" / f"{_sheet_name(reproduction, name, title)}.png")
    if not whole(list(runs.values())):
        raise InputError(f"{path}: every run broke down, so that there is nothing to plot; try smaller learning rates")
    record |= {"runs": _in_order(runs, study)}
    write_json(path, record)
    study.plot(record, path.with_suffix(".png"))
    print(f"Recorded in {path}; `python -m reproductions.tables` renews the page's tables.")


def _in_order(runs: dict, study: Study) -> list[dict]:
    """The runs by the study's variants, each variant's by their seeds."""
    return [run for title in study.variants for (of, _), run in sorted(runs.items()) if of == title]


def _seeds() -> list[int]:
    if not FLAGS.seeds or not all(seed.isdigit() and int(seed) < 2**31 for seed in FLAGS.seeds):
        raise InputError(f"--seeds={','.join(FLAGS.seeds)}: give whole numbers, for example --seeds=0,1,2")
    return [int(seed) for seed in FLAGS.seeds]


def _variants(study: Study) -> dict[str, dict]:
    """The variants that are asked for, in the study's order; without `--variant` all."""
    for title in FLAGS.variant:
        if title not in study.variants:
            raise InputError(f"--variant={title}: choose from {'; '.join(study.variants)}")
    return {title: variant for title, variant in study.variants.items() if title in (FLAGS.variant or study.variants)}


def _sheet_name(reproduction: Reproduction, name: str, title: str) -> str:
    """The stem of a variant's picture: its title, after the study's name if another's variant is called so too."""
    flags = [study.variants[title] for study in reproduction.studies.values() if title in study.variants]
    return file_name(title if all(one == flags[0] for one in flags) else f"{name} {title}")


def _keep_samples(sheet: Path, kept: Path) -> None:
    """Keeps the last sheet of samples of a variant's first seed beside the records, for the page."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(sheet, kept)


def _earlier_runs(path: Path, same_flags: dict, study: Study) -> dict:
    if not path.exists():
        return {}
    record = read_json(path, "a record; remove it, or give another --results_dir")
    runs = [run for run in record["runs"] if run["variant"] in study.variants]
    if record["flags"] != same_flags or any(run["flags"] != dict(study.variants[run["variant"]]) for run in runs):
        raise InputError(f"{path} is a record of other flags; give another --results_dir")
    return {(run["variant"], run["seed"]): run for run in runs}

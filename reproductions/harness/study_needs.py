"""What the runs of a study need, all of it checked before the first one: data sets, features, models, disk.

    python -m reproductions.harness.study_needs SCRIPT STUDY    # reads what a study writes to its standard input

The check is a process of its own: it loads data and builds models, and a study that held a GPU would have none left for
its runs.
"""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from reproductions.harness import image_features, launch, run_checks
from reproductions.harness.errors import UsageError
from reproductions.harness.failures import guarded
from reproductions.harness.image_labels import check_classes
from reproductions.harness.options import as_flags
from reproductions.harness.record import check_counts, check_weights, minutes, read_record
from reproductions.harness.reproduction import Reproduction
from reproductions.harness.run_directory import nearest
from reproductions.harness.silence import say
from reproductions.harness.study import Study
from reproductions.harness.tensorflow_quietly import import_tensorflow

# Bytes of a run per weight: three checkpoints with Adam's two moments, `model.keras` with them, the SavedModel.
BYTES_PER_WEIGHT = 4 * (3 * 3 + 3 + 1)
# Bytes of its pictures, tables and logs, roughly.
BYTES_BESIDE = 2_000_000
MEGABYTE = 1_000_000


def prepare(
    reproduction: Reproduction,
    name: str,
    runs: Sequence[tuple[str, Any]],
    recorded: dict | None,
    path: Path,
    folder: Path,
    data_dir: str | None,
) -> None:
    """Says what runs of a study need and take, and checks all of it.

    Args:
        reproduction: The script.
        name: The study.
        runs: Variant and configuration of each.
        recorded: The shipped record, which tells the time.
        path: The record that the runs will join; it need not exist.
        folder: Where the runs will lie.
        data_dir: Where data sets are found.

    Raises:
        UsageError: Something is missing, a flag's value does not fit the others, a model cannot be built, the record's
            runs were measured on other numbers of images, or there is too little room.
    """
    study, configurations = reproduction.studies[name], [configuration for _, configuration in runs]
    if study.perform is None:
        for configuration in configurations:
            run_checks.check_intervals(configuration)
    print(f"They need {described(reproduction, study, configurations)}.")
    taken = minutes(study, recorded, [(title, as_flags(configuration)) for title, configuration in runs])
    if taken is not None:
        print(f"They take about {math.ceil(taken)} minutes on two cores.")
    say("Checking what they need (TensorFlow is imported, data are loaded, models are built)")
    size = checked_aside(reproduction, name, configurations, data_dir, path)
    check_disk(folder, size)
    print(f"All of it is there. The runs take about {size / MEGABYTE:,.0f} MB in {folder}.", flush=True)


def described(reproduction: Reproduction, study: Study, configurations: Iterable[Any]) -> str:
    """What runs of these configurations need, in words."""
    data = [f"the data set {name}" for name in _names(configurations)] or ["no data set"]
    features = {_features(reproduction, study, configuration) for configuration in configurations} - {None}
    return ", ".join(
        [*data, *(f"{image_features.NETWORKS[str(name)]} features" for name in sorted(map(str, features)))]
    )


def checked_aside(
    reproduction: Reproduction, study: str, configurations: Sequence[Any], data_dir: str | None, path: Path
) -> int:
    """`check`, in a process of its own."""
    told = json.dumps(
        {"data_dir": data_dir, "path": str(path), "configurations": [as_flags(one) for one in configurations]}
    )
    done = subprocess.run(
        [sys.executable, "-m", __name__, reproduction.name, study],
        input=told,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    if done.returncode:
        *before, last = done.stderr.splitlines() or [""]
        if not last.startswith("error: "):
            print("\n".join([*before, last]), file=sys.stderr)
            raise UsageError("what the runs need could not be checked; the reason stands above")
        raise UsageError(last.removeprefix("error: "))
    return int(done.stdout.splitlines()[-1])


def check(
    reproduction: Reproduction, study: str, configurations: Sequence[Any], data_dir: str | None, path: Path
) -> int:
    """Loads every data set, looks for the features, and builds every model; gives the bytes that the runs will take.

    Raises:
        UsageError: A data set lacks labels or images for a batch, the study refuses a configuration, or the runs of the
            record at `path` were measured on other features or numbers of images than new ones would be.
        keras_gen.InputError: A data set or the weights of features are missing, or a model cannot be built.
    """
    import_tensorflow()
    import keras

    from keras_gen import datasets

    of_study = reproduction.studies[study]
    recorded = read_record(path) if path.exists() else {"runs": []}
    size, images, built = 0, {}, {}
    hashes: dict[tuple[Any, ...], str | None] = {}  # None: not known before the features are trained
    for configuration in configurations:
        name, pixels = getattr(configuration, "dataset", None), getattr(configuration, "image_size", None)
        if name is not None and (name, pixels) not in images:
            train, test = (datasets.load(name, split, pixels, data_dir) for split in ("train", "test"))
            images[name, pixels] = train, test
        features = _features(reproduction, of_study, configuration)
        if name is not None:
            check_classes(configuration, images[name, pixels][0])
            if of_study.check is not None:
                of_study.check(configuration, images[name, pixels][0])
            if features is not None:
                image_features.check_labels(features, images[name, pixels][0])
        if of_study.perform is None and reproduction.compared is not None:
            check_counts(recorded, path, *reproduction.compared(configuration, *images[name, pixels]))
        if features is not None:
            trained_on = (name, pixels) if image_features.needs_labels(features) else ()
            if (features, *trained_on) not in hashes:
                found = image_features.features_without_training(features, *images[name, pixels])
                hashes[features, *trained_on] = None if found is None else found.description["weights_hash"]
            if (weights_hash := hashes[features, *trained_on]) is not None:
                check_weights(recorded, path, weights_hash)
        size += BYTES_BESIDE
        if of_study.perform is None:
            model = configuration.replace({"seed": 0})
            if model not in built:
                keras.backend.clear_session()
                made = reproduction.build(model, images[name, pixels][0].image_shape, 1)
                run_checks.check_batch(configuration, made, images[name, pixels][0])
                built[model] = made.count_params()
            size += BYTES_PER_WEIGHT * built[model]
    return size


def check_disk(folder: Path, size: int) -> None:
    """Checks that a folder has room for so many bytes.

    Raises:
        UsageError: It has not.
    """
    free = shutil.disk_usage(nearest(folder)).free
    if free < size:
        raise UsageError(
            f"--output_dir={folder}: the runs need about {size / MEGABYTE:,.0f} MB, and {free / MEGABYTE:,.0f} MB are "
            "free there; give a folder on another disk"
        )


def _names(configurations: Iterable[Any]) -> list[str]:
    return list(dict.fromkeys(one.dataset for one in configurations if hasattr(one, "dataset")))


def _features(reproduction: Reproduction, study: Study, configuration: Any) -> str | None:
    """The name of the features that measure a run; None if none do."""
    unmeasured = study.examine is None and (study.perform is not None or reproduction.compared is None)
    return None if unmeasured else configuration.features


def main() -> None:
    """Checks what the standard input tells; prints the bytes that the runs will take."""
    guarded(_main, *sys.argv[1:3])


def _main(script: str, study: str) -> None:
    reproduction: Reproduction = import_module(f"reproductions.{script}").REPRODUCTION
    cls = type(next(iter(launch.presets_of(reproduction, study).values())))
    told = json.load(sys.stdin)
    configurations = [cls(**flags) for flags in told["configurations"]]
    print(check(reproduction, study, configurations, told["data_dir"], Path(told["path"])))


if __name__ == "__main__":
    main()

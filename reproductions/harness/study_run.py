"""One run of a study, in a process of its own.

    python -m reproductions.harness.study_run SCRIPT STUDY --output_dir=FOLDER [--FLAG=VALUE ...]

It makes the run of a study's own function, or looks at the trained model of a run of the script, which it makes first.
The flags are those of the run's configuration. A study starts it; given by hand, it does the same.
"""

import sys
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from reproductions.harness import image_features, launch, silence
from reproductions.harness.failures import guarded
from reproductions.harness.options import as_flags
from reproductions.harness.reproduction import Reproduction
from reproductions.harness.run_directory import RunDirectory, write_json
from reproductions.harness.study import Study
from reproductions.harness.tensorflow_quietly import import_tensorflow


def main(argv: Sequence[str] | None = None) -> None:
    """Makes the run that the command line names."""
    guarded(_main, list(sys.argv[1:] if argv is None else argv), resumes=True)


def _main(argv: list[str]) -> None:
    script, name, *words = argv
    reproduction: Reproduction = import_module(f"reproductions.{script}").REPRODUCTION
    study = reproduction.studies[name]
    base = next(iter(launch.presets_of(reproduction, name).values()))
    command, changes = launch.given(words, type(base))
    configuration = launch.preset(reproduction, name, command.preset).replace(changes)
    assert command.output_dir is not None
    directory = RunDirectory(command.output_dir)
    if study.examine is not None:
        launch.perform_run(reproduction, configuration, command)
        examine(study, name, configuration, directory, command.data_dir)
    else:
        perform(study, configuration, directory, command.data_dir)


def perform(study: Study, configuration: Any, directory: RunDirectory, data_dir: str | None) -> None:
    """Makes a run of the study's own function; its folder holds `flags.json`, `results.json` and, maybe, a sheet."""
    assert study.perform is not None
    flags = as_flags(configuration)
    directory.check(flags)
    if directory.finished(flags):
        return
    import_tensorflow()
    import keras

    from keras_gen.utils import save_png

    with directory.claimed(flags):
        keras.utils.set_random_seed(configuration.seed)
        silence.now_doing("Making the run")
        begin = time.perf_counter()
        results = study.perform(configuration, data_dir)
        sheet = results.pop("sheet", None)
        if sheet is not None:
            directory.samples.mkdir(exist_ok=True)
            save_png(directory.samples / "sheet.png", sheet)
        seconds = round(time.perf_counter() - begin, 3)
        write_json(directory.results, {"flags": flags, "seconds": seconds, "results": results})


def examine(study: Study, name: str, configuration: Any, directory: RunDirectory, data_dir: str | None) -> None:
    """Looks at the trained model of a finished run; what it finds lies in the run's folder under the study's name."""
    assert study.examine is not None
    found, picture = examined(directory, name)
    if found.exists():
        return
    from keras_gen import datasets
    from keras_gen.utils import save_png

    silence.say("Examining the trained model")
    c = configuration
    train, test = (datasets.load(c.dataset, split, c.image_size, data_dir) for split in ("train", "test"))
    results, sheet = study.examine(
        directory.load_model(), train, test, image_features.features(c.features, train, test), c
    )
    found.parent.mkdir(exist_ok=True)
    save_png(picture, sheet)
    write_json(found, {"found": results})


def examined(directory: RunDirectory, name: str) -> tuple[Path, Path]:
    """Where a study keeps what it found in a run, and its picture."""
    return directory.examined / f"{name}.json", directory.examined / f"{name}.png"


if __name__ == "__main__":
    main()

"""Studies: named sets of runs that test a claim, of the script itself or of an experiment of its own."""

import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
from absl import flags

from keras_gen.errors import InputError
from keras_gen.utils import save_png
from reproductions.harness import flags as script_flags
from reproductions.harness import signals
from reproductions.harness.quality import quality_table
from reproductions.harness.reproduction import Reproduction
from reproductions.harness.run_directory import RunDirectory, read_json, write_json

FLAGS = flags.FLAGS

# What a record keeps of a run of the script.
RECORDED = ("steps", "seconds", "evaluations", "measure", "versions", "finished")


@dataclass(frozen=True, kw_only=True)
class _AnyStudy:
    """What both kinds of study have.

    Attributes:
        question: What it asks, in one line.
        variants: In what each variant differs, by the variant's title.
        plot: Draws the record to a PNG file.
        table: Writes the record as Markdown tables.
        timed: Whether seconds are part of the answer; then nothing else should run on the machine.
    """

    question: str
    variants: Mapping[str, Mapping[str, Any]]
    plot: Callable[[dict, Path], None]
    table: Callable[[dict], str]
    timed: bool = False


@dataclass(frozen=True, kw_only=True)
class Study(_AnyStudy):
    """A study whose runs are runs of the script, each variant with some flags of its own."""

    table: Callable[[dict], str] = quality_table

    def shared(self, reproduction: Reproduction) -> dict[str, Any]:
        """The configuration that all runs share.

        Raises:
            InputError: A flag given by hand is one that the study sets itself.
        """
        varied = {"seed"}.union(*self.variants.values())
        for flag in script_flags.given_by_hand(reproduction.presets):
            name = flag.removeprefix("--").partition("=")[0]
            if name in varied:
                raise InputError(
                    f"{flag}: the study sets --{name} itself" + ("; give --seeds" if name == "seed" else "")
                )
        shared = vars(script_flags.configuration(reproduction.presets))
        return {name: value for name, value in shared.items() if name != "seed"}

    def run(self, reproduction: Reproduction, title: str, seed: int, root: Path) -> tuple[dict, Path | None]:
        """Makes one run in a process of its own; gives what is recorded of it, and its last sheet of samples.

        Of a run whose loss became NaN or infinite, that is recorded, as `broke_down`, with what it had reached.
        Its folder is named by the flags in which the run differs from the preset, so that studies share runs.
        """
        directory, variant = self.directory(reproduction, title, seed, root), self.variants[title] | {"seed": seed}
        command = [
            sys.executable,
            "-m",
            f"reproductions.{reproduction.name}",
            f"--preset={FLAGS.preset}",
            *script_flags.given_by_hand(reproduction.presets),
            *(f"--{key}={value}" for key, value in variant.items() if value is not None),
            f"--output_dir={directory.path}",
            f"--strategy={FLAGS['strategy'].value}",
            f"--cpu_devices={FLAGS['cpu_devices'].value}",
            *([f"--data_dir={FLAGS.data_dir}"] if FLAGS.data_dir else []),
        ]
        print(f"\n{directory.path}", flush=True)
        if _exit_status(command):
            if directory.breakdown.exists():
                return read_json(directory.breakdown), None
            raise InputError(f"the run in {directory.path} failed; mend that and give the same command again")
        results = read_json(directory.results)
        return {key: results[key] for key in RECORDED}, directory.newest_sheet

    def directory(self, reproduction: Reproduction, title: str, seed: int, root: Path) -> RunDirectory:
        """The folder of a run, named by what is not as in the preset."""
        shared, variant = self.shared(reproduction), self.variants[title] | {"seed": seed}
        changed = {key: value for key, value in variant.items() if key == "seed" or value != shared[key]}
        return RunDirectory(root / " ".join(f"{key}={value}" for key, value in sorted(changed.items())))

    def check(self, record: dict) -> None:
        """Checks that runs with distances were measured, on the same features: those on others cannot be compared.

        Raises:
            InputError: They were not.
        """
        described = [run["measure"] for run in record["runs"] if "broke_down" not in run]
        features = [measure["features"] for measure in described if "features" in measure]
        if None in features:
            raise InputError(f"--dataset={record['flags']['dataset']}: a study needs labels, or --features=inception")
        if len({described["weights_hash"] for described in features}) > 1:
            raise InputError("the runs were measured on different features; make them again in a new --output_dir")


@dataclass(frozen=True, kw_only=True)
class Experiment(_AnyStudy):
    """A study whose runs are no runs of the script, but of a function of its own.

    Attributes:
        settings: What all runs share, by preset.
        perform: Makes one run: from the preset's settings, overruled by the variant's, with the `seed`, and from
            `data_dir` to results that JSON can hold. A `sheet` among them, uint8 [height, width, channels], is kept
            beside the record as a picture.
    """

    settings: Mapping[str, Mapping[str, Any]]
    perform: Callable[[SimpleNamespace, str | None], dict]

    def shared(self, reproduction: Reproduction) -> dict[str, Any]:
        """The settings of the preset.

        Raises:
            InputError: There is no such preset, or a flag is given that the experiment does not have.
        """
        if FLAGS.preset not in self.settings:
            raise InputError(f"--preset={FLAGS.preset}: this study has {', '.join(self.settings)}")
        for flag in script_flags.given_by_hand(reproduction.presets):
            raise InputError(f"{flag}: this study has settings of its own; --preset, --seeds and folders are its flags")
        return dict(self.settings[FLAGS.preset])

    def run(self, reproduction: Reproduction, title: str, seed: int, root: Path) -> tuple[dict, Path | None]:
        """Makes one run, or finds it made; gives its results, and its sheet, if it draws one."""
        settings = self.shared(reproduction) | dict(self.variants[title]) | {"seed": seed}
        path = root / f"{file_name(title)}_seed_{seed}.json"
        sheet = path.with_suffix(".png")
        print(f"\n{title}, seed {seed}", flush=True)
        if path.exists():
            made = read_json(path)
            if made.get("settings") != settings:
                raise InputError(f"{path} is a run with other settings; give another --output_dir")
            return made["results"], sheet if sheet.exists() else None
        keras.backend.clear_session()
        keras.utils.set_random_seed(seed)
        results = self.perform(SimpleNamespace(**settings), FLAGS.data_dir)
        path.parent.mkdir(parents=True, exist_ok=True)
        picture = results.pop("sheet", None)
        if picture is not None:
            save_png(sheet, picture)
        write_json(path, {"settings": settings, "results": results})
        return results, None if picture is None else sheet

    def check(self, record: dict) -> None:
        """Nothing to check: all runs were made alike."""


def _exit_status(command: list[str]) -> int:
    """Runs a command; asked to stop, lets it stop first.

    Ctrl-C reaches it from the terminal, but SIGTERM reaches this process alone and is handed on.
    """
    process = subprocess.Popen(command)
    with signals.postponed(lambda number: process.terminate() if number == signal.SIGTERM else None):
        return process.wait()


def file_name(title: str) -> str:
    """A title as the stem of a file."""
    return re.sub(r"[^a-z0-9.]+", "_", title.lower()).strip("_")

"""From the command line of a script to a run or a study; what every script ends with."""

import re
import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from reproductions import pages
from reproductions.harness import command_line, record
from reproductions.harness.configuration import RunConfiguration
from reproductions.harness.errors import UsageError
from reproductions.harness.failures import guarded
from reproductions.harness.options import Option, Options, as_flags, option, options
from reproductions.harness.reproduction import Reproduction
from reproductions.harness.run_directory import check_writable
from reproductions.harness.tensorflow_quietly import import_tensorflow

DEFAULT_PRESET = "laptop"


@dataclass(frozen=True, kw_only=True)
class RunCommand(Options):
    """Folders and devices."""

    preset: str | None = option(None, "Values of the flags that are not given; laptop by default.")
    output_dir: str | None = option(None, "Folder of the run, or of the study's runs. The same command resumes there.")
    data_dir: str | None = option(None, "Where data sets are found and prepared; TFDS's own folder by default.")
    strategy: Literal["auto", "single", "mirrored", "multi_worker"] = option(
        "auto",
        "tf.distribute strategy; auto: several workers with TF_CONFIG, several GPUs if there are, else one device.",
    )
    cpu_devices: int = option(
        1, "Logical devices to split the CPU into, to try several replicas without GPUs.", at_least=1
    )
    jit_compile: Literal["auto", "true", "false"] = option(
        "auto", "Compile the training step with XLA; auto: on a single GPU. The run is the same up to rounding."
    )
    stop_on_divergence: bool = option(
        False, "Stop when a loss leaves its past by orders of magnitude; by default a warning says so."
    )


@dataclass(frozen=True, kw_only=True)
class Command(RunCommand):
    """Studies."""

    study: str | None = option(None, "Run this study: a set of runs that tests claims.")
    seeds: tuple[int, ...] | None = option(
        None, "Seeds of its runs, as in 0,1,2; by default those of its record.", at_least=0, at_most=2**31 - 1
    )
    variant: tuple[str, ...] = option((), "Only this variant; may be given several times.")
    jobs: int = option(1, "Runs at a time, each on its share of the cores.", at_least=1)
    results_dir: str | None = option(None, "Folder of the study's record; by default that of its runs.")
    record: bool = option(False, "Write the record, figure and samples that the pages show.")


ONLY_OF_STUDIES = ("seeds", "variant", "jobs", "results_dir", "record")
PATHS = ("output_dir", "data_dir", "results_dir")


def launch(reproduction: Reproduction, argv: Sequence[str] | None = None) -> None:
    """Does what the command line of a script says."""
    guarded(_main, reproduction, list(sys.argv[1:] if argv is None else argv), resumes=True)


def _main(reproduction: Reproduction, argv: list[str]) -> None:
    study = command_line.parse(argv, [Command]).get("study")
    if study is not None and study not in reproduction.studies:
        raise UsageError(f"--study={study}: choose one of {', '.join(reproduction.studies) or '(there are none)'}")
    cls = type(next(iter(presets_of(reproduction, study).values())))
    command, changes = given(argv, cls, lambda: help_text(reproduction, study))
    if study is not None:
        from reproductions.harness import making

        making.make(reproduction, study, command, changes)
        return
    check_only_of_runs(reproduction, command)
    configuration = preset(reproduction, None, command.preset).replace(changes)
    configuration.check_used(changes)
    perform_run(reproduction, configuration, command)


def check_only_of_runs(reproduction: Reproduction, command: Command) -> None:
    """Checks that the command of a run has no flags of studies.

    Raises:
        UsageError: It has one.
    """
    for name in ONLY_OF_STUDIES:
        if getattr(command, name) != getattr(Command(), name):
            raise UsageError(f"--{name} is for studies; give --study={'|'.join(reproduction.studies)} with it")


def given(
    argv: Sequence[str], cls: type[Options], help_text: Callable[[], str] = lambda: __doc__
) -> tuple[Command, dict[str, Any]]:
    """What a command line says: the command, and the values of a configuration's class that are given.

    Raises:
        UsageError: A flag is unknown or its value cannot be.
    """
    values = command_line.parse(argv, [Command, cls], help_text)
    values |= {name: _expanded(name, value) for name, value in values.items()}
    of_command, of_class = (
        {one.name: values[one.name] for one in options(part) if one.name in values} for part in (Command, cls)
    )
    return Command(**of_command), of_class


def preset(reproduction: Reproduction, study: str | None, name: str | None) -> Any:
    """The preset of that name, of the script or of a study; None for the usual one, with the study's own settings.

    Raises:
        UsageError: There is no such preset.
    """
    presets = presets_of(reproduction, study)
    if name is not None and name not in presets:
        raise UsageError(f"--preset={name}: choose one of {', '.join(presets)}")
    if study is None or name is not None:
        return presets[name or DEFAULT_PRESET]
    usual = reproduction.studies[study]
    return presets[usual.preset].replace(usual.settings)


def arguments_of(
    reproduction: Reproduction, study: str | None, values: Options, left_out: Collection[Option] = ()
) -> list[str]:
    """The flags that give these values: the preset that is nearest, unless it is the usual one, and what differs.

    From another preset, values that the run does not use would differ too, and be refused as flags; `left_out` are
    options that may differ.
    """
    usual = command_line.as_arguments(values, preset(reproduction, study, None), left_out)
    others = (
        [f"--preset={name}", *command_line.as_arguments(values, one, left_out)]
        for name, one in presets_of(reproduction, study).items()
    )
    return min(usual, *others, key=len)


def command_of(reproduction: Reproduction, values: Options) -> str:
    """The command that makes a run of the script with these values, but for those that have no effect beside others."""
    arguments = arguments_of(reproduction, None, values, values.idle())
    return " ".join(["python -m", f"reproductions.{reproduction.name}", *arguments])


def perform_run(reproduction: Reproduction, configuration: RunConfiguration, command: RunCommand) -> None:
    """Makes a run, in this process."""
    output_dir = command.output_dir or f"runs/{reproduction.name}"
    check_writable(Path(output_dir), "--output_dir")  # what takes no time comes before what takes seconds
    import_tensorflow()
    from reproductions.harness import run

    run.perform(
        reproduction,
        configuration,
        output_dir,
        command.data_dir,
        command.strategy,
        command.cpu_devices,
        command.jit_compile,
        command.stop_on_divergence,
    )


def presets_of(reproduction: Reproduction, study: str | None) -> dict[str, Any]:
    """The presets of the script, or of a study whose runs are not the script's."""
    own = None if study is None else reproduction.studies[study].presets
    return dict(own or reproduction.presets)


def _expanded(name: str, value: Any) -> Any:
    """A path, also one in a data set's name, with the home folder in the place of ~."""
    if value is None or name not in (*PATHS, "dataset"):
        return value
    if name == "dataset":
        return re.sub(r"(?<=folder:)~.*", lambda path: str(Path(path[0]).expanduser()), value)
    if value == "":
        raise UsageError(f"--{name}= is empty; give a folder, or leave it out")
    return str(Path(value).expanduser())


def help_text(reproduction: Reproduction, study: str | None = None) -> str:
    """What `--help` prints."""
    presets = presets_of(reproduction, study)
    about = [
        f"{reproduction.summary}. Its page is {pages.FOLDER / reproduction.name}.md.",
        f"Presets: {', '.join(presets_with_minutes(reproduction))}. Flags that differ show a value for each.",
        *([] if study is None else [f"Flags of --study={study}: {reproduction.studies[study].question}."]),
        _studies_help(reproduction),
    ]
    usage = f"python -m reproductions.{reproduction.name} [--FLAG=VALUE ...]"
    first = next(iter(presets.values()))
    return command_line.help_page(usage, filter(None, about), [(first, presets), (Command(), {})])


def presets_with_minutes(reproduction: Reproduction) -> list[str]:
    """The names of the presets, each with what a run takes."""
    taken = {"smoke": "a minute", "laptop": f"{reproduction.minutes} minutes on two cores"}

    def otherwise(name: str) -> str:
        return "hours on a GPU" if name.startswith("paper") else "hours on two cores"

    return [f"{name} ({taken.get(name, otherwise(name))})" for name in reproduction.presets]


def minutes_of_study(reproduction: Reproduction, name: str) -> str:
    """What a study with the seeds and flags of its record takes; empty if that is not known."""
    study, recorded = reproduction.studies[name], record.shipped(reproduction.name, name)
    usual = as_flags(preset(reproduction, name, None)) | (recorded or {"flags": {}})["flags"]
    planned = [variant for variant in study.variants.items() for _ in study.seeds]
    runs = [(run["variant"], run["flags"]) for run in recorded["runs"]] if recorded else planned
    taken = record.minutes(study, recorded, [(title, usual | dict(flags)) for title, flags in runs])
    return "" if taken is None else f"{max(1, round(taken))} minutes"


def _studies_help(reproduction: Reproduction) -> str:
    lines = ["Studies, by --study=NAME:"] if reproduction.studies else []
    for name, study in reproduction.studies.items():
        claims = f" Claims {', '.join(claim.key for claim in study.claims)}." if study.claims else ""
        taken = minutes_of_study(reproduction, name)
        taken = taken and f" About {taken} on two cores."
        text = f"{study.question}.{claims}{taken} Variants: {'; '.join(study.variants)}."
        lines += command_line.entry(name, text, command_line.screen_width(), indent=24)
    return "\n".join(lines)

"""Packs runs for an accelerator: `python -m benchmarks.accelerator.send PARCEL SCRIPT [the script's flags]`.

With --study=NAME it packs every run of the study that is still to make. A run that has begun in its folder goes on from
its last checkpoint. Runs are trained in the order in which they are sent.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.accelerator import describing, words
from benchmarks.accelerator.describing import Planned, Sending
from benchmarks.accelerator.parcel import Parcel, ParcelError
from reproductions.harness import command_line, launch, silence
from reproductions.harness.errors import UsageError
from reproductions.harness.failures import guarded
from reproductions.harness.options import Option, options
from reproductions.harness.reproduction import Reproduction
from reproductions.harness.tensorflow_quietly import import_tensorflow
from reproductions.pages import SCRIPTS

USAGE = "python -m benchmarks.accelerator.send PARCEL SCRIPT [--FLAG=VALUE ...]"


def main(argv: Sequence[str] | None = None) -> None:
    """Does what the command line says."""
    guarded(_main, list(sys.argv[1:] if argv is None else argv))


def _main(argv: list[str]) -> None:
    first, flags = words.split(argv)
    if len(first) != 2 or first[1] not in SCRIPTS:
        command_line.answer(argv, lambda: _help_page([__doc__ or "", f"Scripts: {', '.join(SCRIPTS)}."]))
        raise UsageError(f"give a folder and a script, one of {', '.join(SCRIPTS)}: {USAGE}")
    path, script = first
    reproduction: Reproduction = import_module(f"reproductions.{script}").REPRODUCTION
    planned, data_dir, sending = plan(reproduction, flags)
    parcel = Parcel(path)
    try:
        parcel.make_for("run")
        import_tensorflow()
        images = describing.images_of(parcel, data_dir)
        for run in planned:
            silence.say(f"Compiling the step of {run.output_dir}")
            found = describing.described(parcel, reproduction, run, sending, *images(run.configuration))
            print(f"{describing.keep(parcel, found)} is in {parcel.path}", flush=True)
    except ParcelError as error:
        raise UsageError(str(error)) from error
    print(f"{parcel.path}: {parcel.size()}")


def plan(reproduction: Reproduction, argv: list[str]) -> tuple[list[Planned], str | None, Sending]:
    """The runs that a command of the script would make, the folder of data sets, and how they are sent.

    Raises:
        UsageError: A flag is unknown or cannot be used.
    """
    from reproductions.harness import making

    study = command_line.parse(argv, [launch.Command]).get("study")
    if study is not None and study not in reproduction.studies:
        raise UsageError(f"--study={study}: choose one of {', '.join(reproduction.studies) or '(there are none)'}")
    cls = type(next(iter(launch.presets_of(reproduction, study).values())))
    classes = [launch.Command, cls, Sending]
    values = command_line.parse(argv, classes, lambda: _help_page([launch.help_text(reproduction, study)]))
    sending = Sending(**{one.name: values.pop(one.name) for one in options(Sending) if one.name in values})
    own = _as_words(values, [launch.Command, cls])
    command, changes = launch.given(own, cls)
    again = ["-m", f"reproductions.{reproduction.name}", *own]
    if study is None:
        launch.check_only_of_runs(reproduction, command)
        configuration = launch.preset(reproduction, None, command.preset).replace(changes)
        configuration.check_used(changes)
        output_dir = Path(command.output_dir or f"runs/{reproduction.name}")
        return [Planned(configuration, output_dir, again)], command.data_dir, sending
    if reproduction.studies[study].perform is not None:
        raise UsageError(f"--study={study}: its runs are no training of the script's; make them here")
    made = making.Making.planned(reproduction, study, command, changes, making.shipped(reproduction.name, study))
    runs = [of_job[0] for of_job in made.todo().values()]
    planned = [Planned(made.configuration(run), made.directory(run).path, again) for run in runs]
    return planned, command.data_dir, sending


def _as_words(values: Mapping[str, Any], classes: Sequence[type]) -> list[str]:
    """Flags as a command line takes them."""
    found = []
    for one in [one for cls in classes for one in options(cls) if one.name in values]:
        value = values[one.name]
        repeated = value if one.several and one.kind is str and value is not None else [value]
        found += [f"--{one.name}={Option.text(each)}" for each in repeated]
    return found


def _help_page(about: Sequence[str]) -> str:
    return command_line.help_page(USAGE, about, [(Sending(), {})])


if __name__ == "__main__":
    main()

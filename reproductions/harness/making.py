"""From the command of a study to its record: which runs it makes, in one JSON file, with its figure beside it.

The record is written after every run. A study that was stopped, even one whose folder of runs is lost, so continues
after the last run that its record holds.
"""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reproductions.harness import claim, earlier_record, jobs, launch, silence, study_needs
from reproductions.harness.errors import UsageError
from reproductions.harness.options import Option, as_flags, options
from reproductions.harness.record import check_features, plain, readable, results_of, sheet_name, shipped
from reproductions.harness.reproduction import Reproduction
from reproductions.harness.run_directory import RunDirectory, check_writable, replacing, write_json
from reproductions.harness.study import Study
from reproductions.harness.study_folders import folder_name, record_folder, usual_folder

if TYPE_CHECKING:
    from reproductions.harness.configuration import RunConfiguration

# A run of a study: its variant's title and its seed.
Run = tuple[str, int]


def make(reproduction: Reproduction, name: str, command: launch.Command, changes: dict[str, Any]) -> None:
    """Makes the study's runs, continues those that were interrupted, writes its record and prints what it says.

    Runs that an earlier record of the same flags holds are kept, not made again; with more steps, they are continued
    in their folders. All that can be wrong with the flags is found before the first run. A run that fails leaves the
    others alone.

    Args:
        reproduction: The script.
        name: The study.
        command: The command.
        changes: Flags of the configuration that were given.

    Raises:
        UsageError: A flag cannot be used with the study, the record's place holds another record or cannot be
            written, runs failed, or they were not measured alike.
        KeyboardInterrupt: It was asked to stop.
    """
    recorded = shipped(reproduction.name, name)
    making = Making.planned(reproduction, name, command, changes, recorded)
    todo = making.todo()
    print(f"{len(making.plan)} runs, {len(todo)} still to make, {command.jobs} at a time.", flush=True)
    if _lacks_search(reproduction, making.study):
        print(f"Nothing is recorded of the search --study={making.study.search}: all variants have the usual values.")
    if todo:
        configurations = [(runs[0][0], making.configuration(runs[0])) for runs in todo.values()]
        study_needs.prepare(reproduction, name, configurations, recorded, making.path, making.root, command.data_dir)
    failed = making.runs(todo, command.jobs)
    if making.whole:
        silence.now_doing("Drawing the figure")
        with readable(making.path, just_made=making.made.keys() <= {run for runs in todo.values() for run in runs}):
            making.write_figure()
            record = making.record
            print(f"\n{making.study.table(record)}\n\n{claim.beside(making.study.claims, record, recorded)}".rstrip())
        print(f"\nThe record is {making.path}; the figure is beside it.")
    elif not failed:
        raise UsageError(f"{making.path}: every run broke down; try smaller learning rates in a new --output_dir")
    if failed:
        folders = ", ".join(str(folder) for folder in failed)
        raise UsageError(
            f"{len(failed)} of {len(making.plan)} runs failed, in {folders}; fix the errors above, and "
            "rerun the command, which keeps what is finished"
        )


@dataclass(frozen=True, kw_only=True)
class Making:
    """A study whose runs are being made.

    Attributes:
        reproduction: The script.
        name: The study's name.
        study: The study.
        base: The configuration that all runs share.
        root: Folder of their folders.
        path: The record.
        plan: The runs that were asked for.
        made: What is recorded of those that are made, here or earlier.
        passed_on: Flags that are no part of a configuration.
    """

    reproduction: Reproduction
    name: str
    study: Study
    base: RunConfiguration
    root: Path
    path: Path
    plan: list[Run]
    made: dict[Run, dict]
    passed_on: list[str]

    @classmethod
    def planned(
        cls,
        reproduction: Reproduction,
        name: str,
        command: launch.Command,
        changes: dict[str, Any],
        recorded: dict | None,
    ) -> Making:
        """Which runs a command asks for, and where their record goes.

        Raises:
            UsageError: A flag cannot be used with the study, or the record's place holds another record or cannot be
                written.
        """
        study = reproduction.studies[name]
        _check_changes(study, changes)
        if command.record and _lacks_search(reproduction, study):
            raise UsageError(f"--record: what its variants run with is not searched yet; first --study={study.search}")
        usual = launch.preset(reproduction, name, command.preset)
        if command.preset is None and recorded is not None:
            known = {one.name for one in options(type(usual))} - {"seed"}
            usual = usual.replace({key: value for key, value in recorded["flags"].items() if key in known})
        base = usual.replace(changes)
        root = Path(command.output_dir or usual_folder(reproduction, command.preset, base, usual))
        path = record_folder(reproduction, command, root) / f"{name}.json"
        check_writable(root, "--output_dir")
        defaults = launch.Command()
        making = cls(
            reproduction=reproduction,
            name=name,
            study=study,
            base=base,
            root=root,
            path=path,
            plan=_plan(study, command, recorded),
            made={},
            passed_on=[
                f"--{flag}={Option.text(getattr(command, flag))}"
                for flag in ("data_dir", "strategy", "cpu_devices", "jit_compile", "stop_on_divergence")
                if getattr(command, flag) != getattr(defaults, flag)
            ],
        )
        if path.exists():
            making.made.update(earlier_record.kept(path, study, making.flags, making.plan, making.directory))
        return making

    @property
    def flags(self) -> dict[str, Any]:
        """The flags that all runs share."""
        return {key: value for key, value in as_flags(self.base).items() if key != "seed"}

    @property
    def record(self) -> dict:
        """What is recorded: the runs by the study's variants, each variant's by their seeds."""
        return {
            "reproduction": self.reproduction.name,
            "study": self.name,
            "question": self.study.question,
            "timed": self.study.timed,
            "flags": self.flags,
            "runs": [run for title in self.study.variants for (of, _), run in sorted(self.made.items()) if of == title],
        }

    @property
    def whole(self) -> bool:
        """Whether a run reached its end."""
        return any("broke_down" not in run for run in self.made.values())

    def todo(self) -> dict[jobs.Job, list[Run]]:
        """The processes that are missing, and the runs of the plan that each of them makes.

        Runs that are finished in their folders are taken into the record.
        """
        of_jobs: dict[jobs.Job, list[Run]] = {}
        folders: dict[Path, jobs.Job] = {}
        for run in self.plan:
            title, folder = f"{run[0]}, seed {run[1]}", self.directory(run).path
            if run in self.made:
                print(f"{title}: already in {self.path}; remove that file to make the run again", flush=True)
            elif not self._taken_in(run):  # variants may share a run
                job = folders.setdefault(folder, jobs.Job(title, folder, tuple(self.command(run))))
                of_jobs.setdefault(job, []).append(run)
        return of_jobs

    def runs(self, of_jobs: Mapping[jobs.Job, list[Run]], at_once: int) -> list[Path]:
        """Makes missing runs, so many at a time; gives the folders of those that failed."""
        failed = []

        def ended(job: jobs.Job, status: int) -> None:
            if not all([self._taken_in(run, broke_down=status != 0) for run in of_jobs[job]]):
                failed.append(job.folder)

        jobs.perform(of_jobs, at_once, ended)
        return failed

    def configuration(self, run: Run) -> RunConfiguration:
        """The configuration of a run."""
        title, seed = run
        return self.base.replace({**self.study.variants[title], "seed": seed})

    def directory(self, run: Run) -> RunDirectory:
        """The folder of a run, named by the flags in which it differs from what all runs of the study share.

        Studies without settings of their own share the runs that they have in common.
        """
        flags, shared = as_flags(self.configuration(run)), as_flags(self.base)
        changed = sorted(key for key in flags if key == "seed" or flags[key] != shared[key])
        name = ",".join(f"{key}={flags[key]}" for key in changed)
        folder = self.root / self.name if self.study.perform or self.study.settings else self.root
        return RunDirectory(folder / folder_name(name))

    def command(self, run: Run) -> list[str]:
        """The command that makes a run, complete in itself."""
        study: str | None
        if self.study.perform or self.study.examine:
            study, program = self.name, ["reproductions.harness.study_run", self.reproduction.name, self.name]
        else:
            study, program = None, [f"reproductions.{self.reproduction.name}"]
        return [
            *(sys.executable, "-m", *program),
            *launch.arguments_of(self.reproduction, study, self.configuration(run)),
            *self.passed_on,
            f"--output_dir={self.directory(run).path}",
        ]

    def _taken_in(self, run: Run, broke_down: bool = False) -> bool:
        """Takes what a run gave into the record, if it has ended, or broken down.

        Raises:
            UsageError: Its folder holds another run, or it was measured on other features or numbers of images than the
                rest.
        """
        directory, flags = self.directory(run), as_flags(self.configuration(run))
        if directory.flags.exists():
            directory.check(flags, extendable=self.study.extendable)
        results, sheet = results_of(directory, flags, self.name, self.study.examine is not None, broke_down)
        if results is None:
            return False
        title, seed = run
        variant = {key: plain(value) for key, value in self.study.variants[title].items()}
        self.made[run] = {"variant": title, "seed": seed, "flags": variant, **results}
        check_features(self.record, self.path)
        write_json(self.path, self.record)
        if sheet is not None and seed == min(made for of, made in self.made if of == title):
            kept = self.path.parent / "samples" / f"{sheet_name(self.reproduction, self.name, title)}.png"
            with replacing(kept) as aside:
                shutil.copyfile(sheet, aside)
        return True

    def write_figure(self) -> None:
        """Draws the record to a PNG file beside it."""
        with replacing(self.path.with_suffix(".png")) as aside:
            self.study.figure(self.record).savefig(aside, format="png")


def _lacks_search(reproduction: Reproduction, study: Study) -> bool:
    """Whether the study's variants should run with what a search chose that is not recorded."""
    return study.search is not None and shipped(reproduction.name, study.search) is None


def _check_changes(study: Study, changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        if name == "seed":
            raise UsageError(f"--seed={value}: the study sets --seed itself; give --seeds")
        if name in {"seed"}.union(*study.variants.values()):
            raise UsageError(f"--{name}={Option.text(value)}: the study sets --{name} itself; leave it out")


def _plan(study: Study, command: launch.Command, recorded: dict | None) -> list[Run]:
    """The runs that are asked for, by their seeds.

    Without --seeds they are those of the shipped record or, where it has none of a variant, of the study. A record
    that is being made may be far from whole: with --record, its runs and all of the study are asked for.
    """
    for title in command.variant:
        if title not in study.variants:
            raise UsageError(f"--variant={shlex.quote(title)}: choose from {'; '.join(study.variants)}")
    recorded_seeds: dict[str, set[int]] = {}
    for run in recorded["runs"] if recorded else []:
        recorded_seeds.setdefault(run["variant"], set()).add(run["seed"])
    runs = [
        (title, seed)
        for title in study.variants
        if title in (command.variant or study.variants)
        for seed in command.seeds or _usual_seeds(study, recorded_seeds.get(title, set()), command.record)
    ]
    order = list(study.variants)
    return sorted(runs, key=lambda run: (run[1], order.index(run[0])))


def _usual_seeds(study: Study, recorded: set[int], recording: bool) -> set[int]:
    return recorded.union(study.seeds) if recording else recorded or set(study.seeds)

"""Cases: case `n` of a seed is a function of both, whichever other cases there are."""

import dataclasses
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.fuzz import hostile_flags, hostile_models, hostile_runs, hostile_sets
from benchmarks.fuzz.healthy import Healthy
from benchmarks.fuzz.process import Case


@dataclass(frozen=True)
class Subject:
    """A kind of input.

    Attributes:
        name: What the table calls it.
        share: How many of a hundred cases it gets, roughly.
        make: Makes a case in a new folder.
    """

    name: str
    share: int
    make: Callable[[Healthy, Path, random.Random], Case]


SUBJECTS = (
    Subject("flags of the scripts and tools", 22, hostile_flags.of_scripts),
    Subject("`TF_CONFIG`", 3, hostile_flags.tf_config),
    Subject("pictures in folders", 13, hostile_sets.pictures),
    Subject("Fashion-MNIST, gzipped IDX", 6, hostile_sets.idx),
    Subject("TFDS folders", 8, hostile_sets.tfds),
    Subject("caches: folder indices, labels, features", 6, hostile_sets.caches),
    Subject("a finished run: JSON files and tables", 10, hostile_runs.finished),
    Subject("a run to be continued: JSON files, tables, curves", 6, hostile_runs.continued),
    Subject("checkpoints", 6, hostile_runs.checkpoints),
    Subject("records of studies", 10, hostile_runs.records),
    Subject("`model.keras`", 5, hostile_models.keras_files),
    Subject("SavedModel folders", 5, hostile_models.saved_models),
)


def case(number: int, seed: int, healthy: Healthy, folder: Path) -> Case:
    """Makes a case, with its files.

    Args:
        number: Its number.
        seed: The seed of all cases.
        healthy: What it damages a copy of.
        folder: Its folder, which does not exist yet.
    """
    chance = random.Random(f"{seed}/{number}")
    (subject,) = chance.choices(SUBJECTS, [one.share for one in SUBJECTS])
    prepare(folder)
    return dataclasses.replace(subject.make(healthy, folder, chance), subject=subject.name)


def prepare(folder: Path) -> None:
    """Makes the folder of a case: where its command works, and what it must not touch."""
    for name in ("work", "tmp", "home", "outside"):
        (folder / name).mkdir(parents=True)
    (folder / "outside" / "file").write_text("somebody's")

"""Random flags and variables."""

import json
import random
from pathlib import Path

from benchmarks.fuzz.commands import command
from benchmarks.fuzz.healthy import ENCODER, Healthy
from benchmarks.fuzz.mutations import WORDS, damaged, with_other_values
from benchmarks.fuzz.process import Case
from reproductions.__main__ import TOOLS, reproductions
from reproductions.harness import launch
from reproductions.harness.options import Option, options
from reproductions.pages import SCRIPTS

# Said when flags and data have been read and the model stands: training itself reads no flag.
BEFORE_TRAINING = "Compiling the first step"
# Flags that a case sets itself: the folders that may be written, and what would wait for others.
OWN = {"data_dir", "output_dir", "results_dir", "record", "strategy"}


def of_scripts(healthy: Healthy, folder: Path, chance: random.Random) -> Case:
    """Some flags of a script or a tool with values that cannot be, or may be."""
    if chance.random() < 0.15:
        return _of_tools(healthy, folder, chance)
    name = chance.choice(SCRIPTS)
    reproduction = reproductions()[name]
    known = [*options(launch.Command), *options(reproduction.configuration_class)]
    chosen = chance.sample([one for one in known if one.name not in OWN], chance.choice([1, 1, 2, 4]))
    words = [_word(one.name, _value(one, chance), chance) for one in chosen]
    fixed = ["--preset=smoke", "--batch_size=4", "--data_dir=../home", "--output_dir=../run"]
    return command(
        f"{name}: {', '.join(one.name for one in chosen)}",
        folder,
        [name, *fixed, *words],
        may_change=("run",),
        until=BEFORE_TRAINING,
    )


def _of_tools(healthy: Healthy, folder: Path, chance: random.Random) -> Case:
    name = chance.choice([*TOOLS, "", *SCRIPTS])
    given = ["--output=../run/grid.png", f"--saved_model={healthy.gan / 'saved_model'}"] if name == "sample" else []
    flags = ["num_samples", "seed", "temperature", "check", "help", "version", "preset", "no", "x"]
    words = [_word(chance.choice(flags), chance.choice(WORDS), chance) for _ in range(chance.choice([1, 2]))]
    fixed = ["--check"] if name == "tables" else []  # which would renew the pages
    return command(f"{name or 'list'}: wrong flags", folder, [name, *given, *words, *fixed], ("run",), BEFORE_TRAINING)


def _value(one: Option, chance: random.Random) -> str:
    plausible = [*one.choices, *(str(bound) for bound in (one.at_least, one.at_most) if bound is not None)]
    return chance.choice(plausible if plausible and chance.random() < 0.3 else WORDS)


def _word(name: str, value: str, chance: random.Random) -> str:
    """A flag as an operating system hands it over: without zeros, whose bytes need not be UTF-8."""
    form = chance.random()
    if form < 0.05:
        return f"--no{name}"
    if form < 0.1:
        return f"--{name}"
    if form < 0.15:
        return value.replace("\ud83d\ude00", "😀") or "--"
    return f"--{name}={value}".replace("\ud83d\ude00", "😀")


TASK = {"cluster": {"worker": ["127.0.0.1:1"], "chief": []}, "task": {"type": "worker", "index": 0}}


def tf_config(healthy: Healthy, folder: Path, chance: random.Random) -> Case:
    """TF_CONFIG with values that cannot be; a worker that has to wait for others says so."""
    if chance.random() < 0.4:
        text = damaged(json.dumps(TASK).encode(), chance).decode(errors="ignore").replace("\0", "")[:4000]
    else:
        text = json.dumps(with_other_values(TASK, chance))[:4000]
    return command(
        "TF_CONFIG",
        folder,
        [*ENCODER, "--output_dir=../run", f"--strategy={chance.choice(['auto', 'multi_worker', 'mirrored'])}"],
        ("run",),
        until=chance.choice(["waits for", BEFORE_TRAINING]),
        variables={"TF_CONFIG": text},
    )

"""Files of models, damaged, or made to do something when they are loaded."""

import json
import random
import shutil
import zipfile
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.fuzz.commands import command, environment
from benchmarks.fuzz.healthy import Healthy
from benchmarks.fuzz.mutations import damaged, damaged_json, displace, with_other_values
from benchmarks.fuzz.process import Case
from reproductions.harness.failures import guarded
from reproductions.harness.run_directory import RunDirectory


def keras_files(healthy: Healthy, folder: Path, chance: random.Random) -> Case:
    """A run's `model.keras`, loaded as studies load it."""
    (folder / "run").mkdir()
    path = folder / "run" / "model.keras"
    shutil.copyfile(healthy.gan / "model.keras", path)
    match chance.randrange(6):
        case 0:
            path.write_bytes(damaged(path.read_bytes(), chance))
            title = "damaged"
        case 1:
            displace(path, folder / "outside", chance)
            title = "displaced"
        case 2:
            name = chance.choice(["config.json", "metadata.json", "model.weights.h5"])
            _rewrite(path, name, (damaged if name.endswith("h5") else damaged_json)(_member(path, name), chance))
            title = f"damaged {name}"
        case 3:
            _rewrite(path, f"{chance.choice(['..', '/tmp', str(folder / 'outside')])}/ran", b"ran")
            title = "a member with a path outside"
        case _:
            config = _with_program(json.loads(_member(path, "config.json")), folder / "outside" / "ran", chance)
            _rewrite(path, "config.json", json.dumps(config).encode())
            title = "a program in its configuration"
    return Case(
        title=f"model.keras: {title}",
        command=f'reproductions.harness.run_directory.RunDirectory("{folder / "run"}").load_model()',
        run=partial(_load, folder / "run"),
        folder=folder,
        environment=environment(folder),
    )


def _load(run: Path) -> None:
    guarded(RunDirectory(run).load_model)


def _member(path: Path, name: str) -> bytes:
    with zipfile.ZipFile(path) as file:
        return file.read(name)


def _rewrite(path: Path, name: str, content: bytes) -> None:
    """Replaces a member of an archive, or adds it."""
    with zipfile.ZipFile(path) as file:
        members = {member: file.read(member) for member in file.namelist()} | {name: content}
    with zipfile.ZipFile(path, "w") as file:
        for member, held in members.items():
            file.writestr(member, held)


def _with_program(config: dict, ran: Path, chance: random.Random) -> Any:
    """A configuration in which an object is one that would run something."""
    shell = f"echo > {ran}"
    programs = (
        {"module": "os", "class_name": "system", "config": shell, "registered_name": "system"},
        {"module": "builtins", "class_name": "eval", "config": f"open({str(ran)!r}, 'w')", "registered_name": "eval"},
        {"module": "builtins", "class_name": "function", "config": "system", "registered_name": "os.system"},
        {"module": "subprocess", "class_name": "Popen", "config": {"args": ["touch", str(ran)]}},
        {
            "module": "keras.layers",
            "class_name": "Lambda",
            "config": {
                "function": {
                    "class_name": "__lambda__",
                    "config": {
                        "code": "4wAAAAAAAAAAAAAAAAAAAAACAAAAAwAAAPMSAAAAlwBkAaAAAAAAZAKhAVMAKQNO",
                        "defaults": None,
                        "closure": None,
                    },
                }
            },
        },
        {"module": "keras.src.utils.python_utils", "class_name": "func_load", "config": {"code": "AAAA"}},
        {
            "module": "keras.utils",
            "class_name": "get_file",
            "config": {"fname": str(ran), "origin": "file:///etc/hostname"},
        },
        {"module": "keras_gen.utils.files", "class_name": "Path", "config": {}},
        {"module": "keras.layers", "class_name": "TFSMLayer", "config": {"filepath": str(ran)}},
        {"module": "keras.models", "class_name": "load_model", "config": {"filepath": str(ran)}},
    )
    program = chance.choice(programs)
    if chance.random() < 0.3:
        return program
    places = [key for key, value in config["config"].items() if value is not None]
    return with_other_values(config, chance) if not places else _placed(config, chance.choice(places), program)


def _placed(config: dict, place: str, program: dict) -> dict:
    return config | {"config": config["config"] | {place: program}}


def saved_models(healthy: Healthy, folder: Path, chance: random.Random) -> Case:
    """A SavedModel folder from which samples are drawn."""
    words = ["sample", "--saved_model=../model", "--num_samples=4", "--output=../run/grid.png"]
    if chance.random() < 0.1:
        shutil.copytree(healthy.program, folder / "model")
        return command("SavedModel: a program that writes a file", folder, words, ("run",))
    shutil.copytree(healthy.gan / "saved_model", folder / "model")
    path = chance.choice(sorted(path for path in (folder / "model").rglob("*") if path.is_file()))
    if chance.random() < 0.2:
        displace(chance.choice([path, path.parent]), folder / "outside", chance)
        title = f"displaced {path.name}"
    else:
        path.write_bytes(damaged(path.read_bytes(), chance))
        title = f"damaged {path.name}"
    return command(f"SavedModel: {title}", folder, words, ("run",))

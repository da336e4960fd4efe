"""Folders of runs and records of studies, damaged."""

import gzip
import hashlib
import io
import json
import random
import shutil
from pathlib import Path

import h5py

from benchmarks.fuzz.commands import command
from benchmarks.fuzz.healthy import ENCODER, GAN, Healthy
from benchmarks.fuzz.mutations import OF_BYTES, VALUES, damaged, damaged_inside, damaged_json, damaged_table, displace
from benchmarks.fuzz.process import Case
from reproductions.harness.record import RESULTS

# Said once what a run left has been read, by a run that has only to be finished and by one that trains on.
AFTER_TRAINING = "Writing model.keras"
# What a run reads of its folder.
READ = ("flags.json", "metrics.csv", "evaluations.csv", "results.json")
FOLDERS = ("samples", "tensorboard", "checkpoints", "saved_model")


def finished(healthy: Healthy, folder: Path, chance: random.Random) -> Case:
    """The command of a finished run whose folder is damaged."""
    shutil.copytree(healthy.gan, folder / "run")
    done = [_damage(folder, chance) for _ in range(chance.choice([1, 1, 2]))]
    return command(f"finished run: {', '.join(done)}", folder, [*GAN, "--output_dir=../run"], ("run",), AFTER_TRAINING)


def continued(healthy: Healthy, folder: Path, chance: random.Random) -> Case:
    """The command that continues a run whose folder is damaged, to more steps or after its last checkpoint was lost."""
    shutil.copytree(healthy.encoder, folder / "run")
    (folder / "run" / "results.json").unlink()
    words = [*ENCODER, "--output_dir=../run"]
    if chance.random() < 0.5:
        words.append("--steps=6")
    else:
        (folder / "run" / "checkpoints" / "step_00000004.weights.h5").unlink()
    (folder / "run" / "files.txt.gz").write_bytes(gzip.compress(b"a/0.png\0"))
    if chance.random() < 0.3:
        log = chance.choice(sorted((folder / "run" / "tensorboard").rglob("events*")))
        log.write_bytes(damaged(log.read_bytes(), chance))
        done = f"damaged {log.parent.name} curves"
    elif chance.random() < 0.3:
        words += ["--dataset=folder:../pictures", "--image_size=8"]
        _with_other_dataset(folder / "run" / "flags.json")
        shutil.copytree(healthy.pictures, folder / "pictures")
        note = folder / "run" / "files.txt.gz"
        note.write_bytes(chance.choice([damaged, damaged_inside])(note.read_bytes(), chance))
        done = "damaged files.txt.gz"
    else:
        done = _damage(folder, chance)
    return command(f"run to be continued: {done}", folder, words, ("run",), chance.choice(["step 6/", AFTER_TRAINING]))


def _with_other_dataset(path: Path) -> None:
    flags = json.loads(path.read_text()) | {"dataset": "folder:../pictures", "image_size": 8}
    path.write_text(json.dumps(flags))


def _damage(folder: Path, chance: random.Random) -> str:
    """Damages something in the folder `run`; says what."""
    run = folder / "run"
    name = chance.choice([name for name in READ if (run / name).is_file()] or ["samples"])
    if chance.random() < 0.25:
        name = chance.choice(
            [name for name in (*READ, *FOLDERS, "model.keras", ".lock", ".lock_holder") if (run / name).exists()]
        )
        if not (folder / "outside" / name).exists():
            displace(run / name, folder / "outside", chance)
        return f"displaced {name}"
    if not (run / name).is_file():
        return "nothing"
    change = damaged_table if name.endswith(".csv") else damaged_json
    content = (run / name).read_bytes()
    try:
        content = change(content, chance)
    except ValueError:  # it was damaged before
        content = damaged(content, chance)
    (run / name).write_bytes(content)
    return f"damaged {name}"


def checkpoints(healthy: Healthy, folder: Path, chance: random.Random) -> Case:
    """The command that finishes a run from its checkpoints, which are damaged, some with a checksum that is right."""
    shutil.copytree(healthy.encoder, folder / "run")
    (folder / "run" / "results.json").unlink()
    files = sorted((folder / "run" / "checkpoints").iterdir(), reverse=True)
    done = []
    for path in files[: chance.choice([1, 1, len(files)])]:
        content = path.read_bytes()[:-32]
        match chance.randrange(6):
            case 0:
                path.write_bytes(damaged(path.read_bytes(), chance))
                done.append("damaged")
            case 1:
                displace(path, folder / "outside", chance)
                done.append("displaced")
            case 2 | 3:
                _write_checked(path, chance.choice(OF_BYTES)(content, chance))
                done.append("damaged, with its checksum")
            case 4:
                _write_checked(path, _with_other_arrays(content, folder, chance))
                done.append("other arrays, with its checksum")
            case 5:
                other = healthy.gan / "checkpoints" / path.name
                path.write_bytes(other.read_bytes())
                done.append("another model's")
    title = f"checkpoints: {', '.join(done)}"
    return command(title, folder, [*ENCODER, "--output_dir=../run"], ("run",), AFTER_TRAINING)


def _write_checked(path: Path, content: bytes) -> None:
    path.write_bytes(content + hashlib.sha256(content).digest())


def _with_other_arrays(content: bytes, folder: Path, chance: random.Random) -> bytes:
    """An HDF5 file whose arrays have other shapes or types, are missing, or lie in other files."""
    memory = io.BytesIO(content)
    with h5py.File(memory, "r+") as file:
        names: list[str] = []
        file.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
        for name in chance.sample(names, chance.choice([1, len(names)])):
            value = file[name][()]
            del file[name]
            match chance.randrange(7):
                case 0:
                    file[name] = value.reshape(-1)[:1]
                case 1:
                    file[name] = "text"
                case 2:
                    file.create_group(name)
                case 3:
                    file[name] = h5py.ExternalLink(str(folder / "outside" / "file"), "/x")
                case 4:
                    file.create_dataset(name, shape=(2**40,), dtype="f4", chunks=(1024,))
                case 5:
                    outside = [(str(folder / "outside" / "file"), 0, value.nbytes)]
                    file.create_dataset(name, shape=value.shape, dtype=value.dtype, external=outside)
                case _:
                    pass
    return memory.getvalue()


def records(healthy: Healthy, folder: Path, chance: random.Random) -> Case:
    """A damaged record of a study: its tables, or the study that it belongs to."""
    path = chance.choice(sorted(RESULTS.glob("*/*.json")))
    record = json.loads(path.read_bytes())
    kept = folder / "results" / path.name
    kept.parent.mkdir()
    content = damaged_json(path.read_bytes(), chance)
    if chance.random() < 0.2:
        record["runs"] = chance.choice(VALUES)
        content = json.dumps(record).encode(errors="surrogatepass")
    kept.write_bytes(content)
    if chance.random() < 0.1:
        displace(kept, folder / "outside", chance)
    title = f"record {path.parent.name}/{path.stem}"
    if chance.random() < 0.5:
        return command(f"{title}, its tables", folder, ["tables", "--results_dir=../results"])
    words = [path.parent.name, f"--study={path.stem}", "--output_dir=../run", "--results_dir=../results"]
    return command(f"{title}, its study", folder, words, ("run", "results"))

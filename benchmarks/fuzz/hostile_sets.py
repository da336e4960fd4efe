"""Damaged data sets: pictures in folders, IDX files, TFDS folders, and what the library keeps of them."""

import dataclasses
import os
import random
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.fuzz.commands import command, environment
from benchmarks.fuzz.healthy import ENCODER, GAN, TFDS_NAME, Healthy
from benchmarks.fuzz.mutations import PNG, damaged, damaged_inside, damaged_json, displace
from benchmarks.fuzz.process import Case
from keras_gen import datasets
from keras_gen.datasets import folder_index, images
from reproductions.harness.failures import guarded

# Said once the data are read and decoded.
AFTER_LOADING = "Building the model"
# Names of files and folders: Linux takes any bytes but two.
NAMES = (
    b"\xff\xfe",
    b"caf\xe9",
    "é".encode(),
    b"-rf",
    b"a b",
    b"line\nbreak",
    b"'quoted\"",
    b"%s{0}",
    b"\xed\xa0\x80",
    b"\x1b[31m",
    b"train",
)


def _read(title: str, folder: Path, words: list[str], chance: random.Random, often: float = 0.1) -> Case:
    """A run that reads a data set, and sometimes trains on it."""
    until = AFTER_LOADING if chance.random() > often else "step 2/"
    return command(title, folder, [*words, "--output_dir=../run", "--data_dir=../data"], ("run",), until)


def pictures(healthy: Healthy, folder: Path, chance: random.Random) -> Case:
    """A folder of pictures, some of which are damaged, displaced or have odd names."""
    root = folder / "pictures"
    shutil.copytree(healthy.pictures, root)
    done = []
    for _ in range(chance.choice([1, 1, 1, 2, 4])):
        files = sorted(path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
        path = chance.choice(files)
        match chance.randrange(8):
            case 0 | 1 | 2 | 3:
                path.write_bytes(damaged(path.read_bytes(), chance))
                done.append(f"damaged {path.name}")
            case 4:
                path.write_bytes(chance.choice(files).read_bytes())
                done.append(f"another picture in {path.name}")
            case 5:
                displace(path, folder / "outside", chance)
                done.append(f"displaced {path.name}")
            case 6:
                name = chance.choice(NAMES)
                os.rename(path, os.path.join(os.fsencode(path.parent), name + os.fsencode(path.suffix)))
                done.append(f"{path.name} renamed {name!r}")
            case 7:
                name = chance.choice(NAMES)
                new = os.path.join(os.fsencode(root), name)
                if path.parent != root and not os.path.exists(new):
                    os.rename(path.parent, new)
                    done.append(f"{path.parent.name} renamed {name!r}")
    size = chance.choice([8, 8, 8, 10, 1])
    dataset = f"--dataset={chance.choice(['', 'linked_'])}folder:../pictures"
    words = [*ENCODER, dataset, f"--image_size={size}"]
    case = _read(f"pictures: {', '.join(done)}", folder, words, chance)
    if chance.random() < 0.1:
        case = _read(f"pictures, read while it trains: {', '.join(done)}", folder, words, chance, often=1.0)
        return dataclasses.replace(case, run=partial(_as_large, case.run))
    return case


def _as_large(run: Callable[[], None]) -> None:
    """Does it with sets that are decoded as they are needed, as those are that do not fit into memory."""
    images.IN_MEMORY_LIMIT = 0
    run()


def idx(healthy: Healthy, folder: Path, chance: random.Random) -> Case:
    """Fashion-MNIST whose packed files, or what is in them, are damaged."""
    shutil.copytree(healthy.idx, folder / "data")
    path = chance.choice(sorted((folder / "data").iterdir()))
    match chance.randrange(4):
        case 0:
            path.write_bytes(damaged(path.read_bytes(), chance))
        case 1 | 2:
            path.write_bytes(damaged_inside(path.read_bytes(), chance))
        case 3:
            displace(path, folder / "outside", chance)
    return _read(f"damaged {path.name}", folder, [*ENCODER, "--dataset=fashion_mnist", "--image_size=28"], chance)


def tfds(healthy: Healthy, folder: Path, chance: random.Random) -> Case:
    """A stored TFDS data set with a damaged file."""
    name = chance.choice([TFDS_NAME, TFDS_NAME, "mnist_5k"])
    stored = healthy.tfrecord if name == TFDS_NAME and chance.random() < 0.5 else healthy.tfds
    shutil.copytree(stored / name, folder / "data" / name)
    path = chance.choice(sorted(path for path in (folder / "data").rglob("*") if path.is_file()))
    if chance.random() < 0.2:
        displace(chance.choice([path, path.parent]), folder / "outside", chance)
    elif path.suffix == ".json":
        path.write_bytes(damaged_json(path.read_bytes(), chance))
    else:
        path.write_bytes(damaged(path.read_bytes(), chance))
    size = 28 if name == "mnist_5k" else 8
    words = [*ENCODER, f"--dataset={name}", f"--image_size={size}"]
    case = _read(f"{name}: {path.name}", folder, words, chance, 0.05)
    if name != "mnist_5k":
        return case
    # This one the library makes itself where there is none, and TFDS begins with a folder for downloads.
    version = next(iter((stored / name).iterdir())).name
    lacking = () if (folder / "data" / name / version).exists() else (f"data/{name}/{version}",)
    return dataclasses.replace(case, may_change=(*case.may_change, "data/downloads", *lacking))


def caches(healthy: Healthy, folder: Path, chance: random.Random) -> Case:
    """What is kept between runs, damaged; small sets are treated as large ones, which alone are kept."""
    match chance.randrange(3):
        case 0:
            name = f"folder:{healthy.pictures}"
        case 1:
            name = TFDS_NAME
        case 2:
            shutil.copytree(healthy.cache, folder / "cache")
            path = chance.choice(sorted((folder / "cache").iterdir()))
            path.write_bytes(damaged(path.read_bytes(), chance))
            return command(
                f"features: {path.name}", folder, [*GAN, "--output_dir=../run"], ("run",), "Compiling the first"
            )
    (folder / "displaced").mkdir()
    return Case(
        title=f"cache of {name}",
        command=f'keras_gen.datasets.load("{name}", image_size=8), as a set too large for memory',
        run=partial(_twice, name, str(healthy.tfds), chance.randrange(2**32)),
        folder=folder,
        may_change=("cache", "displaced"),
        environment=environment(folder),
    )


def _twice(name: str, data_dir: str, seed: int) -> None:
    """Loads a set, damages what was kept of it, and loads it again."""
    folder_index.KEPT_FROM, folder_index.UNSETTLED_NANOSECONDS = 2, -(10**18)
    images.IN_MEMORY_LIMIT = 0
    chance = random.Random(seed)

    def read() -> None:
        for split in ("train", "test"):
            found = datasets.load(name, split, 8, data_dir)
            found.to_pixels(2)

    def damage() -> None:
        for path in Path(os.environ["KERAS_GEN_CACHE"]).iterdir():
            if chance.random() < 0.2:
                displace(path, Path("../displaced").resolve(), chance)
            else:
                path.write_bytes(chance.choice([damaged(path.read_bytes(), chance), PNG]))

    guarded(lambda: (read(), damage(), read()))

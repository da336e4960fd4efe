"""Every command that README, BUILD, CONTRIBUTING, docs/ and the pages show does what it says.

The package is built and unpacked as pip does it, and the commands run in an empty folder, runs and studies at the size
of their smoke presets. Commands that work on a checkout (pip, pytest, ruff, benchmarks) are told apart by name, so that
a new kind of command does not pass unseen.
"""

import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reproductions import pages
from reproductions.harness import launch, making
from reproductions.tables import reproduction_of

ROOT = Path(__file__).parents[2]
DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("reproductions/*.md")]
BASH = re.compile(r"^```bash\n(.*?)^```", re.DOTALL | re.MULTILINE)
# Run from a checkout, or on a cluster, or as root.
ELSEWHERE = re.compile(
    r"python -m reproductions\.keep |saved_model_cli |docker run |curl |"
    r"python -m reproductions\.site |python -m http\.server|apt-get |"
    r"pip |python3\.11 -m venv|pytest |ruff |\.ci/run|cp (?:docs|notebooks)/|mkdir |mount |"
    r"for |done|wait$|scripts=|workers="
    r"|TF_CONFIG=|python -m benchmarks\.\w+|#!|#SBATCH|export |srun |exec "
)
# Names of what a reader puts in; of the script that CONTRIBUTING has one write, until it is written.
UNWRITTEN = "|".join(sorted({"NAME", "lsgan"} - set(pages.SCRIPTS)))
PLACES = re.compile(rf"reproductions\.({UNWRITTEN})\b|/mnt/small|\$\w+")


def shown():
    """The commands of this package, in the order of the documents, without comments."""
    found = []
    for document in sorted(DOCUMENTS):
        for block in BASH.findall(document.read_text(encoding="utf-8")):
            lines = block.replace("\\\n", " ").splitlines()
            found += [(document.relative_to(ROOT), re.sub(r"\s+# .*", "", line).strip()) for line in lines]
    return [(document, line) for document, line in found if line and not PLACES.search(line)]


COMMANDS = list(
    dict.fromkeys(
        line
        for _, line in shown()
        if line.startswith(("python -m reproductions", "keras-gen")) and not ELSEWHERE.match(line)
    )
)


def words_of(line):
    """What follows `python -m reproductions` or `keras-gen`, as words."""
    _, _, module, *words = shlex.split(line)
    _, dot, name = module.partition(".")
    return [name, *words] if dot else words


TABLES = [line for line in COMMANDS if line.startswith("python -m reproductions.tables")]
TRAINING = [
    words_of(line)
    for line in COMMANDS
    if "reproductions." in line and line not in TABLES and not re.search(r"reproductions\.(export|sample) ", line)
]


# What is drawn from a run or from a model of the zoo; to export takes more packages, see `tests/portable/`.
DRAWING = [words_of(line) for line in COMMANDS if re.search(r"reproductions\.sample ", line)]


def test_every_line_of_the_documents_is_a_command_of_a_known_kind():
    others = [line for _, line in shown() if line not in COMMANDS and not ELSEWHERE.match(line)]
    continued = re.compile(r"python -m reproductions\.wgan_div|workers=|'")
    assert [line for line in others if not continued.search(line)] == []
    assert len(TRAINING) > 40 and {words[0] for words in TRAINING} == set(pages.SCRIPTS)


@pytest.mark.parametrize("words", TRAINING, ids=" ".join)
def test_every_flag_of_a_shown_command_is_one(words, launched, monkeypatch, tmp_path):
    """Each command comes to where its runs begin."""
    begun = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(launch, "perform_run", lambda *args: begun.append(args))
    monkeypatch.setattr(making, "make", lambda *args: begun.append(making.Making.planned(*args, None)))
    assert launched(*words) == 0
    assert len(begun) == 1


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    """A folder with the package as its wheel brings it."""
    source, folder = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("site")
    for name in ("keras_gen", "reproductions"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-cache-dir"]
    build = [*pip, "wheel", "--quiet", "--no-deps", "--no-build-isolation", f"--wheel-dir={source / 'wheels'}", source]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = (source / "wheels").iterdir()
    shutil.unpack_archive(wheel, folder, "zip")
    return folder


@pytest.fixture
def from_wheel(installed, tmp_path):
    """Runs Python with the installed package in an empty folder; it must end with status 0 and change neither."""

    def run(*words, timeout=120, **environment):
        before, checkout = contents(installed), changes_of_the_checkout()
        done = subprocess.run(
            [sys.executable, "-B", *words],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(installed), "HOME": str(tmp_path / "home"), **environment},
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=timeout,
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr
        assert contents(installed) == before
        assert changes_of_the_checkout() == checkout
        return done.stdout

    return run


def contents(folder):
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path: hashlib.sha256(path.read_bytes()).digest() for path in files}


def changes_of_the_checkout():
    status = ["git", "status", "--porcelain"]
    return subprocess.run(status, cwd=ROOT, capture_output=True, text=True).stdout


def test_the_wheel_brings_pages_records_pictures_and_types_and_nothing_else(installed):
    names = {path.name for path in installed.iterdir()}
    assert {name for name in names if not name.endswith(".dist-info")} == {"keras_gen", "reproductions"}
    for path in [*ROOT.glob("reproductions/*.md"), *ROOT.glob("reproductions/results/**/*.*")]:
        assert (installed / path.relative_to(ROOT)).read_bytes() == path.read_bytes()
    assert (installed / "keras_gen" / "py.typed").exists()
    (entry,) = installed.glob("*.dist-info/entry_points.txt")
    assert "keras-gen = reproductions.__main__:main" in entry.read_text(encoding="utf-8")


def test_the_list_and_the_tables_from_a_wheel(from_wheel):
    listed = from_wheel("-m", "reproductions")
    assert all(name in listed for name in pages.SCRIPTS) and "minutes" in listed
    assert TABLES == ["python -m reproductions.tables", "python -m reproductions.tables --results_dir=runs"]
    printed = from_wheel("-m", "reproductions.tables")
    for page in pages.PAGES:  # the tables of the pages
        tables = re.findall(r"<!-- table \w+ -->\n(.*?)<!-- end -->", page.read_text(encoding="utf-8"), re.DOTALL)
        assert all(table.strip() in printed for table in tables if "Not recorded" not in table)
    assert "\nW1.1  " in printed and "undecided" in printed


def small(words, folder):
    """A command at smoke size, with one seed and two variants, and files of the test in the place of a reader's."""
    changed = [word for word in words if not word.startswith(("--preset=", "--steps=", "--seeds="))]
    changed = [word.replace("folder:PATH", f"folder:{folder / 'images'}") for word in changed]
    changed = [word for word in changed if word not in OF_A_READER]
    data = ["--image_size=8", "--batch_size=8"] if any("folder:PATH" in word for word in words) else []
    of_study = ["--seeds=0", *variants(words)] if study_of(words) else []
    return [*changed, "--preset=smoke", f"--data_dir={folder / 'data'}", *data, *of_study]


# Data sets of TensorFlow Datasets that a reader has to prepare with network access.
TO_DOWNLOAD = ("mnist", "cifar10")


# As the data of a run, which then has those of the smoke preset.
OF_A_READER = [f"--dataset={name}" for name in ("cifar10", "padded:mnist", "folder:celeba_10000")]


def study_of(words):
    """The study of a command, if it is one."""
    names = [word.removeprefix("--study=") for word in words if word.startswith("--study=")]
    return reproduction_of(words[0]).studies[names[0]] if names else None


def offline(words):
    """The variants of a command's study that need no download, by their titles."""
    return [title for title, flags in study_of(words).variants.items() if flags.get("dataset") not in TO_DOWNLOAD]


def variants(words):
    """Two variants, unless the command names its own."""
    named = any(word.startswith("--variant=") for word in words)
    return [] if named else [f"--variant={title}" for title in offline(words)[:2]]


@pytest.fixture(scope="session")
def readers_files(tmp_path_factory):
    """A folder of images in two classes, and a Fashion-MNIST with as many images as the studies' smallest parts."""
    folder, random = tmp_path_factory.mktemp("reader"), np.random.default_rng(0)
    for i in range(60):
        path = folder / "images" / str(i % 2) / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(path)
    (folder / "data").mkdir()
    for prefix, count in (("train", 3_000), ("t10k", 300)):
        for kind, shape in (("images-idx3", (count, 28, 28)), ("labels-idx1", (count,))):
            header = bytes([0, 0, 8, len(shape)]) + b"".join(size.to_bytes(4, "big") for size in shape)
            labels = np.arange(count, dtype=np.uint8) % 10
            content = labels if len(shape) == 1 else random.integers(0, 256, shape, dtype=np.uint8)
            (folder / "data" / f"{prefix}-{kind}-ubyte").write_bytes(header + content.tobytes())
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", pages.SCRIPTS)
def test_every_shown_command_of_a_script_works(name, from_wheel, readers_files, tmp_path):
    """They run one after another, as a reader would give them, and leave runs, records and figures in `runs/`."""
    possible = [words for words in TRAINING if words[0] == name and (study_of(words) is None or offline(words))]
    commands = [small(words, readers_files) for words in possible]
    # One that splits the CPU needs a process of its own.
    alone = [words for words in commands if any(word.startswith("--cpu_devices") for word in words)]
    together = [words for words in commands if words not in alone]
    for batch in filter(None, [[*together, words_of(TABLES[1])], alone]):
        todo = tmp_path / "commands.json"
        todo.write_text(json.dumps(batch), encoding="utf-8")
        program = Path(__file__).parent / "programs" / "commands.py"
        printed = from_wheel(program, todo, timeout=3600, KERAS_GEN_CACHE=str(tmp_path / "cache"))
        for words in batch:
            assert f"$ {' '.join(words)}" in printed
    assert {path.name for path in tmp_path.iterdir()} <= {"runs", "cache", "home", "commands.json"}
    for words in commands:
        flags = dict(word.removeprefix("--").split("=", 1) for word in words[1:] if "=" in word)
        if "study" in flags:
            records = [path for path in tmp_path.glob("runs/*/*.json") if path.stem == flags["study"]]
            assert records and all(path.with_suffix(".png").exists() for path in records)
        else:
            assert (tmp_path / flags["output_dir"] / "results.json").exists()
    for words in DRAWING:
        if any(f"{word}/saved_model" in " ".join(words) for word in output_dirs(commands)):
            check_drawn(words, from_wheel, tmp_path)


def output_dirs(commands):
    """The folders of the runs of commands."""
    words = [word for command in commands for word in command if word.startswith("--output_dir=")]
    return [word.removeprefix("--output_dir=") for word in words]


def check_drawn(words, from_wheel, folder):
    """The command writes its picture."""
    (picture,) = (word.removeprefix("--output=") for word in words if word.startswith("--output="))
    from_wheel("-m", "reproductions", *words)
    assert (folder / picture).read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_the_first_run(from_wheel, tmp_path):
    (first,) = (words for words in TRAINING if words == ["wgan_div", "--output_dir=runs/wgan_div"])
    assert "step 20/20" in from_wheel("-m", "reproductions", *small(first, tmp_path))
    assert (tmp_path / "runs" / "wgan_div" / "model.keras").exists()


@pytest.mark.slow
@pytest.mark.parametrize("words", [words for words in DRAWING if "--zoo=" in " ".join(words)], ids=" ".join)
def test_a_picture_from_the_zoo(words, from_wheel, tmp_path):
    check_drawn(words, from_wheel, tmp_path)


def test_every_drawing_command_has_something_to_draw_from():
    runs = [f"--saved_model={folder}/saved_model" for folder in output_dirs(TRAINING)]
    assert len(DRAWING) >= 3
    assert all(any(word in runs or word.startswith("--zoo=") for word in words) for words in DRAWING)


def test_commands_of_a_script_that_differ_have_folders_that_differ():
    """Two runs with other flags in one folder are refused."""
    for name in pages.SCRIPTS:
        of_script = [words for words in TRAINING if words[0] == name and study_of(words) is None]
        flags = {}
        for words in of_script:
            (folder,) = output_dirs([words])
            given = {word for word in small(words, Path()) if not word.startswith("--output_dir=")}
            assert flags.setdefault(folder, given) == given, f"{folder}: give one of its commands another folder"

"""What the commands answer at once: lists, help, versions, and what is wrong with a flag."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import keras_gen
from reproductions.__main__ import reproductions
from reproductions.harness import launch
from reproductions.harness.options import options
from reproductions.pages import SCRIPTS

ROOT = Path(__file__).parents[2]
HEAVY = ("tensorflow", "keras", "keras_gen", "tensorflow_probability", "matplotlib", "sklearn", "scipy")

ANSWERS = """
import contextlib, io, json, sys
from reproductions.__main__ import main
answers = {}
for words in json.loads(sys.argv[1]):
    with contextlib.redirect_stdout(io.StringIO()) as printed, contextlib.suppress(SystemExit):
        main(words)
    answers[" ".join(words)] = printed.getvalue()
imported = [name for name in json.loads(sys.argv[2]) if name in sys.modules]
print(json.dumps([answers, imported]))
"""


def test_answers_that_need_no_training_import_nothing_heavy():
    asked = [[], ["--help"], ["-h"], ["--version"], ["sample", "--help"], ["tables", "-h"]]
    asked += [[name, "--help"] for name in SCRIPTS]
    done = subprocess.run(
        [sys.executable, "-c", ANSWERS, json.dumps(asked), json.dumps(HEAVY)], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0 and done.stderr == ""
    answers, imported = json.loads(done.stdout)
    assert imported == []
    assert answers[""] == answers["--help"] == answers["-h"]
    assert all(name in answers[""] for name in [*SCRIPTS, "sample", "tables"])
    assert answers["--version"] == f"keras_gen {keras_gen.__version__}\n"
    assert all(answer.startswith("Usage: python -m reproductions") for answer in answers.values() if "Usage" in answer)


@pytest.mark.parametrize("name", SCRIPTS)
def test_help_shows_every_flag_with_its_presets_and_every_study(name, monkeypatch):
    monkeypatch.setenv("COLUMNS", "90")
    reproduction = reproductions()[name]
    text = launch.help_text(reproduction)
    assert all(len(line) <= 90 for line in text.splitlines() if str(ROOT) not in line)
    assert f"--steps  {' | '.join(str(preset.steps) for preset in reproduction.presets.values())}" in text
    for one in (*options(reproduction.configuration_class), *options(launch.Command)):
        assert f"\n  --{one.name}" in text and one.help.split()[0] in text
    words = " ".join(text.split())
    for study, found in reproduction.studies.items():
        assert study in words and found.question in words
        assert all(title in words for title in found.variants)


def test_help_of_a_study_shows_its_own_flags(launched, capsys):
    assert launched("rsgan", "--study=modes", "--help") in (None, 0)
    printed = capsys.readouterr().out
    assert "--evaluate_every" in printed and "--ema_momentum" not in printed


def test_a_script_runs_by_its_name(launched, tmp_path, monkeypatch):
    called = []
    monkeypatch.setattr(launch, "perform_run", lambda *args: called.append(args))
    monkeypatch.setenv("HOME", str(tmp_path))
    flags = ["--preset=smoke", "--k=3", "--output_dir=~/run", "--data_dir=~/data", "--dataset=folder:~/images"]
    assert launched("wgan_div", *flags) == 0
    ((reproduction, configuration, command),) = called
    assert reproduction.name == "wgan_div"
    changes = {"k": 3.0, "dataset": f"folder:{tmp_path / 'images'}"}
    assert configuration == reproduction.presets["smoke"].replace(changes)
    assert (command.output_dir, command.data_dir) == (str(tmp_path / "run"), str(tmp_path / "data"))


def test_the_laptop_preset_is_the_usual_one(launched, monkeypatch):
    called = []
    monkeypatch.setattr(launch, "perform_run", lambda *args: called.append(args))
    assert launched("f_gan") == 0
    assert called[0][1] == reproductions()["f_gan"].presets["laptop"]


def test_flags_may_stand_in_a_file(launched, tmp_path, monkeypatch):
    called = []
    monkeypatch.setattr(launch, "perform_run", lambda *args: called.append(args))
    (tmp_path / "flags").write_text("--preset=smoke\n--seed=7\n")
    assert launched("rsgan", f"--flagfile={tmp_path / 'flags'}") == 0
    assert called[0][1].seed == 7 and called[0][1].steps == 20


@pytest.mark.parametrize("flag", ["--variant=SGAN", "--seeds=0,1", "--jobs=2", "--record", "--results_dir=r"])
def test_flags_of_studies_are_refused_without_one(launched, flag):
    message = launched("wgan_div", "--preset=smoke", flag)
    name, studies = flag.partition("=")[0], "|".join(reproductions()["wgan_div"].studies)
    assert message == f"error: {name} is for studies; give --study={studies} with it"


def test_an_unknown_script_is_refused(launched):
    assert launched("wgan_dvi").startswith("error: wgan_dvi: choose one of deep_infomax, f_gan, ")


def test_a_reader_that_has_seen_enough_ends_it_quietly():
    command = f"{sys.executable} -m reproductions.wgan_div --help | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.startswith("Usage: ") and done.stderr == ""

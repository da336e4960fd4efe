"""Runs and steps on JAX's device, against TensorFlow's.

They need the interpreter of another environment, which has JAX, and with it Python 3.12 or newer:

    JAX_PYTHON=/path/to/python pytest -m slow tests/benchmarks/test_accelerator.py
"""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from benchmarks.accelerator import describing, receive, send, send_steps, train
from benchmarks.accelerator.parcel import Parcel
from benchmarks.accelerator.training import Limit
from helpers.numpy_device import Device, described
from helpers.sent_runs import same_rows
from reproductions import f_vae, vae_mutual_information, wgan_div
from reproductions.harness import launch

ROOT = Path(__file__).parents[2]
# A report of minutes, even of small networks on a fast machine.
EVERY = 400_000
LONG = [f"--{name}={EVERY}" for name in ("steps", "log_every", "evaluate_every", "sample_every", "checkpoint_every")]

jax_python = os.environ.get("JAX_PYTHON")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not jax_python, reason="JAX_PYTHON names no interpreter that has JAX"),
]


def by_jax_started(module, *words):
    """Starts a command of the other environment."""
    environment = {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"], "JAX_PLATFORMS": "cpu"}
    command = [jax_python, "-m", f"benchmarks.accelerator.{module}", *map(str, words)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def by_jax(module, *words):
    """Runs a command of the other environment."""
    process = by_jax_started(module, *words)
    stdout, stderr = process.communicate()
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


@pytest.mark.parametrize(
    "script", [wgan_div, f_vae, vae_mutual_information], ids=lambda script: script.REPRODUCTION.name
)
def test_fifty_steps_of_jax_are_fifty_of_tensorflow(tmp_path, script):
    flags = ["--preset=smoke", "--steps=50", "--evaluate_every=50", "--sample_every=50"]
    name = script.REPRODUCTION.name
    send.main([str(tmp_path / "parcel"), name, *flags, f"--output_dir={tmp_path / 'run'}"])
    done = by_jax("train", tmp_path / "parcel", f"--results={tmp_path / 'results'}")
    assert done.returncode == 0, done.stderr
    receive.main([str(tmp_path / "parcel"), str(tmp_path / "results")])
    for folder in ("run", "straight"):
        launch.launch(script.REPRODUCTION, [*flags, f"--output_dir={tmp_path / folder}"])
    for table in ("metrics.csv", "evaluations.csv"):
        same_rows(tmp_path / "run" / table, tmp_path / "straight" / table, 1e-3)


def test_steps_are_timed(tmp_path):
    send_steps.main([str(tmp_path / "parcel"), "--preset=smoke", "--script=wgan_div", "--precision=float32"])
    done = by_jax("time_steps", tmp_path / "parcel", f"--output={tmp_path / 'times.json'}", "--steps=2")
    assert done.returncode == 0, done.stderr
    made = (tmp_path / "times.json").read_text()
    (step,) = json.loads(made)["steps"].values()
    for output, said in (("times.json", "exists; remove it"), ("times.json/x.json", "cannot be written")):
        done = by_jax("time_steps", tmp_path / "parcel", f"--output={tmp_path / output}")
        assert done.returncode == 1 and done.stdout == "" and said in done.stderr and done.stderr.count("\n") == 1
    assert (tmp_path / "times.json").read_text() == made
    assert step["milliseconds"] > 0 and step["operations"] > 1e6


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A parcel and results of it, in the working directory."""
    monkeypatch.chdir(tmp_path)
    describing.keep(Parcel("parcel"), described(Parcel("parcel"), "run"))
    assert train.train(Parcel("parcel"), Parcel("results"), Device(), Limit(), []) == 0


def test_what_train_and_time_steps_cannot_use_is_one_line(here):
    Path("empty").mkdir()
    for module, words, said in (
        ("train", ["empty"], "empty holds no run"),
        ("time_steps", ["empty"], "empty holds no step"),
        ("train", ["nowhere"], "nowhere is not a folder"),
        ("train", ["parcel", "--only=other"], "--only=other: choose from wgan_div-run"),
        ("train", ["results"], "is the result of a run, not a run to train"),
        ("time_steps", ["parcel"], "is a run to train, not a step to time"),
        ("train", ["parcel", "--results=/proc/x"], "/proc/x cannot be written"),
        ("train", ["parcel", "--seconds=-1"], "give a number above 0"),
    ):
        done = by_jax(module, *words)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("error: ") and said in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("module", "said"),
    [
        ("no module", "this JAX cannot read the training step"),
        ("module { }", "has no function `main`"),
        ("module { func.func @main(%a: tensor<f32>) -> tensor<f32> { return %a : tensor<f32> } }", "other arrays than"),
    ],
)
def test_a_step_that_is_none(here, module, said):
    parcel = Parcel("parcel")
    ((name, description),) = parcel.descriptions("run").items()
    parcel.describe(name, "run", description | {"step": parcel.put(module.encode())})
    done = by_jax("train", "parcel", "--results=other")
    assert done.returncode == 1 and said in done.stderr and done.stderr.startswith(f"error: {name}: ")
    assert done.stderr.count("\n") == 1 and len(done.stderr) < 300
    assert Parcel("other").descriptions("result") == {}


def test_a_signal_and_too_little_time_lose_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    send.main(["parcel", "wgan_div", "--preset=smoke", *LONG, "--output_dir=run"])
    with by_jax_started("train", "parcel", "--results=killed") as process:
        assert any(f" of {EVERY}, " in line for line in process.stdout)  # the first after 10 s
        process.send_signal(signal.SIGTERM)
        assert "stopped by SIGTERM at step" in process.stdout.read() and process.wait() == 143
    begin = time.monotonic()
    assert by_jax("train", "parcel", "--results=stopped", "--seconds=40").returncode == 0
    assert 30 < time.monotonic() - begin < 40 + 3  # Python's own start and end
    for folder in ("killed", "stopped"):
        (result,) = Parcel(folder).descriptions("result").values()
        assert 0 < result["step"] < EVERY and result["rows"] == []

"""How runs of a parcel are trained: in which order, until when, and what comes back; on a device made of NumPy."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from benchmarks.accelerator import pictures, train, training
from benchmarks.accelerator.parcel import Parcel, ParcelError, description_hash
from benchmarks.accelerator.training import Limit
from helpers.numpy_device import EVERY, LAST, Device, described

ROOT = Path(__file__).parents[2]


@pytest.fixture
def sent(tmp_path):
    """Puts runs into a parcel, in their order."""

    def put(*runs, **changes):
        parcel = Parcel(tmp_path / "parcel")
        for number, name in enumerate(runs):
            parcel.describe(name, "run", {"number": number, **described(parcel, name, **changes)})
        return parcel

    return put


@pytest.fixture
def results(tmp_path):
    return Parcel(tmp_path / "results")


def state(results, name):
    """The arrays at a run's end."""
    return results.pack(results.descriptions("result")[name]["variables"])


def test_a_run_is_its_steps_one_by_one(sent, results):
    parcel, device = sent("run"), Device()
    assert train.train(parcel, results, device, Limit(), []) == 0
    (description,), (result,) = parcel.descriptions("run").values(), results.descriptions("result").values()
    images, order = pictures.pixels(parcel, description["images"]), parcel.array(description["order"])
    weight = momentum = np.zeros(3)
    losses, weights = [], {}
    for step, rows in enumerate(order, 1):
        momentum = 0.5 * momentum + images[rows].mean()
        weight = weight + momentum
        losses.append(weight.sum())
        weights[step] = weight
    assert result["step"] == LAST and [row["step"] for row in result["rows"]] == [5, 10, 15, 20]
    # float32, sums of some dozen numbers.
    for row in result["rows"]:
        assert row["loss"] == pytest.approx(np.mean(losses[row["step"] - EVERY : row["step"]]), rel=1e-5)
    assert list(result["snapshots"]) == ["10", "15"]  # the last two before the end
    for step, pack in result["snapshots"].items():
        np.testing.assert_allclose(results.pack(pack)[0], weights[int(step)], rtol=1e-3)  # of float16
    np.testing.assert_allclose(state(results, "run")[0], weight, rtol=1e-5)
    np.testing.assert_allclose(state(results, "run")[1], momentum, rtol=1e-5)
    assert result["of"] == description_hash(description) and result["device"] == "A device"


def test_runs_are_trained_in_the_order_in_which_they_were_sent(sent, results, capsys):
    device = Device()
    assert train.train(sent("c", "a", "b"), results, device, Limit(), [], compile_ahead=1) == 0
    assert device.compiled_runs == ["c", "a", "b"]
    closing = [line for line in capsys.readouterr().out.splitlines() if "trained to its last step" in line]
    assert [line.split(":")[0] for line in closing] == ["c", "a", "b"]


def test_what_is_there_is_not_trained_again_and_never_replaced(sent, results, capsys):
    parcel, device = sent("a", "b"), Device()
    assert train.train(parcel, results, device, Limit(), ["a"]) == 0
    assert train.train(parcel, results, device, Limit(), []) == 0
    assert device.compiled_runs == ["a", "b"]
    assert f"a: {results.path} has its result already, of step {LAST} of {LAST}" in capsys.readouterr().out
    parcel.describe("a", "run", {"number": 0, **described(parcel, "a", half=True)})
    with pytest.raises(ParcelError, match="holds a of another parcel; give another folder with --results"):
        train.train(parcel, results, device, Limit(), [])
    assert device.compiled_runs == ["a", "b"]


def test_a_run_goes_on_from_within_a_report(sent, tmp_path, capsys):
    """As one that Ctrl-C stopped here: both halves make one report."""
    whole, first, rest = (Parcel(tmp_path / name) for name in ("whole", "first", "rest"))
    assert train.train(sent("run"), whole, Device(), Limit(), []) == 0
    limit = Limit()

    class Stopping(Device):
        def get(self, arrays):
            if sum(self.calls) == 1:  # the first call is of one step
                limit.signal = signal.SIGTERM
            return super().get(arrays)

    assert train.train(sent("run"), first, Stopping(), limit, []) == 143
    (result,) = first.descriptions("result").values()
    assert result["step"] == 1 and result["rows"] == []
    assert train.train(sent("run"), first, Device(), Limit(), []) == 0
    assert f"of step 1 of {LAST}; receive it and send the run again to go on" in capsys.readouterr().out
    parcel = sent("run", first_step=1, state=state(first, "run"))
    assert train.train(parcel, rest, Device(), Limit(), []) == 0
    (expected,), (result,) = whole.descriptions("result").values(), rest.descriptions("result").values()
    assert [(row["step"], row["loss"]) for row in result["rows"]] == [
        (row["step"], row["loss"]) for row in expected["rows"]
    ]
    assert result["variables"] == expected["variables"]  # bit for bit, by their hashes


def test_the_limit_holds_within_a_report(sent, results, capsys, monkeypatch):
    """A report takes 4 s; the state comes back before 1.5 s are over."""
    monkeypatch.setattr(training, "WRITING", 0.2)
    monkeypatch.setattr(training, "A_CALL", 0.4)
    device, begin = Device(a_step=0.2), time.monotonic()
    parcel = sent("run", "next", report_every=25, last_step=LAST)
    assert train.train(parcel, results, device, Limit(1.5), []) == 0
    assert time.monotonic() - begin < 2  # on a machine that is busy
    result = results.descriptions("result")["run"]
    assert 2 <= result["step"] <= 6 and result["rows"] == [] and sum(device.calls) == result["step"]
    printed = capsys.readouterr().out
    assert f"run: stopped by --seconds=1.5 at step {result['step']} of {LAST}; its result is in" in printed
    assert "next: not trained, for --seconds=1.5 left no time for a step" in printed
    assert list(results.descriptions("result")) == ["run"]


def test_a_call_is_never_longer_than_a_stop_may_wait(sent, results, monkeypatch):
    monkeypatch.setattr(training, "A_CALL", 0.1)
    device = Device(a_step=0.02)
    assert train.train(sent("run", report_every=20), results, device, Limit(), []) == 0
    assert device.calls[0] == 1 and 1 < max(device.calls) <= 5 and sum(device.calls) == LAST


def test_a_step_that_is_compiled_too_long(sent, results, capsys):
    class Slow(Device):
        def compiled(self, *args):
            time.sleep(2)

    begin = time.monotonic()
    assert train.train(sent("run"), results, Slow(), Limit(0.3), []) == 0
    assert time.monotonic() - begin < 1.5
    assert "run: not trained, for --seconds=0.3 left no time" in capsys.readouterr().out


def test_optimisers_and_bits_that_need_not_come_back(sent, results, tmp_path, monkeypatch):
    assert train.train(sent("run", optimizers=False, half=True), results, Device(), Limit(), []) == 0
    weight, momentum, *_ = state(results, "run")
    assert momentum is None and weight.dtype == np.float16
    # A run that was stopped needs them.
    monkeypatch.setattr(training, "WRITING", 0.0)
    monkeypatch.setattr(training, "A_CALL", 0.2)
    stopped = Parcel(tmp_path / "stopped")
    assert train.train(sent("run", optimizers=False), stopped, Device(a_step=0.1), Limit(1.0), []) == 0
    assert all(array is not None for array in state(stopped, "run"))


def test_a_term_that_becomes_nan_ends_its_run_with_a_line(sent, results, capsys):
    parcel = sent("a", "b")
    assert train.train(parcel, results, Device(breaks_at=7), Limit(), []) == 1
    assert capsys.readouterr().err.splitlines() == [
        f"error: {name}: loss became nan by step 10 of {LAST}; send it with smaller rates" for name in ("a", "b")
    ]


def test_a_run_that_the_device_refuses_leaves_the_others_alone(sent, results, capsys):
    parcel = sent("large", "damaged", "small")
    (tmp := parcel.path / "damaged.json").write_text(tmp.read_text())
    description = parcel.descriptions("run")["damaged"]
    parcel.describe(
        "damaged", "run", description | {"variables": described(parcel, "x", state=[np.ones(3)] * 4)["variables"]}
    )
    content = parcel.descriptions("run")["damaged"]["variables"][0]["content"]
    (parcel.path / "contents" / content).unlink()
    assert train.train(parcel, results, Device(refuses=("large",)), Limit(), []) == 1
    errors = capsys.readouterr().err.splitlines()
    assert errors[0] == "error: large: the device has too little memory for it; send it with a smaller --batch_size"
    assert errors[1].startswith("error: damaged: ") and "is missing; copy all of" in errors[1]
    assert list(results.descriptions("result")) == ["small"]


def test_folders_are_tried_before_anything_is_compiled(sent, tmp_path):
    parcel, device = sent("run"), Device()
    (tmp_path / "file").write_text("kept")
    for folder, said in (("file", "cannot be written"), ("parcel", "is a run to train, not the result of a run")):
        with pytest.raises(ParcelError, match=said):
            train.train(parcel, Parcel(tmp_path / folder), device, Limit(), [])
    with pytest.raises(ParcelError, match="--only=other: choose from run"):
        train.train(parcel, Parcel(tmp_path / "results"), device, Limit(), ["other"])
    assert device.compiled_runs == [] and (tmp_path / "file").read_text() == "kept"


def command(module, *words, **environment):
    """Ends a command of the other machine in this environment, which has no JAX."""
    return subprocess.run(
        [sys.executable, "-m", f"benchmarks.accelerator.{module}", *map(str, words)],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "the following arguments are required: parcel"),
        (["parcel", "--seconds=0"], "argument --seconds: 0: give a number above 0"),
        (["parcel", "--seconds=nan"], "argument --seconds: nan: give a number above 0"),
        (["parcel", "--seconds=soon"], "argument --seconds: soon: give a number above 0"),
        (["parcel", "--compile_ahead=0"], "argument --compile_ahead: 0: give a whole number of at least 1"),
        (["parcel", "--second=5"], "unrecognized arguments: --second=5"),
    ],
)
def test_flags_that_cannot_be_are_one_line(words, said, capsys):
    with pytest.raises(SystemExit) as ended:
        train.parser().parse_args(words)
    assert str(ended.value) == f"error: {said}; --help lists the flags"
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("module", ["train", "time_steps"])
def test_an_environment_without_jax(tmp_path, module):
    hidden = tmp_path / "hidden" / "jax.py"
    hidden.parent.mkdir()
    hidden.write_text("raise ModuleNotFoundError('hidden', name='jax')")
    Parcel(tmp_path / "parcel").make_for("run")
    done = command(module, tmp_path / "parcel", PYTHONPATH=os.pathsep.join([str(hidden.parent), str(ROOT)]))
    assert done.returncode == 1
    said = "this Python has no jax; with Python 3.12 or newer, pip install jax==0.11.2 numpy pillow"
    assert done.stderr == f"error: {said}\n"

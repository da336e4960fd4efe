"""What is sent under which name, and what of a result is taken in: without a model, and with nothing written."""

import re
from pathlib import Path

import numpy as np
import pytest

from benchmarks.accelerator import describing, receive, send, train
from benchmarks.accelerator.parcel import Parcel, ParcelError, description_hash
from benchmarks.accelerator.results import Result
from benchmarks.accelerator.training import Limit
from helpers.numpy_device import LAST, Device, described
from reproductions import wgan_div
from reproductions.harness.errors import UsageError
from reproductions.harness.options import options


def test_runs_of_folders_that_end_alike_have_names_of_their_own(tmp_path):
    parcel = Parcel(tmp_path)
    for folder in ("run", "other/run", "study/a/seed=0", "study/b/seed=0", "run/" + "long" * 60, "run/" + "long" * 61):
        describing.keep(parcel, described(parcel, folder))
    found = parcel.descriptions("run")
    assert [one["output_dir"] for one in found.values()][:4] == ["run", "other/run", "study/a/seed=0", "study/b/seed=0"]
    assert len(found) == 6 and max(map(len, found)) < 200
    assert list(found)[:2] == ["wgan_div-run", "wgan_div-other_run"]


def test_a_run_that_has_gone_on_stands_beside_what_was_sent_of_it(tmp_path):
    parcel = Parcel(tmp_path)
    for first_step in (0, 5):
        describing.keep(parcel, described(parcel, "run", first_step=first_step))
    assert list(parcel.descriptions("run")) == ["wgan_div-run", "wgan_div-run-from-5"]


@pytest.mark.parametrize("changes", [{"half": True}, {"flags": {"seed": 1}}, {"output_dir": "a_run"}])
def test_a_run_in_the_parcel_is_never_replaced(tmp_path, changes):
    parcel = Parcel(tmp_path)
    description = described(parcel, "a/run")
    name = describing.keep(parcel, description)
    before = (tmp_path / f"{name}.json").read_bytes()
    assert describing.keep(parcel, description | {"command": ["the same run by another command"]}) == name
    with pytest.raises(UsageError, match=rf"holds another {name}, .* give another folder, or remove .*{name}\.json"):
        describing.keep(parcel, description | changes)
    assert (tmp_path / f"{name}.json").read_bytes() == before


@pytest.mark.parametrize("spaced", [False, True])
def test_flags_of_sending_and_of_the_script_are_told_apart(spaced):
    words = ["--preset=smoke", "--snapshots=2", "--output_dir=run", "--half", "--nooptimizers", "--seed=3"]
    words = [part for word in words for part in (word.split("=") if spaced else [word])]
    (planned,), data_dir, sending = send.plan(wgan_div.REPRODUCTION, words)
    assert (sending.snapshots, sending.half, sending.optimizers, data_dir) == (2, True, False, None)
    assert planned.configuration == wgan_div.PRESETS["smoke"].replace({"seed": 3}) and planned.output_dir == Path("run")
    command = ["-m", "reproductions.wgan_div", "--preset=smoke", "--output_dir=run", "--seed=3"]
    assert sorted(planned.command) == sorted(command)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("--snapshot=2", "Did you mean.*snapshots"),
        ("--snapshots=0", "--snapshots=0: give a whole number of at least 1"),
        ("--seeds=0", "--seeds is for studies"),
        ("--clip=1", "--clip=1.0: --model=wgan_div does not use it"),
        ("--preset=nope", "--preset=nope: choose one of smoke"),
    ],
)
def test_flags_that_cannot_be_sent(word, said):
    with pytest.raises(UsageError, match=said):
        send.plan(wgan_div.REPRODUCTION, [word])


@pytest.mark.parametrize("words", [["--help"], ["parcel", "wgan_div", "--help"]], ids=" ".join)
def test_help_lists_the_flags_of_sending(words, capsys):
    with pytest.raises(SystemExit):
        send.main(words)
    listed = re.findall(r"^  --(\w+)", capsys.readouterr().out, re.MULTILINE)
    assert {one.name for one in options(describing.Sending)} <= set(listed)
    assert ("penalty_weight" in listed) == (len(words) == 3)


@pytest.fixture
def came(tmp_path):
    """A parcel with a run, and the folder of its result."""
    parcel, results = Parcel(tmp_path / "parcel"), Parcel(tmp_path / "results")
    describing.keep(parcel, described(parcel, "run"))
    assert train.train(parcel, results, Device(), Limit(), []) == 0
    return parcel, results


def taken(came, **changes):
    """What `receive` looks at, with changes of the result."""
    parcel, results = came
    ((name, result),) = results.descriptions("result").items()
    results.describe(name, "result", result | changes)
    taken = Result(results, name, parcel.descriptions("run").get(name), results.descriptions("result")[name])
    return taken.state(), taken.snapshots()


def test_a_result_is_read_whole(came):
    weight, *_ = taken(came)[0]
    assert weight.shape == (3,) and sorted(taken(came)[1]) == [10, 15]


def with_array(came, array, number=0):
    """The variables of a result with another array among them."""
    (result,) = came[1].descriptions("result").values()
    arrays = came[1].pack(result["variables"])
    arrays[number] = array
    return came[1].put_pack(arrays)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (lambda result: {"rows": []}, "the rows of .* are not those of what was sent; train it again"),
        (lambda result: {"rows": result["rows"][:-1]}, "the rows of"),
        (lambda result: {"rows": [{"step": 5, "seconds": 1.0}]}, "the terms of"),
        (lambda result: {"step": LAST + 5}, "the steps of"),
        (lambda result: {"snapshots": {"7": result["variables"]}}, "the rows of"),
        (lambda result: {"snapshots": {"10": result["variables"]}}, "the arrays of"),
        (lambda result: {"variables": {"contents": [], "arrays": []}}, "the arrays of"),
        (lambda result: {"of": "0" * 32}, "was trained from another parcel than this; give that one"),
        (lambda result: {"variables": result["variables"] | {"contents": ["0" * 32]}}, "is missing; copy all of"),
        (lambda result: {"variables": result["variables"] | {"contents": []}}, "another size than described"),
    ],
)
def test_results_that_do_not_fit(came, changes, said):
    (result,) = came[1].descriptions("result").values()
    with pytest.raises(ParcelError, match=said):
        taken(came, **changes(result))


def test_a_result_without_a_device(came):
    with pytest.raises(ParcelError, match="its entry 'device' cannot be used; copy it again, or make it anew"):
        taken(came, device=None)


@pytest.mark.parametrize("array", [np.zeros(4, np.float32), np.zeros(3, np.int32), None], ids=str)
def test_arrays_of_other_shapes_and_types(came, array):
    with pytest.raises(ParcelError, match="the arrays of"):
        taken(came, variables=with_array(came, array))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_though_the_terms_are(came, value):
    with pytest.raises(ParcelError, match="a weight became NaN or infinite; send it with smaller rates"):
        taken(came, variables=with_array(came, np.full(3, value, np.float32)))


def test_a_term_that_is_not_finite_is_named(came):
    (result,) = came[1].descriptions("result").values()
    rows = [*result["rows"][:-1], result["rows"][-1] | {"loss": float("nan")}]
    with pytest.raises(ParcelError, match="loss became NaN or infinite by step 20; send it with smaller rates"):
        taken(came, rows=rows)


def test_folders_given_in_the_wrong_order_or_that_are_not_there(came, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    for words, said in (
        (["results", "parcel"], "is the result of a run, not a run to train; give a folder that holds what `send`"),
        (["parcel", "parcel"], "is a run to train, not the result of a run; give a folder that holds what `train`"),
        (["nope", "results"], "nope is not a folder; give one that holds what `send` packed"),
        (["parcel", "results", "--only", "other"], "--only=other: results holds wgan_div-run"),
        (["parcel"], "give first the folder that was sent and the one that came back"),
    ):
        with pytest.raises(SystemExit, match=re.escape(said)):
            receive.main(words)
    assert not Path("run").exists()


def test_a_relative_folder_is_meant_where_the_run_was_sent(came, monkeypatch, tmp_path):
    """The run's own folder, once it is made, tells that it is wanted here."""
    (description,) = came[0].descriptions("run").values()
    assert description["hash"] == description_hash(description)
    with pytest.raises(UsageError, match="was sent from another folder than this.*mkdir -p elsewhere"):
        receive._check_place(Path("elsewhere"), description["sent_from"], "run")
    monkeypatch.chdir(tmp_path)
    receive._check_place(Path("elsewhere"), describing.folder_hash(), "run")
    Path("elsewhere").mkdir()
    receive._check_place(Path("elsewhere"), description["sent_from"], "run")

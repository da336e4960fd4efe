"""What a page shows of one run: kept from its folder, and as a table."""

import json

import pytest

from reproductions import keep
from reproductions.harness.errors import UsageError
from reproductions.harness.record import RESULTS as RESULTS_FOLDER
from reproductions.harness.run_directory import RunDirectory
from reproductions.reporting import single_run
from reproductions.reporting.classes import class_accuracy

NUMBERS = {
    "kernel_distance": 0.5,
    "precision": 0.75,
    "recall": 0.5,
    "coverage": 0.25,
    "num_real": 9000,
    "num_fake": 1000,
}
RESULTS = {
    "reproduction": "wgan_div",
    "flags": {"dataset": "folder:/home/someone/pictures/faces/", "batch_size": 64, "seed": 0},
    "steps": 20_000,
    "seconds": 150.0,
    "evaluations": [NUMBERS | {"step": step, "frechet_distance": 100.0 - step} for step in (1, 2, 3, 4)],
    "measure": {"features": {"network": "A net"}, "test_images": NUMBERS | {"frechet_distance": 9.0}},
    "trained_on": [{"device": "A card", "from": 0, "to": 20_000, "extendable": True}],
}


@pytest.fixture
def run(tmp_path):
    """A finished run, and where results are kept."""
    directory = RunDirectory(tmp_path / "run")
    directory.samples.mkdir(parents=True)
    for step in (1000, 2000):
        (directory.samples / f"step_{step:08d}.png").write_bytes(b"sheet %d" % step)
    directory.results.write_text(json.dumps(RESULTS))
    return directory, tmp_path / "results"


def test_results_and_the_last_sheet_are_kept_without_the_folders_place(run):
    directory, root = run
    keep.keep(directory, "faces", root)
    kept = json.loads((root / "wgan_div" / "faces.json").read_text())
    assert kept == RESULTS | {"flags": RESULTS["flags"] | {"dataset": "folder:faces"}}
    assert (root / "wgan_div" / "faces.png").read_bytes() == b"sheet 2000"


def test_what_cannot_be_kept(run):
    directory, root = run
    (root / "wgan_div").mkdir(parents=True)
    (root / "wgan_div" / "power.json").write_text('{"study": "power"}')
    with pytest.raises(UsageError, match="a study's record has this name"):
        keep.keep(directory, "power", root)
    directory.results.write_text('{"results": {}}')
    with pytest.raises(UsageError, match="no run of a script"):
        keep.keep(directory, "faces", root)
    for step in (1000, 2000):
        (directory.samples / f"step_{step:08d}.png").unlink()
    with pytest.raises(UsageError, match="it has no sheet"):
        keep.keep(directory, "faces", root)
    directory.results.unlink()
    with pytest.raises(SystemExit, match="no finished run"):
        keep.main([f"--run={directory.path}", "--name=faces"])
    with pytest.raises(SystemExit, match="give a folder and a name of small letters"):
        keep.main([f"--run={directory.path}", "--name=../faces"])


def test_the_table_has_the_mean_of_the_last_three_and_says_who_trained():
    heading, _, samples, images, _, made = single_run.table(RESULTS).splitlines()
    assert heading.startswith("|  | Fréchet distance |")
    assert samples == "| samples | 97 | 0.5 | 0.75 | 0.5 | 0.25 |"
    assert images == "| test images | 9 | 0.5 | 0.75 | 0.5 | 0.25 |"
    assert made.startswith("20,000 steps of 64 images, seed 0, ") and "2.5 minutes (A card). Samples: means of" in made
    here = {key: value for key, value in RESULTS.items() if key != "trained_on"}
    assert "(processor)" in single_run.table(here)


@pytest.mark.parametrize(("script", "name"), [("lipschitz", "classes"), ("wgan_div", "laptop")])
def test_kept_runs_with_labels_draw_the_class_that_is_asked_for(script, name):
    assert class_accuracy(json.loads((RESULTS_FOLDER / script / f"{name}.json").read_text())) >= 0.9

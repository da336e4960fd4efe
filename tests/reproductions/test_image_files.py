"""A run on a folder of images: which images it began with, and what it says of a divergence."""

import gzip
import json

import pytest

from helpers.pictures import encode, noise
from keras_gen.callbacks import divergence
from keras_gen.errors import DivergenceError
from reproductions import wgan_div
from reproductions.harness import run
from reproductions.harness.errors import UsageError
from reproductions.harness.failures import explained
from reproductions.harness.image_files import check_unchanged, note_names


class TestNames:
    def test_what_changed_is_named(self, tmp_path):
        note, then = tmp_path / "files.txt.gz", [f"a/{i}.png" for i in range(9)]
        check_unchanged(note, then, "folder:x")  # nothing is noted yet
        note_names(note, then)
        check_unchanged(note, iter(then), "folder:x")
        with pytest.raises(UsageError) as caught:
            check_unchanged(note, [*then[5:], "b.png", "a/\udcff.png"], "folder:x")
        assert str(caught.value) == (
            f"--dataset=folder:x: the run in {tmp_path} began with 9 images, now there are 6: "
            "2 added (a/\udcff.png, b.png), 5 removed (a/0.png, a/1.png, a/2.png, ...); restore them, or give another "
            "--output_dir"
        )

    def test_a_note_is_written_once_and_only_for_folders(self, tmp_path):
        note = tmp_path / "files.txt.gz"
        note_names(note, None)
        assert not note.exists()
        note_names(note, ["a"])
        note_names(note, ["b"])
        assert gzip.decompress(note.read_bytes()) == b"a\0"
        check_unchanged(note, None, "digits")

    def test_a_damaged_note(self, tmp_path):
        note = tmp_path / "files.txt.gz"
        whole = gzip.compress(b"a\0" * 100)
        for content in (b"", b"no gzip", whole[:-6], whole[:10] + b"\xff" * 8 + whole[18:]):
            note.write_bytes(content)
            with pytest.raises(UsageError, match="files.txt.gz is damaged" if content else "now there are 1"):
                check_unchanged(note, ["a"], "folder:x")


@pytest.fixture
def folder_run(configuration, tmp_path, monkeypatch):
    """A folder of images, and what makes a run on it whose second report counts as a divergence."""
    monkeypatch.setattr(divergence, "FACTOR", 1e-4)
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for i in range(40):
        (pictures / f"{i:02}.png").write_bytes(encode(noise(8, 8, seed=i)))
    chosen = configuration(dataset=f"folder:{pictures}", image_size=8, steps=10, checkpoint_every=5)

    def perform(**arguments):
        run.perform(wgan_div.REPRODUCTION, chosen, tmp_path / "run", strategy_name="single", **arguments)

    return pictures, tmp_path / "run", perform


def test_a_run_on_a_folder(folder_run, capsys):
    pictures, folder, perform = folder_run
    perform()
    # A divergence is in the results and the last line, with the checkpoint before it.
    found = json.loads((folder / "results.json").read_text())["divergence"]
    assert (found["after"], found["step"], found["checkpoint"]) == (5, 10, "step_00000005.weights.h5")
    assert capsys.readouterr().out.splitlines()[-1] == f"warning: {found['message']}"
    perform()  # it is finished
    assert capsys.readouterr().out.splitlines()[-1] == f"warning: {found['message']}"

    (folder / "results.json").unlink()
    (pictures / "00.png").rename(pictures / "more.png")
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    with pytest.raises(UsageError, match=r"40 images, now there are 40: 1 added \(more.png\), 1 removed \(00.png\)"):
        perform()
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before

    (pictures / "more.png").rename(pictures / "00.png")
    with pytest.raises(DivergenceError, match=r"at step 10, .* the checkpoint before it is .*step_00000005") as caught:
        perform(stop_on_divergence=True)
    assert (
        explained(caught.value)
        == f"{caught.value}; earlier checkpoints are kept; try a smaller learning rate in a new folder"
    )
    assert json.loads((folder / "breakdown.json").read_text())["broke_down"] == str(caught.value)

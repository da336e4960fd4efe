import os

import numpy as np
import pytest

from helpers.pictures import encode, noise
from keras_gen.datasets import folder_index, load
from keras_gen.datasets.packed_strings import PackedStrings


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache folder, for the indices of folders of any number of images that changed at any time."""
    monkeypatch.setenv("KERAS_GEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(folder_index, "KEPT_FROM", 2)
    monkeypatch.setattr(folder_index, "UNSETTLED_NANOSECONDS", 0)
    return tmp_path / "cache"


@pytest.fixture
def header_reads(monkeypatch):
    """The files whose headers are read."""
    reads = []
    read_header = folder_index._read_header

    def noted(file):
        reads.append(file)
        return read_header(file)

    monkeypatch.setattr(folder_index, "_read_header", noted)
    return reads


def paths(index):
    return [str(index.path(image).relative_to(index.root)) for image in range(len(index))]


def test_the_order_is_that_of_sorted_paths(tmp_path):
    files = ["b.png", "a/c.png", "a/b/z.png", "a/b.png", "a-1.png", "c/é.png", "c/z.png", "c/Z.png", "a.png"]
    for file in files:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_bytes(encode(noise(4, 5)))
    index = folder_index.find(tmp_path)
    assert [index.path(image) for image in range(len(index))] == sorted(tmp_path / file for file in files)
    assert index.shorter_sides.tolist() == [4] * len(files)


def test_an_index_is_read_again_rather_than_the_folder(picture_folder, cache, header_reads):
    made = folder_index.find(picture_folder)
    assert len(header_reads) == len(made) == 21
    again = folder_index.find(picture_folder)
    assert len(header_reads) == 21
    assert paths(again) == paths(made)
    np.testing.assert_array_equal(again.shorter_sides, made.shorter_sides)
    assert again.left_out == made.left_out == ""
    assert len(list(cache.iterdir())) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "dogs" / "more.png").write_bytes(encode(noise(8, 8))),
        lambda folder: (folder / "cats" / "03.png").unlink(),
        lambda folder: (folder / "cats" / "03.png").rename(folder / "cats" / "3.png"),
        lambda folder: (folder / "cats").rename(folder / "birds"),
    ],
    ids=["added", "removed", "renamed", "folder renamed"],
)
def test_a_changed_folder_is_read_again(picture_folder, cache, header_reads, change):
    before = paths(folder_index.find(picture_folder))
    times = {folder: os.stat(folder) for folder in picture_folder.rglob("*") if folder.is_dir()}
    change(picture_folder)
    for folder, status in times.items():  # as unpacking an archive does
        if folder.exists():
            os.utime(folder, ns=(status.st_atime_ns, status.st_mtime_ns))
    after = folder_index.find(picture_folder)
    assert paths(after) != before
    assert sorted(map(str, (picture_folder / path for path in paths(after)))) == sorted(
        map(str, picture_folder.rglob("*.png"))
    )


def test_a_folder_that_changed_just_now_is_not_remembered(picture_folder, cache, monkeypatch):
    monkeypatch.setattr(folder_index, "UNSETTLED_NANOSECONDS", 10**12)
    folder_index.find(picture_folder)
    assert not cache.exists()


def test_small_folders_are_read_each_time(picture_folder, cache, monkeypatch):
    monkeypatch.setattr(folder_index, "KEPT_FROM", 22)
    folder_index.find(picture_folder)
    assert not cache.exists()


@pytest.mark.parametrize("content", [b"", b"PK damaged", None, "pipe", "short", "elsewhere"])
def test_a_damaged_or_foreign_index_is_made_anew(picture_folder, cache, content):
    made = folder_index.find(picture_folder)
    (file,) = cache.iterdir()
    if content is None:
        np.savez(file, format="0")
    elif content == "pipe":
        file.unlink()
        os.mkfifo(file)  # whoever opens it waits for ever
    elif isinstance(content, str):
        with np.load(file) as whole:
            arrays = dict(whole)
        sides, places = arrays["shorter_sides"], arrays["places"]
        np.savez(file, **arrays | ({"shorter_sides": sides[1:]} if content == "short" else {"places": places + 100}))
    else:
        file.write_bytes(content)
    assert paths(folder_index.find(picture_folder)) == paths(made)
    assert file.stat().st_size > 500


def test_links_out_of_the_folder_are_followed_on_request(picture_folder, tmp_path, cache):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "1.png").write_bytes(encode(noise(8, 8)))
    (outside / "back").symlink_to(picture_folder)  # a circle
    (picture_folder / "one.png").symlink_to(outside / "1.png")
    (picture_folder / "linked").symlink_to(outside)
    (picture_folder / "twice").symlink_to(outside)
    (picture_folder / "dangling.png").symlink_to("nowhere")
    assert len(folder_index.find(picture_folder)) == 21
    followed = folder_index.find(picture_folder, follow_links=True)
    assert {path for path in paths(followed) if path[:4] not in ("cats", "dogs")} == {"one.png", "linked/1.png"}
    part = load(f"linked_folder:{picture_folder}", image_size=8)
    assert part.name == f"linked_folder:{picture_folder}" and len(part) == 20


def test_names_are_kept_whatever_their_bytes():
    names = ["", "a.png", "é漢.png", os.fsdecode(b"\xff\xfe.png"), "a.png"]
    packed = PackedStrings.pack(names)
    assert list(packed) == names and len(packed) == 5
    assert packed.buffer.nbytes == sum(len(os.fsencode(name)) for name in names)
    assert list(PackedStrings.pack([])) == []

"""The large sets that benchmarks of input make, made small."""

import collections

import pytest
from PIL import Image

from benchmarks import photographs
from keras_gen.datasets import images, load
from keras_gen.datasets.decoding import decode_image

SIZE = 128


@pytest.fixture
def crops(tmp_path, monkeypatch):
    monkeypatch.setattr(photographs, "NUM_CROPS", 4)
    return photographs.crops(tmp_path / "crops", photographs.MIXED)


def size(file):
    with Image.open(file) as image:
        return image.size


def test_crops_are_of_both_kinds_and_differ(crops):
    assert [crop.suffix for crop in crops] == [".png", ".jpg", ".jpg", ".jpg"]
    assert {size(crop) for crop in crops} == {(178, 218)}
    assert len({crop.read_bytes() for crop in crops}) == 4


def test_a_folder_holds_its_sources_in_turn_with_few_links_each(crops, tmp_path, monkeypatch):
    monkeypatch.setattr(photographs, "MAX_LINKS", 3)
    monkeypatch.setattr(photographs, "IN_A_PART", 16)
    photographs.linked_folder(tmp_path / "files", crops, 50)
    files = sorted((tmp_path / "files").rglob("*.*"))
    assert [file.read_bytes() for file in files] == [crops[i % 4].read_bytes() for i in range(50)]
    assert [len(list(folder.iterdir())) for folder in sorted((tmp_path / "files").iterdir())] == [16, 16, 16, 2]
    assert max(file.stat().st_nlink for file in files) == 3


def test_array_records_are_a_data_set_of_its_sources(crops, tmp_path, monkeypatch):
    monkeypatch.setattr(photographs, "IN_A_PART", 5)
    monkeypatch.setattr(images, "IN_MEMORY_LIMIT", 0)
    photographs.array_records(tmp_path, crops, 10)
    train, test = (load(photographs.ARRAY_RECORD_NAME, split, SIZE, str(tmp_path)) for split in ("train", "test"))
    assert (len(train), len(test)) == (9, 1)
    found = collections.Counter(pixels.tobytes() for part in (train, test) for pixels in part.to_pixels())
    expected = [decode_image(crop.read_bytes(), (SIZE, SIZE, 3)).tobytes() for crop in crops]
    # The first source comes twice in each of the two shards of five.
    assert [found[pixels] for pixels in expected] == [4, 2, 2, 2]

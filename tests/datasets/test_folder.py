import os

import numpy as np
import pytest

from helpers.pictures import encode, noise
from keras_gen.datasets import folder, images, load
from keras_gen.errors import InputError


def pixels_by_seed(count):
    return {noise(8, 8, seed=i).tobytes(): i for i in range(count)}


def test_files_are_split_ten_to_one_in_a_mixed_order(picture_folder):
    train, test = (load(f"folder:{picture_folder}", split, image_size=8) for split in ("train", "test"))
    seeds = pixels_by_seed(21)
    order = [[seeds[image.tobytes()] for image in part.to_pixels()] for part in (train, test)]
    assert [len(part) for part in order] == [18, 3]
    assert sorted(order[0] + order[1]) == list(range(21))
    assert order[0] != sorted(order[0])
    again = load(f"folder:{picture_folder}", image_size=8)
    np.testing.assert_array_equal(again.to_pixels(), train.to_pixels())


def test_labels_are_the_first_level_folders(picture_folder):
    (picture_folder / "dogs" / "20.png").rename(picture_folder / "dogs" / "deep.png")
    (picture_folder / "dogs" / "more").mkdir()
    (picture_folder / "dogs" / "deep.png").rename(picture_folder / "dogs" / "more" / "20.PNG")
    for split in ("train", "test"):
        part = load(f"folder:{picture_folder}", split, image_size=8)
        seeds = [pixels_by_seed(21)[image.tobytes()] for image in part.to_pixels()]
        assert part.labels.tolist() == [int(seed >= 12) for seed in seeds]
        assert part.num_classes == 2


def test_no_labels_with_a_file_outside_the_folders_or_a_single_folder(picture_folder):
    assert load(f"folder:{picture_folder / 'cats'}", image_size=8).labels is None
    assert load(f"folder:{picture_folder}", image_size=8).labels is not None
    (picture_folder / "more.png").write_bytes(encode(noise(8, 8)))
    assert load(f"folder:{picture_folder}", image_size=8).labels is None
    (picture_folder / "more.png").unlink()
    (picture_folder / "dogs").rename(picture_folder / "cats" / "dogs")
    assert load(f"folder:{picture_folder}", image_size=8).num_classes is None


def test_suffixes_in_any_case_and_nothing_else(tmp_path):
    for name in ("a.png", "b.PNG", "c.jpg", "d.JPG", "e.jpeg", "f.Jpeg"):
        (tmp_path / name).write_bytes(encode(noise(8, 8), "JPEG" if "j" in name.lower() else "PNG"))
    (tmp_path / "notes.txt").write_text("not an image")
    (tmp_path / "._a.png").write_text("what macOS leaves behind")
    (tmp_path / ".thumbnails").mkdir()
    (tmp_path / ".thumbnails" / "a.png").write_text("not an image")
    assert sum(len(load(f"folder:{tmp_path}", split, image_size=8)) for split in ("train", "test")) == 6


def test_a_wrong_suffix_does_not_matter(tmp_path):
    for i in range(2):
        (tmp_path / f"{i}.jpg").write_bytes(encode(noise(8, 8, seed=i)))
    assert load(f"folder:{tmp_path}", image_size=8).to_pixels()[0].tobytes() in pixels_by_seed(2)


def test_the_default_size_is_64_in_colour(tmp_path):
    for i in range(2):
        (tmp_path / f"{i}.png").write_bytes(encode(noise(64, 70, 1, seed=i)))
    part = load(f"folder:{tmp_path}")
    assert part.image_shape == (64, 64, 3)
    originals = [np.repeat(noise(64, 70, 1, seed=i)[:, 3:67], 3, axis=2) for i in range(2)]
    assert any(np.array_equal(part.to_pixels()[0], original) for original in originals)


def test_links_out_of_the_folder_are_not_followed(picture_folder, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.png").write_bytes(encode(noise(8, 8)))
    (picture_folder / "secret.png").symlink_to(outside / "secret.png")
    (picture_folder / "folder").symlink_to(outside)
    (picture_folder / "dangling.png").symlink_to("nowhere")
    (picture_folder / "dogs" / "loop").symlink_to(picture_folder)
    (picture_folder / "dogs" / "inside.png").symlink_to(picture_folder / "cats" / "00.png")
    link = tmp_path / "link"
    link.symlink_to(picture_folder)
    assert sum(len(load(f"folder:{link}", split, image_size=8)) for split in ("train", "test")) == 22


def test_a_large_folder_stays_encoded(picture_folder, monkeypatch):
    in_memory = load(f"folder:{picture_folder}", image_size=5)
    monkeypatch.setattr(images, "IN_MEMORY_LIMIT", 0)
    encoded = load(f"folder:{picture_folder}", image_size=5)
    assert isinstance(encoded, images.EncodedImages)
    np.testing.assert_array_equal(encoded.to_pixels(), in_memory.to_pixels())


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_files(tmp_path, count):
    for i in range(count):
        (tmp_path / f"{i}.png").write_bytes(encode(noise(8, 8)))
    with pytest.raises(InputError, match=f"{count} PNG or JPEG files found, at least two are needed"):
        load(f"folder:{tmp_path}")


def test_a_missing_folder(tmp_path):
    with pytest.raises(InputError, match="folder:.*/nowhere: there is no such folder"):
        load(f"folder:{tmp_path}/nowhere")


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", "empty, or neither PNG nor JPEG"),
        (b"not an image", "empty, or neither PNG nor JPEG"),
        (encode(noise(8, 7)), "7x8 pixels are smaller than image_size=8"),
    ],
)
@pytest.mark.parametrize("limit", [0, images.IN_MEMORY_LIMIT])
def test_a_bad_header_is_found_when_either_split_is_loaded(picture_folder, monkeypatch, content, message, limit):
    monkeypatch.setattr(images, "IN_MEMORY_LIMIT", limit)
    (picture_folder / "dogs" / "15.png").write_bytes(content)
    for split in ("train", "test"):
        with pytest.raises(InputError, match=f"^cannot decode image .*dogs/15.png: .*{message}") as caught:
            load(f"folder:{picture_folder}", split, image_size=8)
        assert "\n" not in str(caught.value)


def test_a_truncated_file_is_found_at_load(picture_folder):
    path = picture_folder / "cats" / "03.png"
    path.write_bytes(path.read_bytes()[:-60])
    with pytest.raises(InputError, match="cannot decode image .*cats/03.png: .*truncated"):
        [load(f"folder:{picture_folder}", split, image_size=8) for split in ("train", "test")]


@pytest.mark.skipif(os.getuid() == 0, reason="root may read every file")
def test_an_unreadable_file_is_named(picture_folder):
    (picture_folder / "cats" / "03.png").chmod(0)
    with pytest.raises(InputError, match="cannot decode image .*cats/03.png: .*Permission denied"):
        load(f"folder:{picture_folder}", image_size=8)


def test_a_home_folder(picture_folder, monkeypatch):
    monkeypatch.setenv("HOME", str(picture_folder.parent))
    assert len(folder.load("~/pictures", "train", image_size=8)) == 18

import os

import numpy as np
import pytest
from PIL import Image

from helpers.pictures import encode, noise
from keras_gen.datasets import batches, folder, images, load
from keras_gen.errors import InputError, unwrapped_input_errors


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


FORMATS_BY_SUFFIX = {
    **{"png": "PNG", "PNG": "PNG", "jpg": "JPEG", "JPG": "JPEG", "Jpeg": "JPEG", "jfif": "JPEG"},
    **{"webp": "WEBP", "gif": "GIF", "bmp": "BMP", "tif": "TIFF", "TIFF": "TIFF"},
}


def test_every_format_and_suffix_is_read_and_the_others_are_counted(tmp_path, caplog):
    for suffix, file_format in FORMATS_BY_SUFFIX.items():
        (tmp_path / f"a.{suffix}").write_bytes(encode(noise(8, 8), file_format))
    for name in ("notes.txt", "b.heic", "c.HEIC", "d"):
        (tmp_path / name).write_text("not an image")
    (tmp_path / "._a.png").write_text("what macOS leaves behind")
    (tmp_path / ".thumbnails").mkdir()
    (tmp_path / ".thumbnails" / "a.png").write_text("not an image")
    parts = [load(f"folder:{tmp_path}", split, image_size=8) for split in ("train", "test")]
    assert sum(map(len, parts)) == len(FORMATS_BY_SUFFIX)
    assert sorted(parts[0].files) == sorted(f"a.{suffix}" for suffix in FORMATS_BY_SUFFIX)
    (message,) = [record.getMessage() for record in caplog.records if record.name == "absl"]
    assert message == (
        f"left out of {tmp_path}: 4 files are no pictures of a known format (2 .heic, 1 .txt, 1 without a suffix); "
        "convert those that should count to PNG or JPEG"
    )


def test_a_format_that_this_pillow_does_not_read_is_counted(tmp_path, caplog, monkeypatch):
    monkeypatch.delitem(Image.OPEN, "WEBP")
    for name in ("a.png", "b.png", "c.webp"):
        (tmp_path / name).write_bytes(encode(noise(8, 8)))
    assert len(load(f"folder:{tmp_path}", image_size=8).files) == 2
    assert "1 files are no pictures of a known format (1 .webp)" in caplog.text


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
    with pytest.raises(InputError, match=f"{count} pictures found .PNG, JPEG and others., at least two are needed"):
        load(f"folder:{tmp_path}")


def test_a_missing_folder(tmp_path):
    with pytest.raises(InputError, match="folder:.*/nowhere: there is no such folder; give folder:PATH, a folder"):
        load(f"folder:{tmp_path}/nowhere")


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", "empty, damaged, or none of PNG, JPEG"),
        (b"not an image", "empty, damaged, or none of PNG, JPEG"),
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


def test_images_that_are_too_small_name_the_argument_and_sizes_that_would_do(picture_folder):
    for i in range(2):
        (picture_folder / "dogs" / f"1{5 + i}.png").write_bytes(encode(noise(90, 40 + i)))
    for path in picture_folder.rglob("*.png"):
        if path.stem not in ("15", "16"):
            path.write_bytes(encode(noise(70, 70)))
    with pytest.raises(InputError) as caught:
        load(f"folder:{picture_folder}", "test")
    assert str(caught.value) == (
        f"image_size=64: of the 21 images in folder:{picture_folder}, 2 are smaller; the shorter side of "
        f"{picture_folder}/dogs/15.png has 40 pixels; give a size that the networks can make, such as 32 or 28 or 16, "
        "or remove the small ones"
    )
    assert len(load(f"folder:{picture_folder}", "test", image_size=40)) == 3


def arranged(folder, *names):
    """One picture for every name, its seed the name's number."""
    for seed, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(encode(noise(8, 8, seed=seed)))


def seen(folder, split):
    part = load(f"folder:{folder}", split, image_size=8)
    seeds = [pixels_by_seed(30)[image.tobytes()] for image in part.to_pixels()]
    labels = [None] * len(seeds) if part.labels is None else part.labels.tolist()
    return dict(zip(seeds, labels, strict=True)), part.num_classes


class TestSplits:
    def test_train_and_test(self, tmp_path):
        arranged(tmp_path, "train/b/0.png", "train/a/1.png", "train/a/2.png", "Test/a/3.png", "Test/b/4.png")
        assert seen(tmp_path, "train") == ({0: 1, 1: 0, 2: 0}, 2)
        assert seen(tmp_path, "test") == ({3: 0, 4: 1}, 2)

    def test_validation_stands_in_for_test_and_is_said_not_to_be_used_beside_it(self, tmp_path, caplog):
        arranged(tmp_path, "train/0.png", "train/1.png", "val/2.png")
        assert seen(tmp_path, "test") == ({2: None}, None) and not caplog.records
        arranged(tmp_path / "test", "3.png")
        assert list(seen(tmp_path, "train")[0]) in ([0, 1], [1, 0]) and len(seen(tmp_path, "test")[0]) == 1
        assert "its validation images are not used" in caplog.text

    def test_train_alone_holds_out_a_tenth(self, tmp_path):
        arranged(tmp_path, *(f"train/{'ab'[seed % 2]}/{seed}.png" for seed in range(20)))
        train, test = (seen(tmp_path, split) for split in ("train", "test"))
        assert (len(train[0]), len(test[0])) == (18, 2)
        assert train[0] | test[0] == {seed: seed % 2 for seed in range(20)} and test[1] == 2

    def test_a_class_that_is_called_train(self, tmp_path):
        arranged(tmp_path, "bus/0.png", "car/1.png", "train/2.png")
        train, test = (seen(tmp_path, split) for split in ("train", "test"))
        assert train[0] | test[0] == {0: 0, 1: 1, 2: 2}

    @pytest.mark.parametrize(
        "names, complaint",
        [
            (["train/0.png", "test/1.png", "more/2.png"], "test, train are splits, beside more; move"),
            (["train/0.png", "test/1.png", "2.png"], "splits, beside images in PATH itself; move"),
            (["test/0.png", "val/1.png"], "test, val are splits, but no train; move"),
        ],
    )
    def test_splits_beside_something_else_are_refused(self, tmp_path, names, complaint):
        arranged(tmp_path, *names)
        with pytest.raises(InputError, match=complaint):
            load(f"folder:{tmp_path}", image_size=8)


def test_a_file_of_twelve_bits_is_warned_of_once(tmp_path, caplog):
    for i in range(3):
        pixels = np.random.RandomState(i).randint(0, 4_096, (8, 8)).astype(np.uint16)
        Image.fromarray(pixels).save(tmp_path / f"{i}.png")
    load(f"folder:{tmp_path}", image_size=8)
    (message,) = [record.getMessage() for record in caplog.records if record.name == "absl"]
    assert "it has 16 bits per value, but uses the lower 12 at most" in message and str(tmp_path) in message


NAMES = [b"caf\xe9.png", "é.png".encode(), b"line\nbreak.png", b"\x1b[31m.png", b"-rf.png", b"\xed\xa0\x80.png"]


@pytest.mark.parametrize("limit", [images.IN_MEMORY_LIMIT, 0], ids=["at once", "late"])
@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_files_of_any_name_are_read_and_named_in_one_line(tmp_path, monkeypatch, name, limit):
    """Names are bytes that need not be UTF-8; damage may show in TensorFlow's threads, which hand on UTF-8 alone."""
    monkeypatch.setattr(images, "IN_MEMORY_LIMIT", limit)
    path = os.path.join(os.fsencode(tmp_path), name)
    pictures = [encode(noise(8, 8, seed=i)) for i in range(3)]
    for place, content in zip(
        (os.fsencode(tmp_path / "a.png"), os.fsencode(tmp_path / "b.png"), path), pictures, strict=True
    ):
        with open(place, "wb") as file:
            file.write(content)
    parts = [load(f"folder:{tmp_path}", split, image_size=8) for split in ("train", "test")]
    assert sum(len(part.to_pixels()) for part in parts) == 3

    with open(path, "wb") as file:
        file.write(pictures[2][:-60])
    with pytest.raises(InputError, match=r"cannot decode image .*png: image file is truncated") as error:
        for split in ("train", "test"):
            part = load(f"folder:{tmp_path}", split, image_size=8)
            with unwrapped_input_errors():
                list(batches(part, len(part), num_steps=1))
    assert str(error.value).isprintable() and str(error.value).encode()

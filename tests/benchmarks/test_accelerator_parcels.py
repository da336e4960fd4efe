"""What travels: contents, descriptions of each kind, images; and what is said of folders that hold something else."""

import io
import json

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from benchmarks.accelerator import kinds, parcel, pictures
from benchmarks.accelerator.parcel import Parcel, ParcelError
from keras_gen.datasets import batch_numbers, batches, load
from keras_gen.datasets.decoding import decode_image

CONTENT = "0" * 32
STEP = {
    "script": "wgan_div",
    "precision": "float32",
    "batch_size": 4,
    "image_shape": [8, 8, 1],
    "batch_shape": [4, 8, 8, 1],
    "parameters": 6,
    "step": CONTENT,
    "terms": ["loss"],
    "written": [0],
    "variables": [{"shape": [2, 3], "dtype": "float32"}],
}


def test_contents_are_kept_once_and_damage_is_seen(tmp_path):
    sent = Parcel(tmp_path / "parcel")
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    found_by = sent.put_array(array)
    assert sent.put_array(array.copy()) == found_by
    np.testing.assert_array_equal(Parcel(sent.path).array(found_by), array)
    with pytest.raises(ParcelError, match="another size"):
        sent.array(found_by | {"shape": [2, 4]})
    (path,) = (sent.path / "contents").iterdir()
    path.write_bytes(path.read_bytes()[:-3] + b"abc")
    with pytest.raises(ParcelError, match="is damaged; copy all of"):
        sent.array(found_by)
    path.unlink()
    with pytest.raises(ParcelError, match="is missing; copy all of"):
        sent.array(found_by)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "int64"])
def test_arrays_of_every_type_and_shape_come_back(tmp_path, dtype):
    sent = Parcel(tmp_path)
    arrays = [np.asarray(tf.cast(value, dtype).numpy()) for value in ([[1.5, -2.0]], 3.0, np.zeros([0, 4]))]
    packed = sent.pack(sent.put_pack([*arrays[:1], None, *arrays[1:]]))
    assert packed.pop(1) is None
    for array, back in zip(
        arrays * 2, [*packed, *(sent.array(sent.put_array(array)) for array in arrays)], strict=True
    ):
        assert back.dtype == array.dtype and back.shape == array.shape
        np.testing.assert_array_equal(back, array)


def test_a_pack_is_few_files_of_bounded_size(tmp_path, monkeypatch):
    monkeypatch.setattr(parcel, "PACK", 4096)
    arrays = [np.random.default_rng(i).bytes(size) for i, size in enumerate([10] * 40 + [9000])]
    arrays = [np.frombuffer(content, np.uint8) for content in arrays]
    found_by = Parcel(tmp_path).put_pack(arrays)
    files = list((tmp_path / "contents").iterdir())
    assert len(files) == len(found_by["contents"]) == 3  # 9,400 bytes that no compression makes fewer
    assert max(file.stat().st_size for file in files) < 4096 + 64
    for array, back in zip(arrays, Parcel(tmp_path).pack(found_by), strict=True):
        np.testing.assert_array_equal(back, array)


@pytest.mark.parametrize("channels", [1, 3])
def test_pixels_come_back_bit_for_bit(tmp_path, channels):
    pixels = np.random.default_rng(0).integers(0, 256, (73, 6, 5, channels), dtype=np.uint8)
    sent = Parcel(tmp_path)
    np.testing.assert_array_equal(pictures.pixels(sent, pictures.put_pixels(sent, pixels)), pixels)


def test_files_come_back_as_the_pixels_that_the_data_set_has(tmp_path):
    random, files = np.random.default_rng(0), []
    for _ in range(12):
        memory = io.BytesIO()
        Image.fromarray(random.integers(0, 256, (30, 23, 3), dtype=np.uint8)).save(memory, "JPEG")
        files.append(memory.getvalue())
    pixels = np.stack([decode_image(file, (16, 16, 3)) for file in files])
    sent = Parcel(tmp_path)
    described = pictures.put_files(sent, files, pixels)
    np.testing.assert_array_equal(pictures.pixels(sent, described), pixels)
    # The few that another rounding changes travel beside the files.
    assert len(sent.array(described["places"])) < 0.001 * pixels.size
    with pytest.raises(ParcelError, match="decodes the images to other pixels"):
        pictures.pixels(sent, {**described, "pixels": "0"})
    with pytest.raises(ParcelError, match="cannot decode the images"):
        pictures.pixels(sent, {**described, "files": sent.put(b"no pictures")})


def test_batch_numbers_are_those_of_batches():
    images = load("digits", "train")
    numbers = batch_numbers(len(images), 16, seed=3, first_step=200, num_steps=5)
    expected = np.stack(list(batches(images, 16, seed=3, first_step=200, num_steps=5).as_numpy_iterator()))
    np.testing.assert_array_equal(images.to_array()[numbers], expected)


def test_a_description_comes_back(tmp_path):
    Parcel(tmp_path).describe("one", kinds.STEP, STEP)
    (found,) = Parcel(tmp_path).descriptions(kinds.STEP).values()
    assert {key: found[key] for key in STEP} == STEP and found["kind"] == kinds.STEP


@pytest.mark.parametrize("key", STEP)
@pytest.mark.parametrize("value", [None, {}, [None], -1, "../../x"], ids=str)
def test_a_description_with_a_value_of_another_kind(tmp_path, key, value):
    if key in ("script", "precision") and isinstance(value, str):
        return
    Parcel(tmp_path).describe("one", kinds.STEP, STEP | {key: value})
    with pytest.raises(ParcelError, match=f"one.json is damaged, or of another version: its entry '{key}'"):
        Parcel(tmp_path).descriptions(kinds.STEP)


def test_a_description_that_writes_a_variable_it_lacks(tmp_path):
    Parcel(tmp_path).describe("one", kinds.STEP, STEP | {"written": [0, 1]})
    with pytest.raises(ParcelError, match="its entry 'variables' cannot be used"):
        Parcel(tmp_path).descriptions(kinds.STEP)


@pytest.mark.parametrize(
    "content", ["{}", "[]", "[", "", "1", '{"kind": ["step"]}', '{"kind": "other"}', "[" * 100_000]
)
def test_files_that_are_no_descriptions(tmp_path, content):
    (tmp_path / "one.json").write_text(content)
    with pytest.raises(ParcelError, match=r"one\.json is (damaged|not a step to time)"):
        Parcel(tmp_path).descriptions(kinds.STEP)


def test_a_description_that_was_changed_on_the_way(tmp_path):
    Parcel(tmp_path).describe("one", kinds.STEP, STEP)
    found = json.loads((tmp_path / "one.json").read_text())
    (tmp_path / "one.json").write_text(json.dumps(found | {"parameters": 7}))
    with pytest.raises(ParcelError, match="one.json is damaged; copy it again"):
        Parcel(tmp_path).descriptions(kinds.STEP)


def test_folders_of_another_kind(tmp_path):
    Parcel(tmp_path / "steps").describe("one", kinds.STEP, STEP)
    for kind, called in ((kinds.RUN, "not a run to train"), (kinds.RESULT, "not the result of a run")):
        with pytest.raises(ParcelError, match=f"one.json is a step to time, {called}; give a folder that holds what"):
            Parcel(tmp_path / "steps").make_for(kind)
    with pytest.raises(ParcelError, match="nowhere is not a folder; give one that holds what `train` left"):
        Parcel(tmp_path / "nowhere").descriptions(kinds.RESULT)
    (tmp_path / "file").write_text("")
    for place in ("file", "file/results"):
        with pytest.raises(ParcelError, match="cannot be written"):
            Parcel(tmp_path / place).make_for(kinds.RESULT)

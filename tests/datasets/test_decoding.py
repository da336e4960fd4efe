import importlib
import io
import warnings

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from helpers.pictures import encode, noise
from keras_gen.datasets import decoding
from keras_gen.datasets.decoding import crop_and_resize, decode_image


def area_weights(size, resized):
    """Row `i` holds the part of each old pixel that lies in [i, i + 1) * size / resized, over its length."""
    edges = np.arange(resized + 1) * size / resized
    start, stop = edges[:-1, None], edges[1:, None]
    pixels = np.arange(size)
    overlap = np.minimum(stop, pixels + 1) - np.maximum(start, pixels)
    return np.clip(overlap, 0, None) * resized / size


@pytest.mark.parametrize("size", [1, 4, 5, 7])
def test_resizing_averages_over_areas(size):
    pixels = noise(7, 7)
    weights = area_weights(7, size)
    expected = np.einsum("ip,jq,pqc->ijc", weights, weights, pixels)
    # Rounded to the nearest integer; float32 may round a tie the other way, hence the last digits.
    np.testing.assert_allclose(crop_and_resize(pixels[None], size)[0], expected, rtol=0, atol=0.5001)


@pytest.mark.parametrize(
    "shape, rows, columns", [((5, 9), slice(0, 5), slice(2, 7)), ((8, 5), slice(1, 6), slice(0, 5))]
)
def test_the_centre_is_kept(shape, rows, columns):
    pixels = noise(*shape)
    np.testing.assert_array_equal(crop_and_resize(pixels[None], 5)[0], pixels[rows, columns])


def decode(image, channels=3, size=4, **save):
    buffer = io.BytesIO()
    image.save(buffer, **{"format": "PNG", **save})
    return decode_image(buffer.getvalue(), (size, size, channels))


def test_colour_and_grey_png_keep_every_bit():
    colour, grey = noise(4, 4), noise(4, 4, 1)
    np.testing.assert_array_equal(decode_image(encode(colour), (4, 4, 3)), colour)
    np.testing.assert_array_equal(decode_image(encode(grey), (4, 4, 1)), grey)
    np.testing.assert_array_equal(decode_image(encode(grey), (4, 4, 3)), np.repeat(grey, 3, axis=2))


def test_jpeg_is_decoded_as_pillow_does():
    content = encode(noise(4, 4), "JPEG")
    np.testing.assert_array_equal(decode_image(content, (4, 4, 3)), np.asarray(Image.open(io.BytesIO(content))))


def test_palette():
    image = Image.fromarray(np.arange(16, dtype=np.uint8).reshape(4, 4), "P")
    palette = noise(16, 1)[:, 0]
    image.putpalette(palette.ravel().tolist())
    np.testing.assert_array_equal(decode(image), palette.reshape(4, 4, 3))


def test_cmyk():
    # No ink at all is white, full black ink black; JPEG may be one step off.
    pixels = np.zeros((4, 8, 4), np.uint8)
    pixels[:, 4:, 3] = 255
    decoded = decode(Image.fromarray(pixels[:, :4], "CMYK"), format="JPEG", quality=100).astype(int)
    assert decoded.min() >= 254
    assert decode(Image.fromarray(pixels[:, 4:], "CMYK"), format="JPEG", quality=100).max() <= 1


def test_sixteen_bit_grey_keeps_its_upper_bits():
    pixels = np.arange(16, dtype=np.uint16).reshape(4, 4) * 4096 + 77
    np.testing.assert_array_equal(decode(Image.fromarray(pixels), channels=1)[..., 0], pixels >> 8)


def test_sixteen_bit_colour_keeps_its_upper_bits():
    pixels = np.random.RandomState(0).randint(0, 2**16, (4, 4, 3)).astype(np.uint16)
    np.testing.assert_array_equal(decode_image(tf.io.encode_png(pixels).numpy(), (4, 4, 3)), pixels >> 8)


def test_black_and_white():
    pixels = np.eye(4, dtype=bool)
    np.testing.assert_array_equal(decode(Image.fromarray(pixels), channels=1)[..., 0], 255 * pixels)


def test_transparency_in_grey_and_in_a_palette_shows_white():
    grey = np.dstack([np.full((4, 4), 100, np.uint8), np.full((4, 4), 255, np.uint8)])
    grey[:2, :, 1] = 0
    expected = np.repeat([255, 255, 100, 100], 4).reshape(4, 4)
    np.testing.assert_array_equal(decode(Image.fromarray(grey, "LA"), channels=1)[..., 0], expected)
    palette = Image.fromarray(np.arange(16, dtype=np.uint8).reshape(4, 4), "P")
    palette.putpalette(noise(16, 1).ravel().tolist())
    expected = noise(16, 1).reshape(4, 4, 3)
    expected[0, 3] = 255
    np.testing.assert_array_equal(decode(palette, transparency=3), expected)


def test_half_transparency_mixes_with_white():
    pixels = np.dstack([np.zeros((4, 4, 3), np.uint8), np.full((4, 4), 51, np.uint8)])  # a fifth of black
    np.testing.assert_array_equal(decode(Image.fromarray(pixels, "RGBA")), np.full((4, 4, 3), 204))


def test_transparency_shows_white():
    pixels = np.dstack([noise(4, 4), np.full((4, 4), 255, np.uint8)])
    pixels[:2, :, 3] = 0
    expected = pixels[..., :3].copy()
    expected[:2] = 255
    np.testing.assert_array_equal(decode(Image.fromarray(pixels, "RGBA")), expected)


def test_an_animation_gives_its_first_frame():
    frames = [noise(4, 4, seed=seed) for seed in range(2)]
    decoded = decode(Image.fromarray(frames[0]), save_all=True, append_images=[Image.fromarray(frames[1])])
    np.testing.assert_array_equal(decoded, frames[0])


def test_a_camera_held_sideways():
    pixels = noise(4, 4)
    exif = Image.Exif()
    exif[0x0112] = 6  # rotate by 90 degrees clockwise to view
    np.testing.assert_array_equal(decode(Image.fromarray(pixels), exif=exif), np.rot90(pixels, -1))


@pytest.mark.parametrize("content", [b"", b"no image", encode(noise(4, 4), "GIF")])
def test_other_content_is_refused(content):
    with pytest.raises(ValueError, match="empty, or neither PNG nor JPEG"):
        decode_image(content, (4, 4, 3))


@pytest.mark.parametrize("length", [20, 60, 100])
def test_a_cut_off_file_is_refused(length):
    with pytest.raises((ValueError, OSError, SyntaxError)):
        decode_image(encode(noise(8, 8))[:length], (4, 4, 3))


def test_a_decompression_bomb_is_refused_by_its_header(monkeypatch):
    monkeypatch.setattr(decoding, "MAX_PIXELS", 15)
    with pytest.raises(ValueError, match="4x4 pixels are more than the 15 allowed"):
        decode_image(encode(noise(4, 4)), (4, 4, 3))


def test_small_images_are_refused():
    with pytest.raises(ValueError, match="9x4 pixels are smaller than image_size=5"):
        decode_image(encode(noise(4, 9)), (5, 5, 3))


def test_only_this_limit_of_pixels_is_spoken_of():
    buffer = io.BytesIO()
    Image.new("1", (9_800, 9_800)).save(buffer, "PNG")  # more than what Pillow warns of, fewer than MAX_PIXELS
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        with decoding.open_image(buffer, 8):
            assert [warning.category for warning in warned] == [Image.DecompressionBombWarning]
        importlib.reload(decoding)  # its filter is lost in tests, each of which has its own
        with decoding.open_image(buffer, 8):
            assert len(warned) == 1

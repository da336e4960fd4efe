import importlib
import io
import struct
import warnings
import zlib

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


def warned(content, channels):
    words = []
    decode_image(content, (4, 4, channels), words.append)
    return words


def test_sixteen_bits_of_which_only_the_lower_are_used():
    grey = np.random.RandomState(0).randint(0, 4_096, (4, 4)).astype(np.uint16)
    colour = np.random.RandomState(0).randint(0, 4_096, (4, 4, 3)).astype(np.uint16)
    dark = np.minimum(noise(4, 4), 10)
    buffer = io.BytesIO()
    Image.fromarray(grey).save(buffer, "TIFF")
    for content in (buffer.getvalue(), tf.io.encode_png(grey[..., None]).numpy(), tf.io.encode_png(colour).numpy()):
        assert warned(content, 3) == [
            "it has 16 bits per value, but uses the lower 12 at most, so that it is all but black"
        ]
    assert warned(tf.io.encode_png(colour * 2).numpy(), 3) == [] == warned(encode(dark), 3)


def png(depth, colour_type, rows, transparent):
    """A PNG file by its specification, with one transparent value."""

    def chunk(name, content):
        checksum = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + checksum

    header = struct.pack(">IIBBBBB", 4, 4, depth, colour_type, 0, 0, 0)
    parts = {b"IHDR": header, b"tRNS": transparent, b"IDAT": zlib.compress(b"".join(b"\0" + row for row in rows))}
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in [*parts.items(), (b"IEND", b"")])


def test_one_transparent_value_shows_white_at_every_depth():
    grey = (np.arange(16).reshape(4, 4) * 4096 + 77).astype(">u2")
    expected = (grey >> 8).astype(np.uint8)
    expected[1, 2] = 255
    content = png(16, 0, [row.tobytes() for row in grey], grey[1, 2:3].tobytes())
    np.testing.assert_array_equal(decode_image(content, (4, 4, 1))[..., 0], expected)

    colour = np.random.RandomState(0).randint(0, 2**16, (4, 4, 3)).astype(">u2")
    colour[2, 2] = colour[1, 1] ^ [0, 0, 1]  # the same upper bits, but another colour
    expected = (colour >> 8).astype(np.uint8)
    expected[1, 1] = 255
    content = png(16, 2, [row.tobytes() for row in colour], colour[1, 1:2].tobytes())
    np.testing.assert_array_equal(decode_image(content, (4, 4, 3)), expected)

    content = png(2, 0, [bytes([0b00011011])] * 4, struct.pack(">H", 0))
    np.testing.assert_array_equal(decode_image(content, (4, 4, 1))[..., 0], [[255, 85, 170, 255]] * 4)


@pytest.mark.parametrize("values", [np.full((4, 4), 70_000, np.int32), np.full((4, 4), 0.5, np.float32)])
def test_other_numbers_than_8_or_16_bits_are_refused(values):
    with pytest.raises(ValueError, match="no whole numbers of 8 or 16 bits"):
        decode(Image.fromarray(values), format="TIFF")


@pytest.mark.parametrize("file_format", ["WEBP", "GIF", "BMP", "TIFF"])
def test_other_formats_keep_every_bit(file_format):
    pixels = noise(4, 4)
    np.testing.assert_array_equal(decode(Image.fromarray(pixels), format=file_format, lossless=True), pixels)


def test_sixteen_bits_of_a_camera_held_sideways():
    pixels = np.arange(16, dtype=np.uint16).reshape(4, 4) * 4096
    exif = Image.Exif()
    exif[0x0112] = 6
    decoded = decode(Image.fromarray(pixels), channels=1, exif=exif)
    np.testing.assert_array_equal(decoded[..., 0], np.rot90(pixels >> 8, -1))


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


@pytest.mark.parametrize("content", [b"", b"no image", encode(noise(4, 4), "PPM")])
def test_other_content_is_refused(content):
    with pytest.raises(ValueError, match="empty, damaged, or none of PNG, JPEG, WEBP"):
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

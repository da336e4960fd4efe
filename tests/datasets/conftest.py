"""Small sets to read: pictures with chosen pixels, a folder of them, images of both kinds."""

import numpy as np
import pytest

from helpers.pictures import encode, noise
from keras_gen.datasets.images import ArrayImages, EncodedImages


@pytest.fixture
def picture_folder(tmp_path):
    """21 PNG files of 8x8 noise in two folders; the picture of seed `i` is file `i` in sorted order."""
    for i in range(21):
        path = tmp_path / "pictures" / ("cats" if i < 12 else "dogs") / f"{i:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(noise(8, 8, seed=i)))
    return tmp_path / "pictures"


@pytest.fixture
def numbered():
    """Makes `count` images of one pixel that has the image's number as its value, and as its label."""

    def make(count, **kwargs):
        pixels = np.arange(count, dtype=np.uint8).reshape(count, 1, 1, 1)
        return ArrayImages(
            name="numbered",
            split="train",
            image_shape=(1, 1, 1),
            pixels=pixels,
            **{"labels": np.arange(count), "num_classes": count, **kwargs},
        )

    return make


@pytest.fixture
def encoded():
    """Makes images of both kinds, 6x6 colour, from the encoded bytes of each."""

    def make(contents):
        return EncodedImages(
            name="encoded",
            split="train",
            image_shape=(6, 6, 3),
            size=len(contents),
            read=lambda i: contents[i],
            describe=lambda i: f"file_{i}.png",
        )

    return make

"""Pixels of noise, and their encoded bytes."""

import io

import numpy as np
from PIL import Image


def noise(height, width, channels=3, seed=0):
    return np.random.RandomState(seed).randint(0, 256, (height, width, channels)).astype(np.uint8)


def encode(pixels, file_format="PNG"):
    buffer = io.BytesIO()
    Image.fromarray(pixels.squeeze(2) if pixels.shape[2] == 1 else pixels).save(buffer, file_format)
    return buffer.getvalue()

"""Sharpness of images."""

import numpy as np
from numpy.typing import ArrayLike

from keras_gen.errors import InputError


def sharpness(images: ArrayLike) -> float:
    """The variance of the Laplacian, a common measure of focus, averaged over images.

    Pech-Pacheco et al. 2000, "Diatom autofocusing in brightfield microscopy: a comparative study". The Laplacian of
    a pixel is the sum of its four neighbours less four times itself, within each channel and without the outermost
    pixels. Blur makes it smaller and noise makes it larger, so it means something only beside the value of the data.

    Args:
        images: [n, height, width, channels] in [-1, 1], at least 3x3; values outside are clipped.

    Returns:
        The mean variance, at least 0; for images in [0, 255] it would be 127.5² times as large.

    Raises:
        InputError: The images have a wrong shape, or are not finite.
    """
    images = np.asarray(images, np.float64)
    if images.ndim != 4 or len(images) < 1 or min(images.shape[1:3]) < 3:
        raise InputError(f"images must have shape [n > 0, height > 2, width > 2, channels], got {images.shape}")
    if not np.isfinite(images).all():
        raise InputError("images contain NaN or infinite pixels")
    x = np.clip(images, -1, 1)
    across = x[:, 1:-1, :-2] + x[:, 1:-1, 2:]
    down = x[:, :-2, 1:-1] + x[:, 2:, 1:-1]
    laplacian = across + down - 4 * x[:, 1:-1, 1:-1]
    return float(laplacian.reshape(len(x), -1).var(axis=1).mean())

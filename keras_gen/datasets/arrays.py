"""Images from arrays that are in memory already."""

import numpy as np

from keras_gen.datasets.decoding import crop_and_resize
from keras_gen.datasets.images import ArrayImages
from keras_gen.datasets.sizes import too_small


def from_array(
    name: str,
    split: str,
    pixels: np.ndarray,
    labels: np.ndarray,
    num_classes: int,
    image_size: int | None,
) -> ArrayImages:
    """A data set of uint8 [n, h, w, c] pixels and their labels, resized to `image_size`.

    Raises:
        InputError: The images are smaller than `image_size`.
    """
    native = min(pixels.shape[1:3])
    if image_size is not None and image_size > native:
        raise too_small(image_size, f"the images of {name} have {native}x{native} pixels", native, f"use padded:{name}")
    pixels = crop_and_resize(pixels, image_size or native)
    return ArrayImages(
        name=name,
        split=split,
        image_shape=pixels.shape[1:],
        labels=labels.astype(np.int64),
        num_classes=num_classes,
        pixels=pixels,
    )

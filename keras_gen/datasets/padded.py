"""`padded:NAME`: the images of a data set, each with a black border.

For networks that halve the size often: 28 pixels become 32.
"""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from keras_gen.datasets.images import Images
from keras_gen.errors import InputError


def load(images: Images, image_size: int | None = None) -> Images:
    """Images with a black border: zeros, which become -1 on the scale [-1, 1].

    Args:
        images: The images without a border.
        image_size: Height and width with the border; the next power of two by default.

    Raises:
        InputError: `image_size` is smaller than the images.
    """
    height, width, channels = images.image_shape
    size = image_size or 2 ** (max(height, width) - 1).bit_length()
    if size < max(height, width):
        raise InputError(
            f"image_size={size}: the images of {images.name} have {height}x{width} pixels without a border; give "
            f"image_size={max(height, width)} or more"
        )
    return PaddedImages(
        name=f"padded:{images.name}",
        split=images.split,
        image_shape=(size, size, channels),
        labels=images.labels,
        num_classes=images.num_classes,
        files=images.files,
        images=images,
    )


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class PaddedImages(Images):
    """Images with a border.

    Attributes:
        images: The images without the border.
    """

    images: Images

    def __len__(self) -> int:
        return len(self.images)

    def fetch(self, index_batches: tf.data.Dataset) -> tf.data.Dataset:
        """See `Images.fetch`."""
        borders = self._borders()
        return self.images.fetch(index_batches).map(lambda pixels: tf.pad(pixels, borders), tf.data.AUTOTUNE)

    def to_pixels(self, max_images: int | None = None) -> np.ndarray:
        """See `Images.to_pixels`."""
        return np.pad(self.images.to_pixels(max_images), self._borders())

    def _borders(self) -> list[tuple[int, int]]:
        """Pixels before and after, along every axis of a batch."""
        both = [larger - size for larger, size in zip(self.image_shape, self.images.image_shape, strict=True)]
        return [(0, 0), *((extra // 2, extra - extra // 2) for extra in both)]

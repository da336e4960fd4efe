"""`photo_patches`: small crops of the two colour photographs that scikit-learn ships."""

import numpy as np

from keras_gen.datasets.images import ArrayImages, Images
from keras_gen.datasets.sizes import too_small

NUM_PATCHES = {"train": 4000, "test": 1000}
DEFAULT_SIZE = 32
TEST_COLUMNS = 160  # of the 640; the right edge of each photograph is for testing only


def load(split: str, image_size: int | None = None, data_dir: str | None = None) -> Images:
    """Square crops, [32, 32, 3] by default, of a temple (label 0) and a flower (label 1).

    Crops are as sharp as the photograph: a larger `image_size` shows more of it. Test crops come from the right quarter
    of each photograph and share no pixel with the training crops.

    Raises:
        InputError: `image_size` is larger than the part of the photographs for testing.
    """
    del data_dir  # nothing is stored
    size = image_size or DEFAULT_SIZE
    if size > TEST_COLUMNS:
        raise too_small(size, f"photo_patches has only {TEST_COLUMNS} pixels", TEST_COLUMNS)
    photos = [_part(photo, split) for photo in _photos()]
    count = NUM_PATCHES[split]
    # NumPy guarantees that RandomState gives the same numbers in every version.
    random = np.random.RandomState(0 if split == "train" else 1)
    labels = np.arange(count, dtype=np.int64) % len(photos)
    height, width = photos[0].shape[:2]
    tops = random.randint(height - size + 1, size=count)
    lefts = random.randint(width - size + 1, size=count)
    pixels = np.stack(
        [
            photos[label][top : top + size, left : left + size]
            for label, top, left in zip(labels, tops, lefts, strict=True)
        ]
    )
    return ArrayImages(
        name="photo_patches",
        split=split,
        image_shape=pixels.shape[1:],
        labels=labels,
        num_classes=len(photos),
        pixels=pixels,
    )


def _photos() -> list[np.ndarray]:
    """The two photographs, each uint8 [427, 640, 3]."""
    from sklearn.datasets import load_sample_images  # slow to import

    return load_sample_images().images


def _part(photo: np.ndarray, split: str) -> np.ndarray:
    return photo[:, -TEST_COLUMNS:] if split == "test" else photo[:, :-TEST_COLUMNS]

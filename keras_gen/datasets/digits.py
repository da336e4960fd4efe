"""`digits`: the 1,797 handwritten digits of 8x8 pixels that scikit-learn ships."""

import numpy as np

from keras_gen.datasets.arrays import from_array
from keras_gen.datasets.images import Images
from keras_gen.datasets.splits import hold_out_fifth_of_each_class


def load(split: str, image_size: int | None = None, data_dir: str | None = None) -> Images:
    """The digits, [8, 8, 1] by default; every fifth image of each class is for testing."""
    del data_dir  # nothing is stored
    from sklearn.datasets import load_digits  # slow to import

    pixels, labels = load_digits(return_X_y=True)
    pixels = np.rint(pixels.reshape(-1, 8, 8, 1) * (255 / 16)).astype(np.uint8)
    rows = hold_out_fifth_of_each_class(labels, split)
    return from_array("digits", split, pixels[rows], labels[rows], 10, image_size)

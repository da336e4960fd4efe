"""The interface of every data set, with its two kinds: pixels in memory, and encoded images.

Image `i` has the same pixels whichever kind holds it: both come from `decoding.decode_image`.
"""

import abc
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from absl import logging

from keras_gen.datasets.decoding import decode_image
from keras_gen.datasets.python_calls import PythonCalls
from keras_gen.errors import InputError, one_line

# Sets are decoded into memory up to this many bytes: 60,000 images of 32x32x3, 21,000 of 64x64x3.
IN_MEMORY_LIMIT = 256 * 2**20
AT_ONCE = 250  # images that a thread decodes in turn

_decoding = PythonCalls()
_warned: set[str] = set()


def warn_once(subject: str, message: str) -> None:
    """Warns, unless this process has warned of the subject before."""
    if subject not in _warned:
        _warned.add(subject)
        logging.warning("%s", one_line(message))


def from_pixels(pixels: tf.Tensor) -> tf.Tensor:
    """Pixels of 8 bits, of any shape, as float32 in [-1, 1]."""
    return tf.cast(pixels, tf.float32) / 127.5 - 1


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Images(abc.ABC):
    """A numbered collection of images of one shape, in a fixed order that mixes the classes.

    Attributes:
        name: The name under which it was loaded.
        split: "train" or "test".
        image_shape: (height, width, channels) of every image.
        labels: int64 [n], or None where there are none.
        num_classes: Number of classes, or None where there are no labels.
        files: The names of all files of a folder, those of the other split too; None for other sets.
    """

    name: str
    split: str
    image_shape: tuple[int, int, int]
    labels: np.ndarray | None = None
    num_classes: int | None = None
    files: Sequence[str] | None = None

    def __repr__(self) -> str:
        size = "x".join(map(str, self.image_shape))
        classes = "no labels" if self.labels is None else f"{self.num_classes} classes"
        return f"<{self.name} ({self.split}): {len(self):,} images, {size}, {classes}>"

    @abc.abstractmethod
    def __len__(self) -> int:
        """Number of images."""

    @abc.abstractmethod
    def fetch(self, index_batches: tf.data.Dataset) -> tf.data.Dataset:
        """Maps a data set of int64 [b] image numbers to one of uint8 [b, h, w, c] pixels."""

    @abc.abstractmethod
    def to_pixels(self, max_images: int | None = None) -> np.ndarray:
        """The first `max_images` images (all by default) as uint8 [n, h, w, c]."""

    def to_array(self, max_images: int | None = None) -> np.ndarray:
        """The first `max_images` images (all by default) as float32 [n, h, w, c] in [-1, 1]."""
        return self.to_pixels(max_images).astype(np.float32) / np.float32(127.5) - 1

    def subset(self, rows: np.ndarray) -> "ArrayImages":
        """The images with the numbers `rows`, int [n], in that order and in memory."""
        parts = self.fetch(tf.data.Dataset.from_tensor_slices(np.asarray(rows, np.int64)).batch(1_000))
        return ArrayImages(
            name=self.name,
            split=self.split,
            image_shape=self.image_shape,
            labels=None if self.labels is None else self.labels[rows],
            num_classes=self.num_classes,
            pixels=np.concatenate(list(parts.as_numpy_iterator())),
        )


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class ArrayImages(Images):
    """Images whose pixels are in memory, as uint8 [n, h, w, c].

    Attributes:
        pixels: The pixels.
    """

    pixels: np.ndarray

    def __len__(self) -> int:
        return len(self.pixels)

    def fetch(self, index_batches: tf.data.Dataset) -> tf.data.Dataset:
        """See `Images.fetch`."""
        with tf.device("CPU:0"):  # a GPU would otherwise hold the whole set
            pixels = tf.constant(self.pixels)
        return index_batches.map(
            lambda indices: tf.gather(pixels, indices),
            num_parallel_calls=tf.data.AUTOTUNE,
            deterministic=True,
        )

    def to_pixels(self, max_images: int | None = None) -> np.ndarray:
        """See `Images.to_pixels`."""
        return self.pixels[:max_images]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class EncodedImages(Images):
    """Images that stay encoded, as PNG or JPEG for example, where they are stored and are decoded on demand.

    Attributes:
        size: Number of images.
        read: Returns the encoded bytes of image `i`.
        describe: Names image `i` in messages, for example by its path.
    """

    size: int
    read: Callable[[int], bytes]
    describe: Callable[[int], str]

    def __len__(self) -> int:
        return self.size

    def decode(self, index: int) -> np.ndarray:
        """Image `index` as uint8 [h, w, c].

        Raises:
            InputError: The image cannot be read or decoded; the message names it.
        """
        try:
            return decode_image(self.read(index), self.image_shape, lambda words: self._warn(index, words))
        except Exception as error:  # Pillow raises many kinds of error on damaged files
            raise InputError(f"cannot decode image {self.describe(index)}: {error}") from error

    def _warn(self, index: int, words: str) -> None:
        warn_once(f"{self.name}: {words}", f"{self.describe(index)}: {words}; check the other files too")

    def fetch(self, index_batches: tf.data.Dataset) -> tf.data.Dataset:
        """See `Images.fetch`. Several batches are decoded in parallel."""

        def decode_batch(indices: np.ndarray) -> np.ndarray:
            with _decoding:
                return np.stack([self.decode(index) for index in indices])

        def fetch_batch(indices: tf.Tensor) -> tf.Tensor:
            # Stateless: the same numbers give the same pixels, so tf.data may run it in parallel.
            pixels = tf.numpy_function(decode_batch, [indices], tf.uint8, stateful=False)
            return tf.ensure_shape(pixels, [*indices.shape, *self.image_shape])

        return index_batches.map(fetch_batch, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)

    def to_pixels(self, max_images: int | None = None) -> np.ndarray:
        """See `Images.to_pixels`."""
        count = len(range(self.size)[:max_images])
        pixels = np.empty((count, *self.image_shape), np.uint8)

        def decode_part(start: int) -> None:
            for index in range(start, min(start + AT_ONCE, count)):
                pixels[index] = self.decode(index)

        with ThreadPoolExecutor() as pool:
            list(pool.map(decode_part, range(0, count, AT_ONCE)))  # the list raises what a part raised
        return pixels

    def in_memory_if_small(self) -> Images:
        """These images, decoded if they fit into `IN_MEMORY_LIMIT`, otherwise as they are.

        Decoding finds every damaged image now rather than in the middle of training.
        """
        if self.size * int(np.prod(self.image_shape)) > IN_MEMORY_LIMIT:
            return self
        return ArrayImages(
            name=self.name,
            split=self.split,
            image_shape=self.image_shape,
            labels=self.labels,
            num_classes=self.num_classes,
            files=self.files,
            pixels=self.to_pixels(),
        )

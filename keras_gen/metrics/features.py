"""Image features, on which distances and neighbours are computed."""

import hashlib
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from keras_gen.errors import InputError, batch_of


class ImageFeatures:
    """A network from images to features, with the words that identify it.

    Calling it on images [n, height, width, channels] in [-1, 1] gives float64 [n, feature_dim]; values outside [-1, 1]
    are clipped, as they are when a picture is written.

    Attributes:
        name: Used in the names of measures, as in "Fréchet distance on LeNet features".
        description: What identifies the features, ready for JSON: the network, its training data, a hash of its
            weights.
        image_shape: (height, width, channels) of its input; (None, None, None) for any size with one or three channels.
    """

    def __init__(
        self,
        network: Callable[[tf.Tensor], tf.Tensor],
        image_shape: tuple,
        name: str,
        description: dict,
        batch_size: int = 250,
    ):
        """Wraps `network`, which maps float32 images to float32 [batch, feature_dim]."""
        self.name = name
        self.description = description
        self.image_shape = image_shape
        self._batch_size = batch_size
        # One trace for every batch size.
        self._network = tf.function(network, input_signature=[tf.TensorSpec((None, *image_shape), tf.float32)])

    def __call__(self, images: ArrayLike) -> np.ndarray:
        """Features of `images` as float64 [n, feature_dim].

        Raises:
            InputError: The images have another shape or an integer type, or pixels that are not finite.
        """
        images = np.asarray(images)
        self._check(images)
        batches = (images[start : start + self._batch_size] for start in range(0, len(images), self._batch_size))
        features = [self._network(np.clip(batch, -1.0, 1.0).astype(np.float32)) for batch in batches]
        return np.concatenate(features).astype(np.float64)

    def _check(self, images: np.ndarray) -> None:
        expected = self.image_shape
        if None in expected:
            fits = images.ndim == 4 and images.shape[-1] in (1, 3)
            expected = ("height", "width", "1 or 3")
        else:
            fits = images.shape[1:] == expected
        if not fits or images.size == 0:
            shape = batch_of(expected, "n > 0")
            raise InputError(f"images for {self.name} must have shape {shape}, got {images.shape}")
        if not np.issubdtype(images.dtype, np.floating):
            raise InputError(f"images must be floats in [-1, 1], got {images.dtype}")
        if not np.isfinite(images).all():
            raise InputError("images contain NaN or infinite pixels: the model that drew them diverged")


def weights_hash(model: keras.Model) -> str:
    """The first twelve hexadecimal digits of the SHA-256 of all weights."""
    digest = hashlib.sha256()
    for weights in model.get_weights():
        digest.update(weights.tobytes())
    return digest.hexdigest()[:12]

"""How much a network's outputs move with its inputs, and how a classifier fares under attack.

The post on Lipschitz constraints identifies generalisation with insensitivity to small changes of the input (equations
1 to 3).
"""

import math
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from keras_gen.checks import checked_labels
from keras_gen.errors import InputError

Network = Callable[[tf.Tensor], tf.Tensor]

# Images in memory at a time.
_AT_ONCE = 500


def sensitivity(network: Network, images: np.ndarray, changes: np.ndarray) -> np.ndarray:
    """|f(x + d) - f(x)| / |d| for each image x and its change d, in Euclidean norms.

    Args:
        network: f, from images [n, ...] to outputs [n, C].
        images: float32 [n, ...].
        changes: float32 [n, ...], none of which is 0.

    Returns:
        float64 [n]; none exceeds a Lipschitz constant of f.

    Raises:
        InputError: The shapes differ, or a change is 0.
    """
    _check_shapes(images, changes)
    lengths = np.linalg.norm(_flat(changes), axis=1)
    if not lengths.all():
        raise InputError("the change of an image is 0, so there is nothing to measure; give changes other than 0")
    moved = _in_parts(lambda x, d: network(x + d) - network(x), images, changes)
    return np.linalg.norm(_flat(moved), axis=1) / lengths


def random_changes(images: np.ndarray, norm: float, seed: int = 0) -> np.ndarray:
    """A random change of each image, float32 [n, ...], uniform on the sphere of Euclidean radius `norm`."""
    normal = np.random.RandomState(seed).normal(size=images.shape).astype(np.float32)
    return _of_norm(normal, norm)


def gradient_changes(network: Network, images: np.ndarray, labels: np.ndarray, norm: float) -> np.ndarray:
    """A change of each image along the gradient of its cross-entropy, of Euclidean norm `norm`.

    Images whose gradient is 0 get the change 0.

    Raises:
        InputError: The labels are not one whole number per image.
    """
    return _of_norm(loss_gradients(network, images, labels), norm)


def fast_gradient_sign(network: Network, images: np.ndarray, labels: np.ndarray, epsilon: float) -> np.ndarray:
    """Images attacked by moving every pixel by epsilon, float32 [n, ...] in [-1, 1].

    x + epsilon sign(gradient), clipped (Goodfellow et al. 2015, "Explaining and harnessing adversarial examples",
    arXiv 1412.6572, section 4).

    Args:
        network: From images to logits [n, classes].
        images: float32 [n, ...] in [-1, 1].
        labels: int [n].
        epsilon: In units of the images, whose whole range is 2.

    Raises:
        InputError: The labels are not one whole number per image.
    """
    attacked = images + epsilon * np.sign(loss_gradients(network, images, labels))
    return np.clip(attacked, -1, 1).astype(np.float32)


def loss_gradients(network: Network, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The gradient of each image's cross-entropy (in nats) with respect to its pixels, float32 [n, ...].

    Args:
        network: From images to logits [n, classes].
        images: float32 [n, ...].
        labels: int [n].

    Raises:
        InputError: The labels are not one whole number per image.
    """

    def of_part(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(x)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(y, tf.cast(network(x), tf.float32))
        return tape.gradient(losses, x)

    return _in_parts(of_part, images, checked_labels("labels", labels, len(images), "image"))


def accuracy(network: Network, images: np.ndarray, labels: np.ndarray) -> float:
    """The share of images whose largest logit is that of their label.

    Args:
        network: From images to logits [n, classes].
        images: float32 [n, ...].
        labels: int [n].

    Raises:
        InputError: The labels are not one whole number per image.
    """
    labels = checked_labels("labels", labels, len(images), "image")
    return float(np.mean(_in_parts(network, images).argmax(axis=1) == labels))


def _in_parts(function: Callable[..., tf.Tensor], *arrays: np.ndarray) -> np.ndarray:
    parts = math.ceil(len(arrays[0]) / _AT_ONCE)
    split = zip(*(np.array_split(array, parts) for array in arrays), strict=True)
    return np.concatenate([function(*map(tf.constant, part)).numpy() for part in split])


def _flat(array: np.ndarray) -> np.ndarray:
    return array.reshape(len(array), -1).astype(np.float64)


def _of_norm(changes: np.ndarray, norm: float) -> np.ndarray:
    lengths = np.linalg.norm(_flat(changes), axis=1).reshape(-1, *[1] * (changes.ndim - 1))
    return (norm * changes / np.where(lengths > 0, lengths, 1)).astype(np.float32)


def _check_shapes(images: np.ndarray, changes: np.ndarray) -> None:
    if images.shape != changes.shape:
        raise InputError(f"images have shape {images.shape}, their changes {changes.shape}; they must be the same")

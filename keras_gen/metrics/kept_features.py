"""Features of a data set's own images, which are the same for every run, kept in the cache folder."""

import hashlib
import json
import os
import zipfile
from pathlib import Path

import numpy as np
from absl import logging
from numpy.typing import ArrayLike

from keras_gen.metrics.features import ImageFeatures
from keras_gen.utils.files import cache_folder, replacing

# A new one makes a new file of every set of images; raise it when features are computed differently.
VERSION = 1


def kept_features(features: ImageFeatures, images: ArrayLike, cache_dir: str | os.PathLike | None = None) -> np.ndarray:
    """`features(images)`, computed the first time and read from the cache afterwards.

    The network of `imagenet_features` takes a minute for 10,000 images on one core. A file belongs to these very images
    and to these weights; one that is damaged is replaced. Features whose description has no `weights_hash` are computed
    each time, since nothing tells them from others.

    Args:
        features: The features.
        images: Real images [n, height, width, channels] in [-1, 1]. Samples, of which no two batches are equal, would
            fill the cache.
        cache_dir: A folder; by default `$KERAS_GEN_CACHE`, or `~/.cache/keras_gen`. If it is not writable, a warning
            says so and each call computes them.

    Returns:
        float64 [n, feature_dim], to the precision of float32, in which the networks compute.

    Raises:
        InputError: The images cannot be used; see `ImageFeatures`.
    """
    if "weights_hash" not in features.description:
        return features(images)
    images = np.asarray(images)
    file = Path(cache_dir or cache_folder()).expanduser() / f"features-{_identity(features, images)}.npz"
    found = _read(file)
    if found is None:
        found = features(images).astype(np.float32)
        _write(file, found)
    return found.astype(np.float64)


def _identity(features: ImageFeatures, images: np.ndarray) -> str:
    """A hash of whatever the features depend on."""
    about = {
        "version": VERSION,
        "name": features.name,
        "features": features.description,
        "shape": images.shape,
        "dtype": str(images.dtype),
    }
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    digest.update(np.ascontiguousarray(images).data)
    return digest.hexdigest()[:16]


def _read(file: Path) -> np.ndarray | None:
    """What a file holds, or None if there is none or it is damaged: its entries have checksums."""
    try:
        with open(file, "rb") as content, np.load(content) as entries:
            return entries["features"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _write(file: Path, found: np.ndarray) -> None:
    try:
        with replacing(file) as aside:
            np.savez(aside, features=found)
    except OSError as error:
        logging.warning("features of real images cannot be kept, so each run computes them again: %s", error)

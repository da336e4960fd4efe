"""Checks of features, codes and labels."""

import numpy as np
from numpy.typing import ArrayLike

from keras_gen.errors import InputError


def feature_pair(real_features: ArrayLike, fake_features: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Both sets as float64 arrays [n, dim], checked.

    Raises:
        InputError: A set is not two-dimensional, has fewer than two rows, or NaN or infinite values, or the sets differ
            in their number of columns.
    """
    real = _features("real_features", real_features)
    fake = _features("fake_features", fake_features)
    if real.shape[1] != fake.shape[1]:
        raise InputError(
            "real_features and fake_features must have the same number of columns, "
            f"got {real.shape[1]} and {fake.shape[1]}"
        )
    return real, fake


def _features(name: str, features: ArrayLike) -> np.ndarray:
    features = np.asarray(features, dtype=np.float64)
    if features.ndim != 2 or features.shape[0] < 2 or features.shape[1] < 1:
        raise InputError(f"{name} must have shape [n > 1, dim > 0], got {features.shape}")
    if not np.isfinite(features).all():
        raise InputError(f"{name} contain NaN or infinite values")
    return features


def labelled_codes(name: str, codes: ArrayLike, labels: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Codes as float64 [n, dim] and their labels as int64 [n], checked.

    Raises:
        InputError: The shape is wrong, there are NaN or infinite values, or the labels are not one whole number per
            code.
    """
    prefix = f"{name}_" if name else ""
    codes, labels = _features(f"{prefix}codes", codes), np.asarray(labels)
    if labels.shape != codes.shape[:1] or not np.issubdtype(labels.dtype, np.integer):
        raise InputError(
            f"{prefix}labels must be {len(codes)} whole numbers, one per code, got {labels.dtype} {labels.shape}"
        )
    return codes, labels.astype(np.int64)

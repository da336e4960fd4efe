"""How well samples of a conditional model fit the classes that they were asked for."""

import numpy as np
from numpy.typing import ArrayLike

from keras_gen.checks import labelled_codes
from keras_gen.errors import InputError
from keras_gen.metrics.frechet import frechet_distance
from keras_gen.metrics.linear_probe import fitted_probe


class ClassQuality:
    """Two measures on features of images: whether a classifier sees the class asked for, and distances within classes.

    The classifier is the one of `linear_probe`, multinomial logistic regression on the features of real images.

    Args:
        real_features: Features of real images, [n, dim].
        real_labels: Their classes, whole numbers [n], at least two different ones.

    Raises:
        InputError: The shapes do not fit together, there is only one class, or one has fewer than two images.
    """

    def __init__(self, real_features: ArrayLike, real_labels: ArrayLike):
        self._features, self._labels = labelled_codes("real", real_features, real_labels, "features")
        self._check_counts("real_labels", self._labels)
        self._probe = fitted_probe("real_labels", self._features, self._labels)

    def __call__(self, fake_features: ArrayLike, fake_labels: ArrayLike) -> dict[str, float]:
        """Measures samples by their features.

        Args:
            fake_features: [m, dim].
            fake_labels: The classes asked for, whole numbers [m], two or more of each.

        Returns:
            `class_accuracy`, the share of samples that the classifier puts in the class asked for, and
            `within_class_distance`, the mean over the classes of the Fréchet distance between their real images and
            their samples. Like any Fréchet distance the latter depends on the numbers of both.

        Raises:
            InputError: The shapes do not fit together, or a class has fewer than two samples.
        """
        features, labels = labelled_codes("fake", fake_features, fake_labels, "features")
        self._check_counts("fake_labels", labels)
        distances = [
            frechet_distance(self._features[self._labels == label], features[labels == label])
            for label in np.unique(self._labels)
        ]
        return {
            "class_accuracy": float(np.mean(self._probe.predict(features) == labels)),
            "within_class_distance": float(np.mean(distances)),
        }

    @property
    def num_classes(self) -> int:
        """Classes that there are, from 0 to the largest label."""
        return int(self._labels.max()) + 1

    def _check_counts(self, name: str, labels: np.ndarray) -> None:
        few = [int(label) for label in np.unique(self._labels) if np.sum(labels == label) < 2]
        if few:
            raise InputError(f"{name}: fewer than two images of class {few[0]}; give more of each class")

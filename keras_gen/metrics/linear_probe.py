"""How much a linear classifier can read from codes."""

import warnings

import numpy as np
from numpy.typing import ArrayLike
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from keras_gen.checks import check_positive, labelled_codes
from keras_gen.errors import InputError

MAX_ITERATIONS = 200


def linear_probe(
    train_codes: ArrayLike,
    train_labels: ArrayLike,
    test_codes: ArrayLike,
    test_labels: ArrayLike,
    penalty: float = 1.0,
) -> float:
    """Test accuracy of multinomial logistic regression on codes, each dimension scaled to mean 0 and variance 1.

    Args:
        train_codes: [n, dim].
        train_labels: Whole numbers [n], at least two different ones.
        test_codes: [m, dim].
        test_labels: Whole numbers [m].
        penalty: Weight of half the sum of squared weights, relative to the sum of the log-losses; above 0.

    Returns:
        The share of test codes whose label is predicted correctly.

    Raises:
        InputError: The shapes do not fit together, codes are not finite, there is only one class, or the penalty is not
            above 0.
    """
    check_positive(penalty=penalty)
    train_codes, train_labels = labelled_codes("train", train_codes, train_labels)
    test_codes, test_labels = labelled_codes("test", test_codes, test_labels)
    if train_codes.shape[1] != test_codes.shape[1]:
        raise InputError(f"train_codes {train_codes.shape}, test_codes {test_codes.shape}: give codes of one dimension")
    probe = fitted_probe("train_labels", train_codes, train_labels, penalty)
    return float(np.mean(probe.predict(test_codes) == test_labels))


def fitted_probe(name: str, codes: np.ndarray, labels: np.ndarray, penalty: float = 1.0) -> Pipeline:
    """The classifier of `linear_probe`, fitted to codes [n, dim] and labels [n], whose shapes are checked already.

    Args:
        name: What messages call the labels.
        codes: float64 [n, dim].
        labels: Whole numbers [n].
        penalty: See `linear_probe`.

    Raises:
        InputError: All labels are one.
    """
    if np.all(labels == labels[0]):
        raise InputError(f"{name} are all {labels[0]}: a classifier needs at least two classes")
    probe = make_pipeline(StandardScaler(), LogisticRegression(C=1 / penalty, max_iter=MAX_ITERATIONS))
    with warnings.catch_warnings():
        # The codes of a collapsed encoder are noise, for which more iterations do not help.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return probe.fit(codes, labels)

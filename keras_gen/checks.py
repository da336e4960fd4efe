"""Checks of what a caller gives: numbers, choices, shapes, images, features, networks.

Each raises an `InputError` whose message names the argument and says what to give instead.
"""

import math
import warnings
from collections.abc import Collection
from numbers import Integral, Real
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from keras_gen import keras_privates
from keras_gen.errors import InputError

# Numbers and choices ---------------------------------------------------------------------------------------------


def check_counts(at_least: int = 1, **counts: int) -> None:
    """Checks that every argument is a whole number of at least `at_least`.

    Raises:
        InputError: An argument is something else.
    """
    for name, count in counts.items():
        if not isinstance(count, Integral) or count < at_least:
            raise InputError(f"{name}={in_quotes(count)}: must be a whole number of at least {at_least}")


def check_num_classes(num_classes: int | None) -> None:
    """Checks the number of classes of a model or network; None for one without classes.

    Raises:
        InputError: It is not a whole number of at least 2.
    """
    if num_classes is not None:
        check_counts(2, num_classes=num_classes)


def check_positive(**numbers: float) -> None:
    """Checks that every argument is a finite number above 0.

    Raises:
        InputError: An argument is something else.
    """
    for name, number in numbers.items():
        if not (isinstance(number, Real) and 0 < number < math.inf):
            raise InputError(f"{name}={in_quotes(number)}: must be a finite number above 0")


def check_not_negative(**numbers: float) -> None:
    """Checks that every argument is a finite number of at least 0.

    Raises:
        InputError: An argument is something else.
    """
    for name, number in numbers.items():
        if not (isinstance(number, Real) and 0 <= number < math.inf):
            raise InputError(f"{name}={in_quotes(number)}: must be a finite number of at least 0")


def check_momentum(name: str, momentum: float, alternative: str = "") -> None:
    """Checks the weight of the past in a moving average; `alternative` ends the message, as in `check_choice`.

    Raises:
        InputError: It is not a number of at least 0 and below 1.
    """
    if not (isinstance(momentum, Real) and 0 <= momentum < 1):
        raise InputError(f"{name}={in_quotes(momentum)}: must be a number of at least 0 and below 1{alternative}")


def in_quotes(value: Any) -> Any:
    """The value, in quotes if it is a string, to tell "3" from 3."""
    return repr(value) if isinstance(value, str) else value


def check_choice(name: str, value: Any, choices: Collection[str], alternative: str = "") -> None:
    """Checks that a value is one of the choices.

    Args:
        name: The argument's name.
        value: What was given.
        choices: What may be given.
        alternative: What else may be given, to end the message, such as ", or give a Divergence".

    Raises:
        InputError: The value is not among the choices.
    """
    if value not in choices:
        raise InputError(f"{name}={value!r}: choose one of {', '.join(choices)}{alternative}")


# How networks end ------------------------------------------------------------------------------------------------

# Activations between 0 and 1, in whose place their logits are wanted.
SIGMOIDS = ("sigmoid", "hard_sigmoid", "hardsigmoid", "softmax")
# These are never below 0.
NOT_NEGATIVE = (*SIGMOIDS, "relu", "relu6", "softplus", "exponential")


def check_gives_logits(name: str, network: keras.Model, who_takes: str) -> None:
    """Checks that a network does not end in a sigmoid or softmax.

    Args:
        name: What messages call it.
        network: The network.
        who_takes: What its logits go into, with its verb, as in "losses take".

    Raises:
        InputError: It ends in one.
    """
    activation = keras_privates.last_activation(network)
    if activation in SIGMOIDS:
        raise InputError(f"the {name} ends in a {activation}, but {who_takes} its logits; leave it out")


def warn_of_range(name: str, network: keras.Model) -> None:
    """Warns of a network whose images can have no pixel below 0."""
    shape, activation = tuple(network.outputs[0].shape), keras_privates.last_activation(network)
    if len(shape) == 4 and shape[-1] in (1, 3) and activation in NOT_NEGATIVE:
        advice = "but images are from -1 to 1; end it in tanh, or in no activation"
        warnings.warn(f"the {name} ends in a {activation}, which is never below 0, {advice}", stacklevel=2)


# Shapes ----------------------------------------------------------------------------------------------------------


def check_map_shape(name: str, shape: tuple[int, ...]) -> None:
    """Checks the shape of images or feature maps, (height, width, channels).

    Raises:
        InputError: The shape is not three whole numbers of at least 1.
    """
    check_keras_settings()
    if len(shape) != 3 or not all(isinstance(size, Integral) and size > 0 for size in shape):
        raise InputError(f"{name}={tuple(shape)}: give (height, width, channels), whole numbers of at least 1")


def check_defined(**networks: keras.Model) -> None:
    """Checks that networks, given by their roles, take one input and know its shape and that of their outputs.

    Raises:
        InputError: A network does not know them, such as a `Sequential` without `keras.Input` or a subclass of
            `keras.Model`, or it takes several inputs.
    """
    check_shapes_known(**networks)
    for role, network in networks.items():
        if len(network.inputs) != 1:
            raise InputError(
                f"the {role} takes {len(network.inputs)} inputs, but it is given one; join them in one tensor that the "
                f"{role} splits"
            )


def check_shapes_known(**networks: keras.Model) -> None:
    """Checks that networks, given by their roles, know the shapes of their inputs and outputs.

    Raises:
        InputError: A network does not know them.
    """
    for role, network in networks.items():
        if isinstance(network, keras.Sequential) and not network.built:
            raise InputError(f"the {role} has no shapes yet; begin it with keras.Input(shape)")
        if not hasattr(network, "input_shape") or not hasattr(network, "output_shape"):
            raise InputError(
                f"the {role}, a {type(network).__name__}, does not know its shapes; give keras.Model(x, {role}(x)), "
                "where x = keras.Input(shape)"
            )


def check_keras_settings() -> None:
    """Checks that Keras is set as the models here need it: channels last, weights of float32.

    Raises:
        InputError: It is not.
    """
    if keras.config.image_data_format() != "channels_last":
        raise InputError(
            "Keras is set to channels_first, but images here are [height, width, channels]; call "
            "keras.config.set_image_data_format('channels_last') first, or mend keras.json"
        )
    if keras.config.floatx() != "float32":
        raise InputError(
            f"Keras is set to floatx={keras.config.floatx()}, but weights here are float32; call "
            "keras.config.set_floatx('float32') first, or mend keras.json; less precision for speed is "
            "keras.config.set_dtype_policy('mixed_bfloat16')"
        )


# Images ----------------------------------------------------------------------------------------------------------


def checked_images(data: Any, taker: str, shape: tuple[int, ...]) -> tf.Tensor:
    """The images of a batch, float32 [batch, *shape].

    Args:
        data: What `train_step` receives: images, or a tuple (images, labels) whose labels are ignored.
        taker: The network that takes the images, for messages.
        shape: Shape of one image.

    Raises:
        InputError: The images have another type or shape, or come with sample weights.
    """
    images, _, weights = keras.utils.unpack_x_y_sample_weight(data)
    if weights is not None:
        raise InputError("a batch has sample weights, but all images count alike; give images or (images, labels)")
    images = tf.convert_to_tensor(images)
    if images.shape.rank == len(shape) and images.shape.is_compatible_with(shape):
        raise InputError(f"images have shape {tuple(images.shape)}, without a batch axis; give [n, height, ...]")
    if not images.dtype.is_floating:
        raise InputError(
            f"images have dtype {images.dtype.name}; give float32 in [-1, 1], which of 8-bit pixels is x / 127.5 - 1"
        )
    if not images.shape[1:].is_compatible_with(shape):
        channels_first = images.shape[1:].is_compatible_with((*shape[-1:], *shape[:-1]))
        advice = "; bring channels to the end: numpy.moveaxis(x, 1, -1)" if channels_first else ""
        raise InputError(f"images have shape {tuple(images.shape[1:])}, the {taker} takes {tuple(shape)}{advice}")
    return tf.cast(images, tf.float32)


# Features and codes ----------------------------------------------------------------------------------------------


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


def checked_codes(codes: ArrayLike) -> np.ndarray:
    """Codes as float64 [n, dim], checked.

    Raises:
        InputError: They are not two or more rows of finite numbers.
    """
    codes = np.asarray(codes, np.float64)
    if codes.ndim != 2 or len(codes) < 2 or not codes.size:
        raise InputError(f"codes {codes.shape}: give [n, dim] with n of at least 2 and dim of at least 1")
    if not np.isfinite(codes).all():
        raise InputError("codes contain NaN or infinite values")
    return codes


def labelled_codes(
    name: str, codes: ArrayLike, labels: ArrayLike, noun: str = "codes"
) -> tuple[np.ndarray, np.ndarray]:
    """Codes as float64 [n, dim] and their labels as int64 [n], checked; messages call the codes `name_noun`.

    Raises:
        InputError: The shape is wrong, there are NaN or infinite values, or the labels are not one whole number per
            code.
    """
    prefix = f"{name}_" if name else ""
    codes = _features(f"{prefix}{noun}", codes)
    return codes, checked_labels(f"{prefix}labels", labels, len(codes), "row")


def checked_labels(name: str, labels: ArrayLike, count: int, of_what: str) -> np.ndarray:
    """Labels as int64 [count], checked.

    Args:
        name: What messages call them.
        labels: What was given.
        count: How many there must be.
        of_what: What each of them belongs to, such as "image".

    Raises:
        InputError: They have another shape, or are not whole numbers.
    """
    labels = np.asarray(labels)
    if labels.shape != (count,) or not np.issubdtype(labels.dtype, np.integer):
        raise InputError(f"{name} must be {count} whole numbers, one per {of_what}, got {labels.dtype} {labels.shape}")
    return labels.astype(np.int64)

"""What `fit` and `evaluate` look at before a batch reaches the model: number of rows, range and finiteness of pixels.

A `tf.data` data set is checked batch by batch in its own pipeline, so that the training step and its bits stay as they
are; an array is checked at once.
"""

import math
import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

import keras
import numpy as np
import tensorflow as tf

from keras_gen import keras_privates
from keras_gen.datasets.images import Images
from keras_gen.errors import InputError, check_input
from keras_gen.models.targets import check_in_order, check_targets

# Of a batch: its images, and what it holds behind them.
Checks: TypeAlias = Callable[..., list[tf.Operation | None]]

KERAS_BATCH_SIZE = 32  # `fit` and `evaluate` cut arrays into batches of this size by default

# No image in [-1, 1], or standardised to mean 0 and deviation 1, has pixels as large as this.
LARGEST_PIXEL = 8.0
# Dequantised or resized images may leave [-1, 1] a little, standardised ones always leave it further than this.
LARGEST_IN_RANGE = 1.5
# Among so many images in [-1, 1] there is one with a pixel below the middle.
ENOUGH_IMAGES = 4
FROM_ZERO = "images have pixels from 0 to 1; the model takes -1 to 1: give 2 * x - 1"
BEYOND = (
    "images have pixels far outside -1 to 1, as standardised ones do; the model takes -1 to 1: give 2 * (x - low) / "
    "(high - low) - 1 with one low and high for all images"
)


# Checks of one batch ---------------------------------------------------------------------------------------------


def check_rows(images: tf.Tensor, replicas: int = 1) -> list[tf.Operation | None]:
    """Checks that a batch has rows, and as many for each replica; see `keras_gen.errors.check_input`."""
    count = tf.shape(images)[0]
    checks = [check_input(count > 0, "a batch has no rows, so that its loss has no mean; give at least one image")]
    if replicas > 1:
        advice = f"rows does not divide evenly over {replicas} replicas; use batch(n, drop_remainder=True)"
        checks.append(check_input(count % replicas == 0, "a batch of", count, advice))
    return checks


def check_finite_pixels(images: tf.Tensor) -> tf.Operation | None:
    """Checks that no pixel is NaN or infinite; see `keras_gen.errors.check_input` for what it returns and raises."""
    finite = tf.reduce_all(tf.math.is_finite(images)) if images.dtype.is_floating else tf.constant(True)
    return check_input(finite, "images contain NaN or infinite pixels")


def check_pixel_range(images: tf.Tensor) -> tf.Operation | None:
    """Checks that images [n, h, w, 1 or 3] are not in [0, 255]; warns if they are in [0, 1], or standardised.

    Rows of another shape may be anything and have any range. See `keras_gen.errors.check_input` for what it returns and
    raises.
    """
    if images.shape.rank != 4 or images.shape[-1] not in (1, 3) or not images.dtype.is_floating:
        return None
    low, high = tf.cast(tf.reduce_min(images), tf.float32), tf.cast(tf.reduce_max(images), tf.float32)
    unscaled = (high > LARGEST_PIXEL) & tf.math.is_finite(high) & ((low >= 0) | (low < -LARGEST_PIXEL))
    advice = "; give -1 to 1, which of 8-bit pixels is x / 127.5 - 1"
    checked = check_input(~unscaled, "images have pixels from", low, "to", high, advice)
    from_zero = (low >= 0) & (high <= 1) & (high > low) & (tf.shape(images)[0] >= ENOUGH_IMAGES)
    doubtful = from_zero | (low < -LARGEST_IN_RANGE) | (high > LARGEST_IN_RANGE)
    if tf.executing_eagerly():
        if doubtful:
            _warn_of_range(from_zero)
        return checked
    with tf.control_dependencies([checked]):
        # Python is called for such a batch alone.
        return tf.cond(
            doubtful, lambda: tf.py_function(_warn_of_range, [from_zero], tf.bool), lambda: tf.constant(True)
        )


def _warn_of_range(from_zero: tf.Tensor) -> bool:
    warnings.warn(FROM_ZERO if from_zero else BEYOND, stacklevel=2)
    return True


def scales_pixels(model: keras.Model) -> bool:
    """Whether a network of the model begins by bringing its input to another range."""
    return any(_begins_with_scaling(network) for network in model.layers if isinstance(network, keras.Model))


def _begins_with_scaling(network: keras.Model) -> bool:
    """Whether a layer that scales comes before the first with weights.

    The layers of a subclassed network have no order, nor have those of one that takes labels too, whose embedding may
    come before the scaling of the images: there any layer may be the first.
    """
    scaling = (keras.layers.Rescaling, keras.layers.Normalization)
    in_order = isinstance(network, keras.Sequential) or (hasattr(network, "operations") and len(network.inputs) == 1)
    if not in_order:
        return any(isinstance(layer, scaling) for layer in keras_privates.all_layers(network))
    for layer in network.layers:
        if isinstance(layer, scaling):
            return True
        if isinstance(layer, keras.Model):
            return _begins_with_scaling(layer)
        if layer.weights:
            return False
    return False


# Checks of data --------------------------------------------------------------------------------------------------


def check_ends(x: Any, arguments: Mapping[str, Any], steps: str) -> None:
    """Checks that an epoch of the data has an end, by itself or by the argument `steps`.

    Raises:
        InputError: A data set never ends.
    """
    endless = isinstance(x, tf.data.Dataset) and int(x.cardinality()) == tf.data.INFINITE_CARDINALITY
    if endless and arguments.get(steps) is None:
        raise InputError(f"the data set never ends; give {steps}")


def checked_batches(
    x: Any,
    checks: Checks,
    batch_size: int | None = None,
    replicas: int = 1,
    validation_split: float = 0.0,
    targets: Any = None,
) -> Any:
    """The data of `fit` or `evaluate`, checked: a `tf.data` data set or a generator batch by batch, an array at once.

    Of what `tf.distribute` has dealt out already the first batch is looked at. On several replicas TensorFlow may take
    a failure in the last batch of a finite data set for the end of the data. So batches of unknown size are then
    refused before the first one is read.

    Args:
        x: What `fit` received: batches of images, or tuples that begin with images, or an array of images.
        checks: Makes the checks of a batch.
        batch_size: Size of the batches into which an array will be cut.
        replicas: Replicas that share each batch.
        validation_split: Share of an array, its end, that is cut off before it is cut into batches.
        targets: What `fit` received beside an array of images, such as their labels.

    Raises:
        InputError: A check of an array fails, or replicas would have different numbers of rows. The checks of a data
            set fail when their batch is read.
    """
    if x is None:
        raise InputError("x: no images were given; give an array of images or batches of them")
    if isinstance(x, Images):
        raise InputError("x: give batches of these images: keras_gen.datasets.batches(images, batch_size=64)")
    if isinstance(x, (str, os.PathLike)):
        raise InputError(f"x={str(x)!r}: give images; keras_gen.datasets.load('folder:PATH') reads a folder")
    if isinstance(x, (list, tuple, dict)):  # several inputs to Keras, each of which it would cut and shuffle by rows
        kind = type(x).__name__
        raise InputError(
            f"x: a {kind} of {len(x)} was given; give one array, such as numpy.stack(x) of a list of images"
        )
    if targets is not None:
        check_targets("y", targets)
    if isinstance(x, tf.data.Dataset):
        check_in_order(x.element_spec)
        _check_batches_exist(x)
        if replicas > 1:
            _check_sizes(x, replicas)
        return x.map(_checking(checks, isinstance(x.element_spec, tuple)), tf.data.AUTOTUNE, deterministic=True)
    if isinstance(x, tf.distribute.DistributedDataset):
        _check_dealt_out(x, checks, replicas)
    if isinstance(x, Iterator):
        return _checked_generator(x, checks)
    if isinstance(x, keras.utils.PyDataset) and len(x):
        check_batch(x[0], checks)
    if isinstance(x, (np.ndarray, tf.Tensor)):
        cut = math.floor(len(x) * (1 - validation_split))  # as Keras rounds
        rows = (x,) if targets is None else (x, targets)
        if len(rows[-1]) != len(x):
            raise InputError(f"x has {len(x)} images and y {len(targets)} labels; give one label per image")
        for part in (slice(cut), slice(cut, None)) if validation_split else (slice(None),):
            _check_array([array[part] for array in rows], checks, batch_size or KERAS_BATCH_SIZE, replicas)
    return x


def _check_dealt_out(x: tf.distribute.DistributedDataset, checks: Checks, replicas: int) -> None:
    """Checks the first batch, a share of it for each replica of this worker, as the whole batch of all workers."""
    batch = next(iter(x), None)
    if batch is None:
        raise InputError("the data set has no batches; give at least one")
    parts = [
        part.values if isinstance(part, tf.distribute.DistributedValues) else (part,)
        for part in (batch if isinstance(batch, (tuple, list)) else (batch,))
    ]
    shares = parts[0]
    sizes = [len(share) for share in shares]
    if len(set(sizes)) > 1:
        raise InputError(
            f"replicas have {', '.join(map(str, sizes))} images, and must have equal shares; use "
            f"batch(n, drop_remainder=True) with n a multiple of {replicas}"
        )
    whole = [part for part in parts if all(map(tf.is_tensor, part))]  # targets may be anything
    checks(*(tf.concat([*part] * (replicas // len(shares)), axis=0) for part in whole))


def _check_array(rows: list[Any], checks: Checks, batch_size: int, replicas: int) -> None:
    """Checks images, and what belongs to them, that will be cut into batches."""
    x = rows[0]
    if not len(x):
        raise InputError("an array of 0 images was given; give at least one")
    last = len(x) % batch_size
    for size in (min(batch_size, len(x)), last):
        if size % replicas:
            raise InputError(
                f"{len(x)} images in batches of {batch_size} make a batch of {size}, which does not divide evenly over "
                f"{replicas} replicas; give a multiple of {replicas} as batch_size, and as the number of images"
            )
    ends = (slice(batch_size), slice(-last, None)) if last else (slice(batch_size),)
    for part in (*ends, slice(None)):
        checks(*(tf.convert_to_tensor(array[part]) for array in rows))


def _check_batches_exist(x: tf.data.Dataset) -> None:
    if int(x.cardinality()) == 0:
        raise InputError(
            "the data set has no batches; if drop_remainder=True dropped the only one, give a smaller batch size"
        )


def _check_sizes(x: tf.data.Dataset, replicas: int) -> None:
    """Checks, without reading it, that every batch of a data set divides evenly, as far as can be known."""
    shape = getattr(tf.nest.flatten(x.element_spec)[0], "shape", tf.TensorShape(None))
    size = shape[0] if shape.rank else None
    # Of an endless data set each batch is checked when it is read, for none of them is the last.
    if (size is None and int(x.cardinality()) != tf.data.INFINITE_CARDINALITY) or (size or 0) % replicas:
        sized = "the last batch may be smaller" if size is None else f"a batch has {size} rows"
        raise InputError(
            f"{sized}, and {replicas} replicas must have equal shares; use batch(n, drop_remainder=True) with n a "
            f"multiple of {replicas}"
        )


def _checked_generator(x: Iterator, checks: Checks) -> Iterator:
    for batch in x:
        check_batch(batch, checks)
        yield batch if isinstance(batch, tuple) else (batch,)  # Keras takes tuples alone


def check_batch(batch: Any, checks: Checks) -> None:
    """Checks a batch that is there: images, or a tuple that begins with them; what is neither is left to the model."""
    check_in_order(batch)
    images, *targets = batch if isinstance(batch, (tuple, list)) else (batch,)
    if targets and hasattr(targets[0], "dtype"):
        check_targets("labels of a batch", targets[0])
    if hasattr(images, "shape") and hasattr(images, "dtype"):
        checks(tf.convert_to_tensor(images), *targets)


def _checking(checks: Checks, are_tuples: bool) -> Callable[..., Any]:
    """A function that checks a batch and passes it on; a batch without images is left to the model to refuse."""

    def checked(*batch: Any) -> Any:
        if isinstance(batch[0], tf.Tensor):
            with tf.control_dependencies([check for check in checks(*batch) if check is not None]):
                batch = (tf.identity(batch[0]), *batch[1:])
        return batch if are_tuples else batch[0]

    return checked


def first_batch(x: Any, batch_size: int | None, strategy: tf.distribute.Strategy) -> Any:
    """The first batch of what `fit` is given, of all replicas together; None for data that can be read only once."""
    match x:
        case tf.distribute.DistributedDataset():
            return tf.nest.map_structure(lambda share: strategy.gather(share, axis=0), next(iter(x)))
        case tf.data.Dataset():
            return next(iter(x))
        case np.ndarray() | tf.Tensor() | keras.KerasTensor():
            return x[: batch_size or KERAS_BATCH_SIZE]
        case keras.utils.PyDataset():
            return x[0]
    return None


def kind_of_data(x: Any) -> str | None:
    """Shapes and types of a batch of what `fit` is given; None where only the data tell."""
    if isinstance(x, (tf.data.Dataset, tf.distribute.DistributedDataset)):
        return str(x.element_spec)
    return str((x.shape[1:], x.dtype)) if hasattr(x, "shape") and hasattr(x, "dtype") else None

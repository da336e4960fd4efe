"""Labels of classes, as a conditional model takes them, draws them and hands them to its networks.

Behind these checks labels travel as `classes`: one-hot rows float32 [n, num_classes], in a tuple that is empty for a
model without classes. So one line serves both: `network(network_inputs(network, x, *classes))`.
"""

from typing import Any, TypeAlias

import keras
import tensorflow as tf

from keras_gen import keras_privates
from keras_gen.errors import InputError, batch_of, check_input

Classes: TypeAlias = tuple[tf.Tensor, ...]
NO_CLASSES = "this model has no classes; leave them out, or build it with num_classes"

# Checks ----------------------------------------------------------------------------------------------------------


def classes_config(num_classes: int | None) -> dict[str, int]:
    """What the configuration of a model says of its classes: nothing without any, as in versions that had none."""
    return {} if num_classes is None else {"num_classes": num_classes}


def check_class_input(role: str, network: keras.Model, num_classes: int | None, data: str = "data") -> None:
    """Checks that a network takes labels beside its data if there are classes, and nothing beside them if not.

    Args:
        role: The network's role, for messages.
        network: A network that knows its shapes.
        num_classes: Number of classes, or None.
        data: What it takes beside labels, for messages.

    Raises:
        InputError: It takes another number of inputs or takes them in another order, or its second input has no shape
            of labels.
    """
    count = len(network.inputs)
    if num_classes is None:
        if count != 1:
            raise InputError(
                f"the {role} takes {count} inputs, but it is given one; if the second takes labels, give num_classes, "
                f"otherwise join them in one tensor that the {role} splits"
            )
        return
    if count != 2:
        raise InputError(
            f"the {role} takes {count} input{'s' * (count != 1)}; with num_classes={num_classes} it must take two, its "
            "data and their labels"
        )
    in_order = f"keras.Model([{data}, labels], ...)"
    if isinstance(network.input, dict):
        raise InputError(f"the {role} takes its inputs in a dict, which Keras sorts by name; give a list: {in_order}")
    first = network.inputs[0]
    if len(first.shape) == 1 or tf.as_dtype(first.dtype).is_integer:
        raise InputError(f"the {role} takes its labels first; give its inputs in the other order: {in_order}")
    shape = tuple(network.inputs[1].shape[1:])
    if shape not in ((), (1,), (num_classes,)):
        raise InputError(
            f"the {role} takes labels {batch_of(shape)}; with num_classes={num_classes} it must "
            f"take [n], [n, 1] or, for one-hot rows, [n, {num_classes}], as the second input: {in_order}"
        )
    for layer in network.layers:
        embeds = isinstance(layer, keras.layers.Embedding) and keras_privates.takes(layer, network.inputs[1])
        if embeds and layer.input_dim < num_classes:
            raise InputError(
                f"the {role} embeds {layer.input_dim} labels; with num_classes={num_classes} give "
                f"Embedding({num_classes}, ...)"
            )


def label_checks(num_classes: int | None, targets: tuple[Any, ...]) -> list[tf.Operation | None]:
    """Checks that the labels of a batch are classes, as far as they are whole numbers; `of_batch` refuses all others.

    Args:
        num_classes: Number of classes; None for a model that ignores labels.
        targets: What a batch holds behind its images.

    Returns:
        See `keras_gen.errors.check_input`.
    """
    if num_classes is None or not targets or not hasattr(targets[0], "dtype"):
        return []
    labels = tf.convert_to_tensor(targets[0])
    return [_check_range(labels, num_classes)] if labels.dtype.is_integer else []


def _shaped(num_classes: int, labels: Any) -> tf.Tensor:
    """Labels as whole numbers [n], in the type in which they come: a cast could wrap what is out of range."""
    advice = f"give whole numbers [n] from 0 to {num_classes - 1}"
    try:
        labels = tf.convert_to_tensor(labels)
    except (TypeError, ValueError) as error:
        raise InputError(f"labels must be an array of numbers; {advice}") from error
    if labels.shape.rank is None:  # of a data set without shapes, or in a step traced for both [n] and [n, 1]
        labels = _flat(labels, advice)
    if labels.shape.rank == 2 and labels.shape[1] == 1:  # as Keras's own data sets have them
        labels = labels[:, 0]
    if labels.shape.rank != 1 or not labels.dtype.is_integer:
        raise InputError(f"labels have shape {tuple(labels.shape)} and dtype {labels.dtype.name}; {advice}")
    return labels


def _flat(labels: tf.Tensor, advice: str) -> tf.Tensor:
    """Labels [n] of labels whose shape is known in the running graph alone, where it is checked."""
    shape = tf.shape(labels)
    one_each = tf.equal(tf.size(labels), tf.reduce_prod(shape[:1]))
    with tf.control_dependencies([check_input(one_each, "labels have shape", shape, f"; {advice}")]):
        return tf.reshape(labels, [-1])


def _check_range(labels: tf.Tensor, num_classes: int) -> tf.Operation | None:
    labels = tf.cast(labels, tf.int64)  # of uint64, what would not fit becomes negative
    low, high = tf.reduce_min(labels), tf.reduce_max(labels)
    good = ((low >= 0) & (high < num_classes)) | tf.equal(tf.size(labels), 0)
    return check_input(good, "labels from", low, "to", high, f"; must be from 0 to {num_classes - 1}")


def checked_labels(num_classes: int, labels: Any) -> tf.Tensor:
    """Labels as int32 [n], from 0 to `num_classes` - 1.

    Raises:
        InputError: They have another type or shape, or are out of range. In a graph, where only the values tell, the
            latter is an `InvalidArgumentError` with the same message.
    """
    labels = _shaped(num_classes, labels)
    checked = _check_range(labels, num_classes)
    with tf.control_dependencies([] if checked is None else [checked]):
        return tf.cast(labels, tf.int32)


# Labels as classes -----------------------------------------------------------------------------------------------


def of_batch(num_classes: int | None, data: Any) -> Classes:
    """The classes of a batch (images, labels); empty for a model without classes, which ignores labels.

    Their range is checked on the way to the model, see `label_checks`.

    Raises:
        InputError: The batch has no labels, or they have another type or shape than whole numbers [n].
    """
    if num_classes is None:
        return ()
    images, labels, _ = keras.utils.unpack_x_y_sample_weight(data)
    if labels is None:
        raise InputError(f"a batch has no labels; with num_classes={num_classes} give pairs (images, labels)")
    labels = _shaped(num_classes, labels)
    if not labels.shape.is_compatible_with(images.shape[:1]):
        raise InputError(f"a batch has {images.shape[0]} images and {labels.shape[0]} labels; give one label per image")
    return (tf.one_hot(tf.cast(labels, tf.int32), num_classes),)


def of_samples(num_classes: int | None, num_samples: int | tf.Tensor, labels: Any = None) -> Classes:
    """The classes of samples: those of the given labels, or each class in turn, beginning with 0.

    Args:
        num_classes: Number of classes; None for a model without.
        num_samples: Number of samples.
        labels: Whole numbers [num_samples], or None.

    Raises:
        InputError: As in `checked_labels`, there are more or fewer labels than samples, or labels for a model without
            classes.
    """
    if num_classes is None:
        if labels is not None:
            raise InputError(f"labels: {NO_CLASSES}")
        return ()
    if labels is None:
        return (tf.one_hot(tf.range(num_samples) % num_classes, num_classes),)
    labels = checked_labels(num_classes, labels)
    words = "labels for num_samples ="
    count, wanted = tf.size(labels), tf.convert_to_tensor(num_samples)
    checked = check_input(count == wanted, "there are", count, words, wanted, "; give one label per sample")
    with tf.control_dependencies([] if checked is None else [checked]):
        return (tf.one_hot(labels, num_classes),)


def drawn(num_classes: int, uniform: tf.Tensor) -> Classes:
    """Classes that are equally likely, from uniform numbers [n, 1] in [0, 1)."""
    return (tf.one_hot(tf.cast(uniform[:, 0] * num_classes, tf.int32), num_classes),)


# Classes beside data ---------------------------------------------------------------------------------------------


def network_inputs(network: keras.Model, x: tf.Tensor, *classes: tf.Tensor) -> tf.Tensor | list[tf.Tensor]:
    """What a network takes: x, and beside it the classes in the form of its second input, if there are any."""
    if not classes:
        return x
    (rows,), needed = classes, network.inputs[1]
    if needed.shape[1:] == rows.shape[1:]:
        return [x, keras.ops.cast(rows, needed.dtype)]
    # The largest of each row. Keras's argmax looks at the bits of its numbers, for which ONNX and LiteRT have no word.
    labels = keras.ops.cast(keras.ops.top_k(rows, 1)[1][:, 0], needed.dtype)
    return [x, labels if len(needed.shape) == 1 else labels[:, None]]


def joined(z: tf.Tensor, *classes: tf.Tensor) -> tf.Tensor:
    """Latents that say their class: z [n, dim], followed by its one-hot row."""
    return tf.concat([z, *classes], axis=-1) if classes else z


def split(num_classes: int | None, latents: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """The inverse of `joined`: z and its classes."""
    if num_classes is None:
        return (latents,)
    return latents[:, :-num_classes], latents[:, -num_classes:]
